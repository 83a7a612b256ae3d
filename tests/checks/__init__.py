"""Independent judges of what the job wrote: they share no code with it, and compute by other means."""

from __future__ import annotations
