"""Lines of text to entries: every line is read once, and is parsed or rejected with one reason.

A line ends at `\\n`; a `\\r` before it and a byte order mark are no part of it; the last one needs no `\\n`.
Bytes that are not UTF-8 are kept and read as U+FFFD. All fields are read as text first and then judged by
columnar rules, so that `200`, `"200"` and `200.0` are one status code and nothing is half parsed:

- an access entry has `response_time`, or `status_code` and no `level`;
- else an error entry has `level` or `message`;
- else an access entry that lacks its numbers has `method`, `path` or `status_code`;
- anything else is of unknown kind.

A field that is absent, null or empty is missing; unknown fields and nested ones are ignored; of a key that
stands twice the last counts. `bytes` may be missing (0). The day of a timestamp is not judged: a line belongs
to the day in whose objects it was found. The README's table names the outcome of every kind of damage.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from log_analysis import normalise

ACCESS = "access"
ERROR = "error"
REJECTED = "rejected"

FIELDS = (
    *("timestamp", "method", "path", "status_code", "response_time", "bytes"),
    *("level", "message", "exception"),
)
ENTRY = T.StructType([T.StructField(name, T.StringType()) for name in FIELDS])

# Longer lines are rejected unparsed: one runaway line must not take a worker's memory.
LONGEST_LINE_BYTES = 1024 * 1024
LONGEST_RESPONSE_MS = 1e9
MICROS_PER_MS = 1000

# Exactly JSON (RFC 8259): Spark's reader would also take single quotes and NaN.
STRICT_JSON = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}

_EDGES = r" \t\r\uFEFF"
_NUMBER = r"^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_STATUS = r"^[1-5][0-9]{2}(?:\.0+)?$"
_BYTES = r"^[0-9]{1,15}(?:\.0+)?$"
_METHOD = "^[A-Za-z][A-Za-z_-]{0,31}$"
_PATH = r"^(?:/|\*$|[A-Za-z][A-Za-z0-9+.-]*://)[^\x00-\x1f\x7f]*$"
_TIMESTAMP = (
    r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r" ?(?:Z|[+-](?:0[0-9]|1[0-7]):?[0-5][0-9])?$"
)


def read_lines(spark: SparkSession, paths: list[str]) -> DataFrame:
    """The lines of all objects as text, `.gz` objects decompressed: one column `line`, edges trimmed."""
    raw = spark.read.option("lineSep", "\n").text(paths)
    value = F.col("value")
    # Trimming looks at every character of a line: most lines have nothing to trim, and show it at their edges.
    is_trimmed = value.startswith("{") & value.endswith("}")
    trimmed = F.expr(f"trim(BOTH '{_EDGES}' FROM value)")
    return raw.select(F.when(is_trimmed, value).otherwise(trimmed).alias("line"))


def entries(lines: DataFrame) -> DataFrame:
    """The slim projection that all tables are made from: one row per line, and its kind.

    Later steps name earlier columns several times; Spark keeps such projections apart, so a line is parsed once.
    """
    judged = _parsed(lines).select("*", _kind().alias("wanted")).select("*", *_values())
    reasoned = judged.select("*", _reason().alias("reason"))
    is_access = F.col("reason").isNull() & (F.col("wanted") == ACCESS)
    is_error = F.col("reason").isNull() & (F.col("wanted") == ERROR)
    return reasoned.select(
        F.when(F.col("reason").isNotNull(), REJECTED).otherwise(F.col("wanted")).alias("kind"),
        F.col("reason"),
        F.col("second"),
        F.when(is_access, F.upper("method")).alias("method"),
        F.when(is_access, normalise.normalise_path(F.col("path"))).alias("path"),
        F.when(is_access, F.col("status")).alias("status_code"),
        F.when(is_access, F.col("micros")).alias("micros"),
        F.when(is_access, F.col("size")).alias("bytes"),
        F.when(is_error, normalise.one_line(F.upper("level"), normalise.SAMPLE_LENGTH)).alias("level"),
        F.when(is_error, normalise.mask_message(F.col("message"))).alias("message"),
        F.when(is_error, normalise.exception_class(F.col("exception"))).alias("exception"),
        F.when(is_error, normalise.one_line(F.col("message"), normalise.SAMPLE_LENGTH))
        .when(F.col("reason").isNotNull(), normalise.one_line(F.col("line"), normalise.SAMPLE_LENGTH))
        .alias("sample"),
    )


def _parsed(lines: DataFrame) -> DataFrame:
    """One column per field, and `broken`: why a line is no JSON object at all.

    The line is parsed as the only element of an array. A parser that is given the bare line stops after its
    first value, and would take `{"a":1}{"b":2}` (two writers, one line) for one entry and lose the other.
    """
    line = F.col("line")
    is_readable = (line != "") & (F.octet_length(line) <= LONGEST_LINE_BYTES)
    wrapped = F.when(is_readable, F.concat(F.lit("["), line, F.lit("]")))
    parsed = lines.select("line", F.from_json(wrapped, T.ArrayType(ENTRY), STRICT_JSON).alias("array"))
    entry = F.when(F.size("array") == 1, F.col("array")[0]).alias("entry")
    any_json = F.from_json(F.concat(F.lit("["), line, F.lit("]")), T.ArrayType(T.StringType()), STRICT_JSON)
    is_cut_off = line.startswith("{") & ~line.endswith("}")
    broken = (
        F.when(line == "", "blank")
        .when(F.octet_length(line) > LONGEST_LINE_BYTES, "too_long")
        .when(F.col("entry").isNotNull(), F.lit(None))
        .when(is_cut_off, "truncated")
        .when(~line.startswith("{") & (F.size(any_json) == 1), "not_object")
        .otherwise("not_json")
    )
    fields = [_text(F.col("entry")[name]).alias(name) for name in FIELDS]
    return parsed.select("line", entry).select("line", broken.alias("broken"), *fields)


def _text(field: Column) -> Column:
    """A field's text; nothing where it is empty, for an empty field says no more than an absent one."""
    trimmed = F.trim(field)
    return F.when(trimmed != "", trimmed)


