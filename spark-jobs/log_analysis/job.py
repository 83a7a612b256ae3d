"""The job from its arguments to its manifest; the order of the steps is the contract with the launcher."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import datetime, timezone

from py4j.protocol import Py4JJavaError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from log_analysis import session
from log_analysis.errors import JobError
from log_analysis.inputs import PinnedInputs, check_packing, check_pinned, find_unreadable, read_inputs
from log_analysis.lines import ACCESS, ERROR, REJECTED, entries, read_lines
from log_analysis.manifest import FILE_NAME, Account, Origin, render
from log_analysis.output import FORMATS, check_accounts, probe, write_all
from log_analysis.storage import Storage
from log_analysis.tables import LOWEST_SERVER_ERROR, latency_buckets, tables

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Request:
    """What the launcher asks for."""

    inputs: str
    output: str
    run: str
    format: str


def main(arguments: list[str]) -> int:
    """Runs the job in a session of its own; an error leaves as an exception, for the step's log to show."""
    request = parse_arguments(arguments)
    spark = session.start()
    try:
        account = run_job(spark, request)
    finally:
        spark.stop()
    print(
        f"{account.read} lines read: {account.access} access entries "
        f"({account.error_responses} error responses), {account.errors} error entries, {account.rejected} rejected"
    )
    if account.other_days:
        print(f"{account.other_days} of the entries are of another day (UTC): they are kept under their own dates")
    print(f"written to {request.output}{FILE_NAME}")
    return 0


def parse_arguments(arguments: list[str]) -> Request:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="main.py", description="Analyse one day of application logs.")
    parser.add_argument("--inputs", required=True, help="address of the pinned inputs.json")
    parser.add_argument("--output", required=True, help="address of the (empty) folder to write to")
    parser.add_argument("--run", required=True, help="the run's id, written into every row")
    parser.add_argument("--format", choices=FORMATS, default="parquet", help="file format of the tables")
    given = parser.parse_args(arguments)
    return Request(given.inputs, given.output.rstrip("/") + "/", given.run, given.format)


def run_job(spark: SparkSession, request: Request) -> Account:
    """Reads, computes and writes one day; the manifest comes last."""
    started_at = datetime.now(timezone.utc)
    session.configure(spark)
    storage = Storage(spark)
    probe(storage, request.output, request.run)
    inputs = read_inputs(storage, request.inputs)
    check_pinned(storage, inputs)
    check_packing(storage, inputs)

    lines = read_lines(spark, inputs.paths)
    check_all_seen(lines, inputs.paths)
    parsed = entries(lines).persist(StorageLevel.MEMORY_AND_DISK)
    buckets = latency_buckets(parsed).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        account = read_all(storage, inputs, parsed)
        check_pinned(storage, inputs)
        made = tables(parsed, buckets, request.run)
        written, accounted = write_all(spark, storage, made, request.output, request.format)
    finally:
        buckets.unpersist()
        parsed.unpersist()
    check_accounts(accounted, {ACCESS: account.access, ERROR: account.errors, REJECTED: account.rejected})

    origin = Origin(request.run, inputs.day, request.format, spark.version, started_at)
    manifest = render(origin, account, written, datetime.now(timezone.utc))
    storage.write(request.output + FILE_NAME, manifest)
    return account


def check_all_seen(lines: DataFrame, paths: list[str]) -> None:
    """Spark leaves out files whose names begin with `_` or `.` without a word: count what it will read."""
    seen = len(lines.inputFiles())
    if seen != len(paths):
        raise JobError(f"{len(paths)} objects are pinned, but Spark reads {seen} of them")


def read_all(storage: Storage, inputs: PinnedInputs, parsed: DataFrame) -> Account:
    """Reads all lines and counts them; when that fails for an object's sake, the error names it."""
    try:
        return take_account(parsed, inputs.day)
    except (Py4JJavaError, PySparkException) as error:
        check_pinned(storage, inputs)
        unreadable = find_unreadable(storage, inputs, str(error))
        if unreadable is None:
            raise
        raise unreadable from error


def take_account(parsed: DataFrame, day: str) -> Account:
    """Counts all lines by kind. This fills the cache: the lines are read and parsed here, once."""
    is_failure = (F.col("status_code") >= LOWEST_SERVER_ERROR).cast("long")
    midnight = int(datetime.fromisoformat(day).replace(tzinfo=timezone.utc).timestamp())
    is_other_day = (~F.col("second").between(midnight, midnight + SECONDS_PER_DAY - 1)).cast("long")
    sums = {"lines": F.count(F.lit(1)), "failures": F.sum(is_failure), "other_days": F.sum(is_other_day)}
    rows = parsed.groupBy("kind").agg(*(column.alias(name) for name, column in sums.items())).collect()
    found = {(row["kind"], name): int(row[name] or 0) for row in rows for name in sums}

    def of(kind: str, name: str) -> int:
        return found.get((kind, name), 0)

    return Account(
        access=of(ACCESS, "lines"),
        errors=of(ERROR, "lines"),
        rejected=of(REJECTED, "lines"),
        error_responses=of(ACCESS, "failures"),
        other_days=of(ACCESS, "other_days") + of(ERROR, "other_days"),
    )
