"""Emrys's built-in job: one day of application logs, from pinned objects to six tables and a manifest."""

from __future__ import annotations

NAME = "log_analysis"
__version__ = "1.0.0"
