"""The job's contract with the launcher: arguments, pinned input, output folder, manifest."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import jsonschema
import pytest
from conftest import BUCKET, DAY, RUN, Ran, RunJob, write_day
from days import made_up_day
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession
from test_lines import access, error

from log_analysis.errors import InputDrift, JobError, OutputTaken, RowsLost
from log_analysis.job import Request, parse_arguments, run_job
from log_analysis.output import check_accounts

SCHEMA = json.loads((Path(__file__).parents[1] / "manifest.schema.json").read_bytes())


def listing(folder: Path) -> dict[str, int]:
    """Every file below a folder with its size."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def test_arguments() -> None:
    given = parse_arguments(["--inputs", "s3://b/i.json", "--output", "s3://b/out", "--run", RUN])
    assert given == Request("s3://b/i.json", "s3://b/out/", RUN, "parquet")
    with pytest.raises(SystemExit):
        parse_arguments(["--inputs", "s3://b/i.json", "--output", "s3://b/out/", "--run", RUN, "--format", "orc"])


@pytest.mark.parametrize("format_name", ["parquet", "csv"])
def test_manifest_names_all_that_was_written(run: RunJob, format_name: str) -> None:
    ran: Ran = run({"a.log": access() + b"\n" + access(status_code=503) + b"\n" + error() + b"\nno\n"}, format_name)
    manifest = ran.manifest
    jsonschema.Draft202012Validator(SCHEMA).validate(manifest)
    assert manifest["rows"] == {"read": 4, "parsed": 3, "rejected": 1}
    assert manifest["counts"] == {"access": 2, "errors": 1, "error_responses": 1}
    assert (manifest["run"], manifest["day"], manifest["format"]) == (RUN, DAY, format_name)
    named = {file["path"]: file["size"] for table in manifest["tables"] for file in table["files"]}
    there = listing(ran.output)
    assert there.pop("manifest.json") > 0
    assert named == there
    ending = ".zstd.parquet" if format_name == "parquet" else ".csv"
    assert all(path.endswith(ending) for path in named)


def test_a_day_of_nothing_but_damage_still_has_every_table(run: RunJob) -> None:
    ran: Ran = run({"a.log": b"", "b.log": b"no\n"})
    assert {table["name"]: table["rows"] for table in ran.manifest["tables"]} == {
        "processed_logs": 0,
        "endpoints": 0,
        "latency": 0,
        "traffic": 0,
        "errors": 0,
        "rejects": 1,
    }
    jsonschema.Draft202012Validator(SCHEMA).validate(ran.manifest)


def test_s3_addresses_on_local_folders(spark: SparkSession, bucket_folder: Path) -> None:
    """As the embedded AWS maps them: names with blanks, commas, colons, percent and plus signs are names."""
    names = ("a b.log", "c,d.log", "2024-10-20T10:00.log", "50%.log", "e+f=g&h.log", "ü#.log", "deep/er/gz.log.gz")
    files = {name: gzip.compress(access()) if name.endswith(".gz") else access() + b"\n" for name in names}
    inputs = write_day(bucket_folder, files, f"s3://{BUCKET}/")
    account = run_job(spark, Request(inputs, f"s3://{BUCKET}/out/{RUN}/", RUN, "parquet"))
    assert account.access == account.read == len(names)
    manifest = json.loads((bucket_folder / "out" / RUN / "manifest.json").read_bytes())
    named = {file["path"]: file["size"] for table in manifest["tables"] for file in table["files"]}
    there = listing(bucket_folder / "out" / RUN)
    del there["manifest.json"]
    assert named == there


def test_the_same_day_twice_gives_the_same_bytes(run: RunJob) -> None:
    def contents(ran: Ran) -> list[bytes]:
        return [(ran.output / file["path"]).read_bytes() for table in ran.manifest["tables"] for file in table["files"]]

    day = made_up_day(seed=3, size=800)
    assert contents(run(day, "csv")) == contents(run(dict(reversed(day.items())), "csv"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("cut.log.gz", gzip.compress(access() * 999)[:-20], id="a cut gzip stream"),
        pytest.param("plain.log.gz", access() + b"\n", id="no gzip at all"),
    ],
)
def test_a_broken_gzip_object_ends_the_job(run: RunJob, name: str, content: bytes) -> None:
    with pytest.raises(Py4JJavaError, match=name):
        run({name: content, "good.log": access()})


def test_drift_is_named(spark: SparkSession, tmp_path: Path) -> None:
    inputs = write_day(tmp_path, {"a.log": access(), "b.log": access()}, f"file://{tmp_path}/")
    request = Request(inputs, f"file://{tmp_path}/out/", RUN, "parquet")
    with (tmp_path / "logs/b.log").open("ab") as appended:
        appended.write(b"x")
    with pytest.raises(InputDrift, match=r"logs/b\.log has changed: 109 bytes when pinned, 110 bytes now"):
        run_job(spark, request)
    (tmp_path / "logs/b.log").unlink()
    with pytest.raises(InputDrift, match=r"logs/b\.log is gone"):
        run_job(spark, request)
    # Neither try left anything behind, the probe included.
    assert listing(tmp_path / "out") == {}


def test_a_name_that_spark_skips_is_not_skipped_silently(run: RunJob) -> None:
    with pytest.raises(JobError, match="2 objects are pinned, but Spark reads 1 of them"):
        run({"a.log": access(), "_b.log": access()})


def test_an_output_folder_in_use_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    inputs = write_day(tmp_path, {"a.log": access()}, f"file://{tmp_path}/")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old.csv").write_bytes(b"1")
    with pytest.raises(OutputTaken, match=r"holds old\.csv"):
        run_job(spark, Request(inputs, f"file://{tmp_path}/out/", RUN, "parquet"))


def test_a_missing_or_empty_list_of_inputs(spark: SparkSession, tmp_path: Path) -> None:
    request = Request(f"file://{tmp_path}/inputs.json", f"file://{tmp_path}/out/", RUN, "parquet")
    with pytest.raises(JobError, match="no list of pinned inputs"):
        run_job(spark, request)
    write_day(tmp_path, {}, f"file://{tmp_path}/")
    with pytest.raises(JobError, match="pins no objects"):
        run_job(spark, request)


def test_lost_rows_are_an_error() -> None:
    counts = {"access": 3, "error": 2, "rejected": 1}
    check_accounts({"processed_logs": 3, "errors": 2, "rejects": 1}, counts)
    with pytest.raises(RowsLost, match="2 lines of kind error were read, but the written table errors has 1"):
        check_accounts({"processed_logs": 3, "errors": 1, "rejects": 1}, counts)