def _kind() -> Column:
    has = {name: F.col(name).isNotNull() for name in FIELDS}
    is_access = has["response_time"] | (has["status_code"] & ~has["level"])
    lacks_numbers = has["method"] | has["path"] | has["status_code"]
    return F.when(is_access, ACCESS).when(has["level"] | has["message"], ERROR).when(lacks_numbers, ACCESS)


def _values() -> list[Column]:
    """The typed values; null where the text is not what the field must be."""
    milliseconds = F.when(F.col("response_time").rlike(_NUMBER), F.col("response_time").cast("double"))
    in_range = (milliseconds >= 0) & (milliseconds <= LONGEST_RESPONSE_MS)
    # Whole microseconds: sums are exact in any order, so a day computed twice gives the same numbers.
    micros = F.floor(milliseconds * MICROS_PER_MS + F.lit(0.5))
    timestamp = F.col("timestamp")
    # Few timestamps have a comma, and translating costs more than casting.
    with_point = F.when(timestamp.contains(","), F.translate(timestamp, ",", ".")).otherwise(timestamp)
    instant = with_point.cast("timestamp")
    return [
        F.when(F.col("timestamp").rlike(_TIMESTAMP), instant).cast("long").alias("second"),
        F.when(F.col("status_code").rlike(_STATUS), F.col("status_code").cast("int")).alias("status"),
        F.when(in_range, micros).alias("micros"),
        (milliseconds < 0).alias("is_negative"),
        F.when(F.col("bytes").isNull(), F.lit(0).cast("long"))
        .when(F.col("bytes").rlike(_BYTES), F.col("bytes").cast("long"))
        .alias("size"),
    ]


def _reason() -> Column:
    """The first thing that is wrong with a line; null for a good one."""
    is_access = F.col("wanted") == ACCESS
    is_error = F.col("wanted") == ERROR
    reason = F.when(F.col("broken").isNotNull(), F.col("broken"))
    reason = reason.when(F.col("wanted").isNull(), "unknown_kind")
    reason = reason.when(F.col("timestamp").isNull(), "missing_timestamp")
    for name in ("method", "path", "status_code", "response_time"):
        reason = reason.when(is_access & F.col(name).isNull(), f"missing_{name}")
    for name in ("level", "message"):
        reason = reason.when(is_error & F.col(name).isNull(), f"missing_{name}")
    return (
        reason.when(F.col("second").isNull(), "invalid_timestamp")
        .when(is_access & ~F.col("method").rlike(_METHOD), "invalid_method")
        .when(is_access & ~F.col("path").rlike(_PATH), "invalid_path")
        .when(is_access & F.col("status").isNull(), "invalid_status_code")
        .when(is_access & F.col("is_negative"), "negative_response_time")
        .when(is_access & F.col("micros").isNull(), "invalid_response_time")
        .when(is_access & F.col("size").isNull(), "invalid_bytes")
    )
