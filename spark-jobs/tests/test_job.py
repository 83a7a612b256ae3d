"""The job's contract with the launcher: arguments, pinned input, output folder, manifest."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
from pathlib import Path

import jsonschema
import pytest
from conftest import BUCKET, DAY, RUN, Ran, RunJob, write_day
from days import made_up_day
from pyspark.sql import SparkSession
from test_lines import access, error

from log_analysis.errors import InputDrift, JobError, MisnamedObjects, OutputTaken, RowsLost, UnreadableObject
from log_analysis.inputs import find_unreadable, read_inputs
from log_analysis.job import Request, main, parse_arguments, run_job
from log_analysis.output import check_accounts
from log_analysis.storage import Storage

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
    ("name", "content", "why"),
    [
        pytest.param("cut ü.log.gz", gzip.compress(access() * 999)[:-20], "Unexpected end", id="a cut gzip stream"),
        pytest.param("bad.log.gz", gzip.compress(access())[:-8] + bytes(8), "CRC", id="damaged gzip"),
        # Hadoop can unpack it with native code alone, which the wheel of PySpark does not have.
        pytest.param("a.log.zst", b"\x28\xb5\x2f\xfdx", "zStandard", id="zstd without its library"),
        pytest.param("a.log.bz2", bz2.compress(access() * 999)[:-20], "", id="a cut bzip2 stream"),
    ],
)
def test_an_object_that_cannot_be_unpacked_is_named(run: RunJob, name: str, content: bytes, why: str) -> None:
    packed = gzip.compress(access())
    with pytest.raises(UnreadableObject, match=rf"^pinned object file:///.+/{name} cannot be read: .*{why}"):
        run({"a.log.gz": packed, name: content, "good.log": access(), "z.log.gz": packed})


def test_what_spark_does_not_name_is_looked_for(spark: SparkSession, tmp_path: Path) -> None:
    files = {"a.log": b"", "b.log.gz": gzip.compress(access()), "c.log.gz": gzip.compress(access())[:-9]}
    storage = Storage(spark)
    inputs = read_inputs(storage, write_day(tmp_path, files, f"file://{tmp_path}/"))
    found = find_unreadable(storage, inputs, "Job aborted")
    assert found is not None and "c.log.gz cannot be read: java.io.EOFException" in str(found)
    (tmp_path / "logs/c.log.gz").write_bytes(files["b.log.gz"])
    assert find_unreadable(storage, inputs, "Job aborted") is None


def test_names_that_hide_the_packing_end_the_job(run: RunJob) -> None:
    packed = gzip.compress(access())
    files = {
        "UPPER.LOG.GZ": packed,
        "app.log": packed,
        "plain.log.gz": access(),
        "one.log.gz": b"{",
        "damaged.bz2": b"BZh9 and no more",
        "app.log.1": bz2.compress(access()),
        "zstd.gz": b"\x28\xb5\x2f\xfd",
        "skip.log": b"\x50\x2a\x4d\x18\x00\x00",
        "a.log.xz": lzma.compress(access()),
        "good.log": access(),
        "good.log.gz": packed,
    }
    with pytest.raises(MisnamedObjects) as caught:
        run(files)
    text = re.sub(r"file:///\S+/logs/", "", str(caught.value))
    assert text == (
        "9 of 11 objects cannot be read: gzip under another name, rename to end in `.gz`: UPPER.LOG.GZ, app.log; "
        "not what `.gz` says, upload again, or rename without `.gz` if it is plain text: plain.log.gz, one.log.gz; "
        "not what `.bz2` says, upload again, or rename without `.bz2` if it is plain text: damaged.bz2; "
        "bzip2 under another name, rename to end in `.bz2`: app.log.1; "
        "zstd under another name, rename to end in `.zst`: zstd.gz, skip.log; "
        "xz, which Spark does not unpack, pack with gzip and name `.gz`: a.log.xz"
    )


def test_of_many_misnamed_objects_ten_are_named(run: RunJob) -> None:
    with pytest.raises(MisnamedObjects, match=r"13 of 13 .*/09\.log; and 3 more$") as caught:
        run({f"{at:02}.log": gzip.compress(b"") for at in range(12)} | {"x.gz": b"no"})
    assert str(caught.value).count("file://") == 10


def test_packed_and_empty_objects_are_read(run: RunJob) -> None:
    ran: Ran = run({"a.log.gz": gzip.compress(access()) * 2, "b.log.bz2": bz2.compress(access()), "c.log.gz": b""})
    # Two gzip members, one line: the first has no line feed at its end.
    assert (ran.account.read, ran.account.access) == (2, 1)


def test_entries_of_another_day_are_kept_and_counted(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edges = ("2024-10-20T00:00:00Z", "2024-10-20T23:59:59.9Z", "2024-10-19T23:59:59.9Z", "2024-10-21T00:30:00+01:00")
    lines = [access(timestamp=at) for at in edges] + [error(timestamp="2024-10-21T00:00:00Z"), b"no"]
    inputs = write_day(tmp_path, {"a.log": b"\n".join(lines)}, f"file://{tmp_path}/")
    monkeypatch.setattr(spark, "stop", lambda: None)
    assert main(["--inputs", inputs, "--output", f"file://{tmp_path}/out", "--run", RUN]) == 0
    printed = capsys.readouterr().out
    assert "6 lines read: 4 access entries (0 error responses), 1 error entries, 1 rejected\n" in printed
    assert "\n2 of the entries are of another day (UTC)" in printed


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
