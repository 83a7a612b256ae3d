"""Every number of every table against a plain Python computation over the same raw lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import RUN, Ran, RunJob
from days import made_up_day
from pyspark.sql import SparkSession

from checks import apache_to_jsonl, compare_tables, reference
from log_analysis import tables
from log_analysis.output import FORMATS

REAL_LOG = Path(__file__).parents[2] / "tests/fixtures/real-logs/elastic-apache-access.log.gz"


def made_up() -> dict[str, bytes]:
    return made_up_day()


def real() -> dict[str, bytes]:
    lines = apache_to_jsonl.render_file(REAL_LOG)
    return {"access.jsonl": "\n".join(lines).encode("utf-8", "surrogateescape")}


@pytest.mark.parametrize(
    ("day", "format_name"),
    [(made_up, "parquet"), (made_up, "csv"), (real, "parquet")],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_tables_hold_the_right_numbers(run: RunJob, day: Callable[[], dict[str, bytes]], format_name: str) -> None:
    assert format_name in FORMATS
    ran: Ran = run(day(), format_name)
    verdict = compare_tables.compare(ran.files, ran.output, RUN)
    assert verdict["samples"] == []
    assert verdict["largest_p99_error"] <= 0.01
    assert verdict["rows"]["access"] > 2000
    assert all(
        rows > 0 for name, rows in verdict["tables"].items() if day is made_up or name not in ("errors", "rejects")
    )


def test_written_columns_are_those_of_the_catalog(run: RunJob, spark: SparkSession) -> None:
    """`tables.json` is what the catalog's tables are made from: names, order and types as Parquet has them."""
    ran: Ran = run(made_up_day(seed=3, size=400))
    catalog = json.loads((Path(__file__).parents[1] / "tables.json").read_bytes())
    written = {name: [list(column) for column in spark.read.parquet(str(ran.output / name)).dtypes] for name in catalog}
    assert written == catalog
    assert list(catalog) == list(tables.TABLES)


def test_the_judge_sees_what_is_wrong(run: RunJob) -> None:
    day = made_up_day(seed=2, size=400)
    ran: Ran = run(day, "csv")
    one_line_less = ran.files[0]
    one_line_less.write_bytes(one_line_less.read_bytes().split(b"\n", 1)[1])
    verdict = compare_tables.compare(ran.files, ran.output, "another run")
    texts = "\n".join(verdict["samples"])
    for sign in ("has run", "processed_logs: ", "has requests", "manifest: rows is"):
        assert sign in texts


def test_a_bucket_gives_back_its_times_within_one_percent() -> None:
    assert tables.ZERO_BUCKET == reference.ZERO_BUCKET
    for micros in (1, 2, 999, 1000, 1001, 1020, 47_123, 10**9, 10**12):
        bucket = reference.bucket(micros)
        assert bucket > tables.ZERO_BUCKET
        assert abs(tables.BUCKET_BASE ** (bucket - 0.5) / (micros / 1000) - 1) <= 0.01
