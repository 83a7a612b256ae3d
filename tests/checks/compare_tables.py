"""Judges an output folder: every number in every table against `reference.py`, over the same raw files.

    python compare_tables.py --output FOLDER [--run RUN] [--sample-differences N] FILE_OR_FOLDER…

Reads Parquet and CSV with DuckDB, not with Spark. Also compares the manifest with the folder's listing, and each
group's exact 99th percentile with the one that the table `latency` gives (1% off at most). Prints one JSON
document; exit code 1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb

if __package__:
    from checks import reference
else:
    import reference

# Key columns and value columns, in the tables' order; the last column of each is `run`.
TABLES = {
    "processed_logs": (
        ("status_code",),
        ("requests", "total_response_time", "avg_response_time", "min_response_time", "max_response_time"),
    ),
    "endpoints": (
        ("hour", "method", "path", "status_code"),
        ("requests", "bytes", "total_response_time", "max_response_time"),
    ),
    "latency": (("hour", "method", "path", "status_code", "bucket"), ("requests",)),
    "traffic": (("minute",), ("requests", "errors")),
    "errors": (("level", "message", "exception"), ("count", "first_seen", "last_seen", "sample")),
    "rejects": (("reason",), ("count", "samples")),
}
TEXTS = {
    *("hour", "minute", "method", "path", "level", "message", "exception"),
    *("first_seen", "last_seen", "sample", "reason", "samples", "run"),
}
DOUBLES = {"total_response_time", "avg_response_time", "min_response_time", "max_response_time"}
TOLERANCE = 1e-9
PERCENTILE = 0.99
BUCKET_BASE = 1.02

Rows = dict[tuple, dict[str, Any]]


def column_type(name: str) -> str:
    """The type of a column, by DuckDB's name."""
    return "VARCHAR" if name in TEXTS else "DOUBLE" if name in DOUBLES else "BIGINT"


def load(output: Path, name: str, run: str | None) -> tuple[Rows, list[str]]:
    """A table's rows by key, and what is wrong with its form."""
    keys, values = TABLES[name]
    columns = [*keys, *values, "run"]
    folder = output / name
    parquet, csv = sorted(folder.glob("*.parquet")), sorted(folder.glob("*.csv"))
    if bool(parquet) == bool(csv):
        return {}, [f"{name}: {len(parquet)} Parquet files and {len(csv)} CSV files"]
    files = [str(path) for path in parquet or csv]
    connection = duckdb.connect()
    if parquet:
        relation = connection.read_parquet(files)
    else:
        types = {column: column_type(column) for column in columns}
        relation = connection.execute(
            "SELECT * FROM read_csv(?, header = true, columns = ?, quote = '\"', escape = '\"', "
            "strict_mode = true, allow_quoted_nulls = false, nullstr = '\\N', auto_detect = false, delim = ',')",
            [files, types],
        )
    problems = []
    found = [column[0] for column in relation.description]
    if found != columns:
        problems.append(f"{name}: the columns are {found}, not {columns}")
        return {}, problems
    rows: Rows = {}
    for row in relation.fetchall():
        entry = dict(zip(columns, row))
        key = tuple(entry.pop(column) for column in keys)
        if key in rows:
            problems.append(f"{name}: the key {key} stands twice")
        if run is not None and entry["run"] != run:
            problems.append(f"{name}: {key} has run {entry['run']!r}, not {run!r}")
        del entry["run"]
        if name == "rejects":
            entry["samples"] = json.loads(entry["samples"])
        rows[key] = entry
    return rows, problems


def same(expected: Any, found: Any) -> bool:
    """Whether two values are equal; decimals nearly so."""
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(expected) is type(found) and expected == found


def compare_rows(name: str, expected: Rows, found: Rows) -> list[str]:
    """Each difference between two tables, in words."""
    differences = [f"{name}: {key} is missing" for key in expected if key not in found]
    differences += [f"{name}: {key} should not be there" for key in found if key not in expected]
    for key in expected.keys() & found.keys():
        for column, value in expected[key].items():
            if not same(value, found[key][column]):
                differences.append(f"{name}: {key} has {column} {found[key][column]!r}, not {value!r}")
    return sorted(differences)


