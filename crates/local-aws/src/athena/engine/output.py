"""Results as Athena writes them: all values quoted, NULL as nothing, texts of values as Trino has them."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

_TYPES = {
    "HUGEINT": "bigint",
    "UBIGINT": "bigint",
    "UINTEGER": "bigint",
    "BLOB": "varbinary",
    "FLOAT": "float",
    "VARCHAR": "varchar",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "UUID": "varchar",
    "JSON": "json",
    "NULL": "unknown",
    '"NULL"': "unknown",
}


def athena_type(duckdb: str) -> str:
    """The name in ResultSetMetadata for a type of DuckDB."""
    if duckdb.startswith("TIMESTAMP_"):
        return "timestamp"
    if duckdb.startswith("DECIMAL"):
        return "decimal"
    if duckdb.endswith("]"):
        return "array"
    if duckdb.startswith("STRUCT"):
        return "row"
    if duckdb.startswith("MAP"):
        return "map"
    return _TYPES.get(duckdb, duckdb.lower())


def java_double(value: float) -> str:
    """As Java prints a double, which is what Trino does."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else "0.0"
    if 1e-3 <= abs(value) < 1e7:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else text + ".0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    return f"{'-' if sign else ''}{text[0]}.{text[1:] or '0'}E{int(exponent) + len(text) - 1}"


def text_of(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return java_double(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
        return text if value.tzinfo is None else f"{text} UTC"
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M:%S.") + f"{value.microsecond // 1000:03d}"
    if isinstance(value, (bytes, bytearray)):
        return value.hex(" ")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_inner(item) for item in value) + "]"
    if isinstance(value, dict):
        # The fields of a row without names: DuckDB counts them, and Trino calls them so.
        named = (f"field{n}" if key == f"_{n}" else _inner(key) for n, key in enumerate(value))
        return "{" + ", ".join(f"{name}={_inner(item)}" for name, item in zip(named, value.values())) + "}"
    return str(value)


def _inner(value: Any) -> str:
    text = text_of(value)
    return "null" if text is None else text


def csv_line(values: list[str | None]) -> str:
    cells = ["" if value is None else '"' + value.replace('"', '""') + '"' for value in values]
    return ",".join(cells) + "\n"
