"""`manifest.json`, the job's last word: what was read, what was written, and every file of it.

Its schema is `spark-jobs/manifest.schema.json`. It is written after everything else: an output folder without
a manifest is an unfinished one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from log_analysis import NAME, __version__
from log_analysis.output import WrittenTable

VERSION = 1
FILE_NAME = "manifest.json"


@dataclass(frozen=True)
class Account:
    """How many lines were read, and what became of them."""

    access: int
    errors: int
    rejected: int
    error_responses: int
    # Entries with a timestamp of another day (UTC); no part of the manifest.
    other_days: int

    @property
    def parsed(self) -> int:
        """Lines that became an entry."""
        return self.access + self.errors

    @property
    def read(self) -> int:
        """All lines."""
        return self.parsed + self.rejected


@dataclass(frozen=True)
class Origin:
    """What identifies the run that the manifest speaks of."""

    run: str
    day: str
    format: str
    spark_version: str
    started_at: datetime


def render(origin: Origin, account: Account, tables: list[WrittenTable], finished_at: datetime) -> bytes:
    """The manifest as it is written."""
    document = {
        "version": VERSION,
        "job": {"name": NAME, "version": __version__},
        "spark_version": origin.spark_version,
        "run": origin.run,
        "day": origin.day,
        "format": origin.format,
        "started_at": timestamp(origin.started_at),
        "finished_at": timestamp(finished_at),
        "rows": {"read": account.read, "parsed": account.parsed, "rejected": account.rejected},
        "counts": {
            "access": account.access,
            "errors": account.errors,
            "error_responses": account.error_responses,
        },
        "tables": [asdict(table) for table in tables],
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def timestamp(at: datetime) -> str:
    """A time as the manifest writes it: UTC, whole seconds."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
