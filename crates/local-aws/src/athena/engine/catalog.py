"""The catalog as the engine sees it: Glue's tables, their partitions, and the local files behind them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from errors import QueryError, not_here

_TYPES = {
    "string": "varchar",
    "int": "integer",
    "float": "real",
    "binary": "varbinary",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
    "double": "double",
    "bigint": "bigint",
    "integer": "integer",
    "smallint": "smallint",
    "tinyint": "tinyint",
}


def athena_type(hive: str) -> str:
    """Trino's name for a type of the catalog."""
    text = hive.strip().lower()
    if text in _TYPES:
        return _TYPES[text]
    if text.startswith(("decimal", "varchar", "char")):
        return text
    if text.startswith("array<"):
        return f"array({athena_type(text[6:-1])})"
    if text.startswith("map<"):
        key, value = split_top(text[4:-1])
        return f"map({athena_type(key)}, {athena_type(value)})"
    if text.startswith("struct<"):
        members = [part.split(":", 1) for part in split_top(text[7:-1])]
        return "row(" + ", ".join(f"{name} {athena_type(kind)}" for name, kind in members) + ")"
    raise not_here(f"columns of the type {hive}")


def split_top(text: str) -> list[str]:
    """Splits at commas outside of brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "<(") - (char in ">)")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


@dataclass
class Partition:
    values: list[str]
    location: str


@dataclass
class Table:
    database: str
    name: str
    columns: list[tuple[str, str]]
    """Names and the catalog's types, without the partition keys."""
    keys: list[tuple[str, str]]
    partitions: list[Partition]
    location: str
    file_format: str
    serde: dict[str, str]
    properties: dict[str, str]
    comments: dict[str, str] = field(default_factory=dict)


@dataclass
class Catalog:
    databases: dict[str, dict[str, Table]]
    buckets: dict[str, str]

    def table(self, database: str, name: str) -> Table | None:
        return self.databases.get(database, {}).get(name)

    def schema(self, used: list[Table]) -> dict[str, dict[str, dict[str, str]]]:
        """For sqlglot: database, table, column, type; the types as Trino's."""
        schema: dict[str, dict[str, dict[str, str]]] = {}
        for table in used:
            columns = {column: athena_type(kind) for column, kind in table.columns + table.keys}
            schema.setdefault(table.database, {})[table.name] = columns
        return schema

    def files(self, location: str) -> list[str]:
        """The files below an address, as Athena takes them: all but those whose name begins with `_` or `.`."""
        for scheme in ("s3://", "s3a://", "s3n://"):
            if location.startswith(scheme):
                bucket, _, key = location[len(scheme) :].partition("/")
                break
        else:
            raise QueryError(f"HIVE_METASTORE_ERROR: the location {location} is no address in S3")
        if bucket not in self.buckets:
            raise QueryError(f"HIVE_CANNOT_OPEN_SPLIT: The specified bucket does not exist (Bucket: {bucket})")
        root = os.path.join(self.buckets[bucket], key)
        found = []
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
            found += [os.path.join(folder, name) for name in sorted(names) if not name.startswith(("_", "."))]
        return [path for path in found if os.path.getsize(path) > 0]


def read(document: dict[str, Any], buckets: dict[str, str]) -> Catalog:
    databases = {}
    for database, content in document.get("databases", {}).items():
        tables = content.get("Tables", content.get("tables", {}))
        databases[database.lower()] = {
            name.lower(): _table(database.lower(), name.lower(), table) for name, table in tables.items()
        }
    return Catalog(databases, buckets)


def _table(database: str, name: str, table: dict[str, Any]) -> Table:
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    keys = table.get("PartitionKeys") or []
    columns = storage.get("Columns") or []
    return Table(
        database=database,
        name=name,
        columns=[(column["Name"].lower(), column.get("Type", "string")) for column in columns],
        keys=[(key["Name"].lower(), key.get("Type", "string")) for key in keys],
        partitions=[
            Partition(part["Values"], (part.get("StorageDescriptor") or {}).get("Location") or "")
            for part in table.get("Partitions") or []
        ],
        location=storage.get("Location") or "",
        file_format=_format(serde.get("SerializationLibrary") or "", storage.get("InputFormat") or ""),
        serde=serde.get("Parameters") or {},
        properties=table.get("Parameters") or {},
        comments={column["Name"].lower(): column.get("Comment") or "" for column in columns + keys},
    )


def _format(library: str, input_format: str) -> str:
    text = f"{library} {input_format}".lower()
    if "parquet" in text:
        return "parquet"
    if "opencsv" in text:
        return "opencsv"
    if "lazysimple" in text:
        return "text"
    return library or input_format or "nothing"
