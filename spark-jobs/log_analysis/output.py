"""Tables to files below the output folder, and back: what the manifest says is read from what was written."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from log_analysis.errors import OutputTaken, RowsLost
from log_analysis.storage import Storage, StoredFile

FORMATS = ("parquet", "csv")
PROBE = "probe"

# Plain CSV (RFC 4180): quotes are doubled, blanks are data.
CSV = {
    "header": "true",
    "quote": '"',
    "escape": '"',
    "emptyValue": "",
    "ignoreLeadingWhiteSpace": "false",
    "ignoreTrailingWhiteSpace": "false",
}

# The column whose sum accounts for lines: of access entries, of error entries, of rejected lines.
ACCOUNTS = {"processed_logs": "requests", "errors": "count", "rejects": "count"}


@dataclass(frozen=True)
class WrittenTable:
    """A table as it lies in the output folder; file paths are relative to that folder."""

    name: str
    rows: int
    files: tuple[StoredFile, ...]


def probe(storage: Storage, output: str, run: str) -> None:
    """Shows within the first minute that the output can be written: a small object is made and removed."""
    taken = storage.files(output)
    if taken:
        raise OutputTaken(f"the output folder {output} is not empty: it holds {taken[0].path}")
    address = f"{output}{PROBE}"
    storage.write(address, run.encode())
    storage.remove(address)


def write_table(table: DataFrame, folder: str, format_name: str) -> None:
    """Writes one table; a folder that exists is an error, never overwritten."""
    writer = table.write.mode("errorifexists")
    if format_name == "csv":
        writer.options(**CSV).csv(folder)
    else:
        writer.option("compression", "zstd").parquet(folder)


def read_back(spark: SparkSession, table: DataFrame, folder: str, format_name: str) -> DataFrame:
    """The table as it was written."""
    reader = spark.read.schema(table.schema)
    if format_name == "csv":
        return reader.options(**CSV).option("mode", "FAILFAST").csv(folder)
    return reader.parquet(folder)


def write_all(
    spark: SparkSession, storage: Storage, made: dict[str, DataFrame], output: str, format_name: str
) -> tuple[list[WrittenTable], dict[str, int]]:
    """Writes all tables; gives their files and rows, and the lines that `ACCOUNTS` finds in the written files."""
    written = []
    accounted = {}
    for name, table in made.items():
        folder = f"{output}{name}"
        write_table(table, folder, format_name)
        back = read_back(spark, table, folder, format_name)
        if name in ACCOUNTS:
            rows, lines = back.agg(F.count(F.lit(1)), F.sum(ACCOUNTS[name])).first()
            accounted[name] = int(lines or 0)
        else:
            rows = back.count()
        files = tuple(StoredFile(f"{name}/{file.path}", file.size) for file in storage.files(folder))
        written.append(WrittenTable(name, int(rows), files))
    return written, accounted


def check_accounts(accounted: dict[str, int], counts: dict[str, int]) -> None:
    """Compares the lines that were read, by kind, with those that the written tables account for."""
    for table, kind in (("processed_logs", "access"), ("errors", "error"), ("rejects", "rejected")):
        if accounted[table] != counts[kind]:
            raise RowsLost(
                f"{counts[kind]} lines of kind {kind} were read, but the written table {table} has {accounted[table]}"
            )