def compare_percentiles(latency: Rows, times: dict[tuple, list[float]]) -> tuple[list[str], float]:
    """Groups whose 99th percentile by `latency` is more than 1% off the exact one; and the largest error."""
    histograms: dict[tuple, dict[int, int]] = defaultdict(dict)
    for key, row in latency.items():
        histograms[key[:-1]][key[-1]] = row["requests"]
    groups = dict(times)
    histograms[("all",)] = defaultdict(int)
    for key in times:
        for bucket, requests in histograms.get(key, {}).items():
            histograms[("all",)][bucket] += requests
    groups[("all",)] = [time for of_group in times.values() for time in of_group]
    differences, largest = [], 0.0
    for key, values in groups.items():
        if not values:
            continue
        exact = sorted(values)[math.ceil(PERCENTILE * len(values)) - 1]
        estimate = percentile(histograms.get(key, {}))
        error = abs(estimate - exact) / exact if exact else abs(estimate)
        largest = max(largest, error)
        if error > 0.01:
            differences.append(f"latency: {key} has p99 {estimate}, the exact one is {exact}")
    return differences, largest


def percentile(histogram: dict[int, int]) -> float:
    """The 99th percentile of a histogram of latency buckets."""
    rank = math.ceil(PERCENTILE * sum(histogram.values()))
    seen = 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= rank:
            return 0.0 if bucket == reference.ZERO_BUCKET else BUCKET_BASE ** (bucket - 0.5)
    return math.nan


def compare_manifest(output: Path, expected: reference.Tables, tables: dict[str, Rows]) -> list[str]:
    """Where the manifest is at odds with the input's counts, the tables' rows or the folder's listing."""
    path = output / "manifest.json"
    if not path.exists():
        return ["manifest.json is missing"]
    manifest = json.loads(path.read_bytes())
    parsed = expected.access + expected.errors_read
    counts = {"access": expected.access, "errors": expected.errors_read, "error_responses": expected.error_responses}
    wanted = {
        "rows": {"read": expected.read, "parsed": parsed, "rejected": expected.rejected},
        "counts": counts,
        "tables": {name: len(rows) for name, rows in tables.items()},
        "files": {
            str(file.relative_to(output)): file.stat().st_size
            for file in output.rglob("*")
            if file.is_file() and file != path
        },
    }
    found = {
        "rows": manifest["rows"],
        "counts": manifest["counts"],
        "tables": {table["name"]: table["rows"] for table in manifest["tables"]},
        "files": {file["path"]: file["size"] for table in manifest["tables"] for file in table["files"]},
    }
    return [f"manifest: {name} is {found[name]}, not {wanted[name]}" for name in wanted if found[name] != wanted[name]]


def compare(files: list[Path], output: Path, run: str | None) -> dict[str, Any]:
    """The whole judgement as one document."""
    expected = reference.compute(reference.read_files(files))
    differences: list[str] = []
    tables: dict[str, Rows] = {}
    for name in TABLES:
        tables[name], problems = load(output, name, run)
        differences += problems + compare_rows(name, expected.tables[name], tables[name])
    off, largest = compare_percentiles(tables["latency"], expected.times)
    differences += off + compare_manifest(output, expected, tables)
    return {
        "same": not differences,
        "files": len(files),
        "rows": {
            "read": expected.read,
            "access": expected.access,
            "errors": expected.errors_read,
            "rejected": expected.rejected,
        },
        "tables": {name: len(rows) for name, rows in tables.items()},
        "largest_p99_error": largest,
        "differences": len(differences),
        "samples": differences,
    }


def main(arguments: list[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="compare_tables.py", description="Judge an output folder of the log job.")
    parser.add_argument("inputs", nargs="+", type=Path, metavar="FILE_OR_FOLDER", help="the raw log files")
    parser.add_argument("--output", required=True, type=Path, help="the folder of the run's tables")
    parser.add_argument("--run", help="the run id that every row must carry")
    parser.add_argument("--sample-differences", type=int, default=20, metavar="N", help="differences to print")
    given = parser.parse_args(arguments)
    files: list[Path] = []
    for path in given.inputs:
        files += sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    result = compare(files, given.output, given.run)
    result["samples"] = result["samples"][: given.sample_differences]
    json.dump(result, sys.stdout, indent=2, ensure_ascii=False)
    print()
    return 0 if result["same"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
