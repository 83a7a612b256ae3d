"""SHOW and DESCRIBE, and the statements that are refused by their first word."""

from __future__ import annotations

import fnmatch
import re

from catalog import Catalog, Table
from errors import QueryError, not_here
from functions import words

Answer = "tuple[list[tuple[str, str]], list[str]]"
_NAME = r"[`\"]?(\w+)[`\"]?"
_TABLE = rf"(?:{_NAME}\.)?{_NAME}"
_READ_ONLY = words("insert update delete merge create drop alter truncate msck vacuum optimize unload grant revoke")
_NOT_HERE = words("explain analyze prepare execute deallocate call set reset use values")


def answer(statement: str, catalog: Catalog, database: str) -> Answer | None:
    """The columns and the lines of an answer, or None where the statement is another one."""
    text = " ".join(statement.strip().rstrip(";").split())

    def match(pattern: str) -> re.Match[str] | None:
        return re.fullmatch(pattern, text, re.IGNORECASE)

    if found := match(r"SHOW (?:DATABASES|SCHEMAS)(?: LIKE '(.*)')?"):
        return [("database_name", "string")], _like(sorted(catalog.databases), found[1])
    if found := match(rf"SHOW TABLES(?: (?:IN|FROM) {_NAME})?(?: (?:LIKE )?'(.*)')?"):
        tables = _database(catalog, found[1] or database)
        return [("tab_name", "string")], _like(sorted(tables), found[2])
    if found := match(rf"SHOW PARTITIONS {_TABLE}"):
        return [("partition", "string")], _partitions(_table(catalog, found[1] or database, found[2]))
    if found := match(rf"SHOW COLUMNS (?:IN|FROM) {_TABLE}(?: (?:IN|FROM) {_NAME})?"):
        table = _table(catalog, found[3] or found[1] or database, found[2])
        return [("field", "string")], [name for name, _ in table.columns + table.keys]
    if found := match(rf"DESC(?:RIBE)? {_TABLE}"):
        columns = [("col_name", "string"), ("data_type", "string"), ("comment", "string")]
        return columns, _described(_table(catalog, found[1] or database, found[2]))
    if re.match(r"(?:SHOW|DESC|DESCRIBE)\b", text, re.IGNORECASE):
        raise not_here(f"the statement {text}")
    return None


def refuse_others(word: str) -> None:
    lower = word.lower()
    if lower in _READ_ONLY:
        raise not_here(f"{word.upper()} statements: its tables are read-only")
    if lower in _NOT_HERE:
        raise not_here(f"{word.upper()} statements")


def _like(names: list[str], pattern: str | None) -> list[str]:
    """Hive's patterns: `*` for anything, `|` between alternatives."""
    if pattern is None:
        return names
    wanted = pattern.lower().split("|")
    return [name for name in names if any(fnmatch.fnmatchcase(name, part) for part in wanted)]


def _database(catalog: Catalog, name: str) -> dict[str, Table]:
    if name.lower() not in catalog.databases:
        raise QueryError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}")
    return catalog.databases[name.lower()]


def _table(catalog: Catalog, database: str, name: str) -> Table:
    table = _database(catalog, database).get(name.lower())
    if table is None:
        raise QueryError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
    return table


def _partitions(table: Table) -> list[str]:
    if not table.keys:
        raise QueryError(
            f"FAILED: Execution Error, return code 1. Table {table.database}.{table.name} is not a partitioned table"
        )
    names = [name for name, _ in table.keys]
    return sorted("/".join(f"{n}={v}" for n, v in zip(names, part.values)) for part in table.partitions)


def _described(table: Table) -> list[str]:
    def line(name: str, kind: str) -> str:
        return f"{name:<20}\t{kind:<20}\t{table.comments.get(name, ''):<20}"

    lines = [line(name, kind) for name, kind in table.columns + table.keys]
    if table.keys:
        lines += ["\t \t ", "# Partition Information\t \t ", f"{'# col_name':<20}\t{'data_type':<20}\t{'comment':<20}"]
        lines += ["\t \t ", *(line(name, kind) for name, kind in table.keys)]
    return lines
