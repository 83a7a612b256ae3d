"""What becomes of a line: one table of all damage that has a name, each through the job and the reference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import RunJob
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from checks import reference
from log_analysis.lines import LONGEST_LINE_BYTES, entries

ACCESS = {"timestamp": "2024-10-20T10:00:00Z", "method": "GET", "path": "/a", "status_code": 200, "response_time": 12}
ERROR = {"timestamp": "2024-10-20T10:00:00Z", "level": "ERROR", "message": "disk full"}


def access(**changed: Any) -> bytes:
    """A good access line, but for what is changed."""
    return json.dumps({**ACCESS, **changed}).encode()


def error(**changed: Any) -> bytes:
    """A good error line, but for what is changed."""
    return json.dumps({**ERROR, **changed}).encode()


def without(name: str, entry: dict[str, Any] = ACCESS) -> bytes:
    """A line that lacks one field."""
    return json.dumps({key: value for key, value in entry.items() if key != name}).encode()


GOOD_ACCESS = {
    "plain": access(),
    "numbers as texts": access(status_code=" 200 ", response_time="12.5", bytes="7"),
    "whole numbers written as decimals": access(status_code=200.0, bytes=7.0),
    "exponent": access(response_time=1e2),
    "zero": access(response_time=0),
    "no bytes": access(bytes=None),
    "carriage return": access() + b"\r",
    "byte order mark": b"\xef\xbb\xbf" + access(),
    "blanks around": b"  \t" + access() + b" ",
    "not UTF-8": access(path="/caf?").replace(b"?", b"\xe9"),
    "nested fields that are named alike": access(request={"status_code": "x", "path": 3}, tags=["level"]),
    "a key twice, the last counts": access()[:-1] + b', "status_code": 503}',
    "another day": access(timestamp="2024-10-19T23:59:59Z"),
    "offset": access(timestamp="2024-10-20T10:00:00+05:30"),
    "offset without colon": access(timestamp="2024-10-20 10:00:00.123456789 -0800"),
    "no zone": access(timestamp="2024-10-20T10:00"),
    "comma before the fraction": access(timestamp="2024-10-20 10:00:00,250"),
    "address as path": access(path="http://example.com?x=1"),
    "asterisk": access(method="OPTIONS", path="*"),
    "level beside both numbers": access(level="INFO", message="GET /a"),
    "escapes": access(path="/ü\\u00e9"),
    "lone surrogate": access()[:-1] + b', "message": "\\ud800"}',
    "almost too long": access(padding="x" * (LONGEST_LINE_BYTES - 200)),
}

GOOD_ERRORS = {
    "plain": error(),
    "status code beside a level": error(status_code=502, path="/a", method="GET"),
    "message is an object": error(message={"code": 7, "ok": True}),
    "message of many lines": error(message="a\n\tb\r\n\x00c"),
    "huge message": error(message="x9 " * 10_000),
    "exception is an object": error(exception={"type": "E.F", "message": "m"}),
}

REJECTED = {
    "blank": [b"", b"   ", b"\t\r", b"\xef\xbb\xbf"],
    "too_long": [access(padding="x" * LONGEST_LINE_BYTES)],
    "truncated": [access()[:-1], access()[:40], b"{", b'{"a": "b'],
    "not_object": [b"[1, 2]", b"[" + access() + b"]", b"17", b'"text"', b"null", b"true", b"[]", b"-1.5"],
    "not_json": [
        b"GET /a 200",
        b"2024-10-20 10:00:00 ERROR disk full",
        b"\xff\xfe\x00",
        access() + access(),
        access() + b", " + access(),
        access() + b" }",
        b"{'path': '/a'}",
        b'{"response_time": NaN}',
        b'{"response_time": -Infinity}',
        b'{"status_code": 0200}',
        b'{"path": "\\x"}',
        b'{"path": "a\tb"}',
        b"{path: 1}",
        b'{"a": 1,}',
        b"],[",
        b"1, 2",
    ],
    "unknown_kind": [b"{}", b'{"timestamp": "2024-10-20T10:00:00Z"}', b'{"Status_Code": 200}'],
    "missing_timestamp": [without("timestamp"), access(timestamp=None), access(timestamp=" "), error(timestamp="")],
    "missing_method": [without("method"), access(method=None)],
    "missing_path": [without("path"), access(path="")],
    "missing_status_code": [
        without("status_code"),
        access(status_code=None),
        b'{"timestamp": "x", "method": "GET", "path": "/"}',
    ],
    "missing_response_time": [without("response_time"), access(response_time=None)],
    "missing_level": [without("level", ERROR)],
    "missing_message": [without("message", ERROR), error(message=None)],
    "invalid_timestamp": [
        *(access(timestamp=text) for text in ("now", "10:00:00", "T10:00:00Z", "2024-10-20", "2024-02-30T10:00:00Z")),
        *(
            access(timestamp=text)
            for text in ("2024-10-20T24:00:00Z", "2024-10-20T10:00:60Z", "20/Oct/2024:10:00:00 +0000")
        ),
        *(
            access(timestamp=text)
            for text in ("2024-10-20T10:00:00 CEST", "2024-10-20T10:00:00+99:00", 1729418400, True)
        ),
        error(timestamp="yesterday"),
    ],
    "invalid_method": [access(method="G T"), access(method=5), access(method={"a": 1}), access(method="X" * 33)],
    "invalid_path": [
        access(path="a"),
        access(path=12),
        access(path=["/a"]),
        access(path="/a\nb"),
        access(path="//:x".lstrip("/")),
    ],
    "invalid_status_code": [
        access(status_code=code) for code in (99, 600, -200, 0, 200.5, "OK", True, "2e2x", [200], "")
    ][:-1],
    "negative_response_time": [access(response_time=-1), access(response_time="-0.5")],
    "invalid_response_time": [
        access(response_time=time) for time in ("fast", "12ms", "1f", "0x1p3", "1_0", "NaN", True, 2e9, ".5")
    ]
    + [b'{"timestamp":"2024-10-20T10:00:00Z","method":"GET","path":"/a","status_code":200,"response_time":1e999}'],
    "invalid_bytes": [access(bytes=size) for size in (-1, 1.5, "-", 10**15, False)],
}


def test_good_lines_are_kept(run: RunJob) -> None:
    files = {"access.log": b"\n".join(GOOD_ACCESS.values()), "error.log": b"\n".join(GOOD_ERRORS.values())}
    account = run(files).account
    assert (account.access, account.errors, account.rejected) == (len(GOOD_ACCESS), len(GOOD_ERRORS), 0)


def test_every_damage_has_its_reason(spark: SparkSession) -> None:
    wanted = [(reason, line) for reason, lines in REJECTED.items() for line in lines]
    rows = spark.createDataFrame([(at, bytearray(line)) for at, (_, line) in enumerate(wanted)], "at int, raw binary")
    # As `read_lines` hands them over: the raw bytes as text, edges trimmed.
    lines = (
        rows.coalesce(1)
        .sortWithinPartitions("at")
        .select(F.expr(r"trim(BOTH ' \t\r\uFEFF' FROM cast(raw AS string))").alias("line"))
    )
    found = [row["reason"] for row in entries(lines).select("reason").collect()]
    assert list(zip(found, (line for _, line in wanted))) == wanted


def test_the_reference_agrees_on_every_line() -> None:
    for reason, lines in REJECTED.items():
        computed = reference.compute(lines)
        assert [key for (key,) in computed.tables["rejects"]] == [reason]
        assert computed.rejected == len(lines)
    assert reference.compute(GOOD_ACCESS.values()).access == len(GOOD_ACCESS)
    assert reference.compute(GOOD_ERRORS.values()).errors_read == len(GOOD_ERRORS)


@pytest.mark.parametrize(
    ("content", "read"),
    [
        pytest.param(b"", 0, id="an empty file has no line"),
        pytest.param(b"\n", 1, id="a line feed alone ends one blank line"),
        pytest.param(access() + b"\n", 1, id="the final line feed makes no line"),
        pytest.param(access() + b"\n" + access(), 2, id="the last line needs no line feed"),
        pytest.param(access() + b"\r\n\r\n", 2, id="a blank line between counts"),
        pytest.param(access() + b"\r" + access(), 1, id="a carriage return alone ends no line"),
    ],
)
def test_lines_are_counted_as_an_editor_counts_them(
    spark: SparkSession, tmp_path: Any, content: bytes, read: int
) -> None:
    from log_analysis.lines import read_lines

    (tmp_path / "a.log").write_bytes(content)
    assert read_lines(spark, [f"file://{tmp_path}/a.log"]).count() == read == len(reference.raw_lines(content))
