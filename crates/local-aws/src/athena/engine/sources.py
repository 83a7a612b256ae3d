"""What each table of a query reads: the partitions that its WHERE leaves, as a view of DuckDB."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import duckdb
from catalog import Catalog, Partition, Table, athena_type
from errors import QueryError, data_error, not_here
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope


@dataclass
class Sources:
    """The views, in the order of the tables, and the files behind them."""

    views: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)

    def scanned(self) -> int:
        return sum(os.path.getsize(path) for path in self.files)


def prepare(tree: exp.Query, catalog: Catalog, connection: duckdb.DuckDBPyConnection) -> Sources:
    """Puts a view of its own in the place of each table in the tree."""
    sources = Sources()
    for scope in traverse_scope(tree):
        for alias, source in list(scope.sources.items()):
            if not isinstance(source, exp.Table) or not source.db:
                continue
            table = catalog.table(source.db, source.name)
            if table is None:
                raise QueryError(f"TABLE_NOT_FOUND: line 1:1: Table '{source.name}' does not exist")
            parts = _pruned(scope, alias, table, connection)
            name = f"source_{len(sources.views)}"
            sources.views.append(f"CREATE VIEW {name} AS {_view(table, parts, catalog, sources, connection)}")
            source.set("this", exp.to_identifier(name))
            source.set("db", None)
    return sources


def _pruned(scope: Scope, alias: str, table: Table, connection: duckdb.DuckDBPyConnection) -> list[Partition]:
    where = scope.expression.args.get("where")
    if not table.keys:
        return [Partition([], table.location)]
    if where is None or not table.partitions or not _is_filtered_by_where(scope, alias):
        return table.partitions
    keys = {name for name, _ in table.keys}
    parts = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    usable = [part for part in parts if _only_keys(part, alias, keys)]
    if not usable:
        return table.partitions
    rows = exp.values(
        [(str(index), *part.values) for index, part in enumerate(table.partitions)],
        alias=exp.to_identifier(alias, quoted=True),
        columns=[
            exp.to_identifier("__n", quoted=True),
            *(exp.to_identifier(name, quoted=True) for name, _ in table.keys),
        ],
    )
    typed = exp.and_(*[_typed(part, table) for part in usable], copy=True)
    asked = exp.select(exp.column("__n", table=alias, quoted=True)).from_(rows).where(typed)
    kept = {int(row[0]) for row in connection.execute(asked.sql("duckdb", identify=True)).fetchall()}
    return [part for index, part in enumerate(table.partitions) if index in kept]


def _typed(part: exp.Expression, table: Table) -> exp.Expression:
    kinds = {name: athena_type(kind) for name, kind in table.keys}
    part = part.copy()
    for column in list(part.find_all(exp.Column)):
        if kinds[column.name] != "varchar":
            column.replace(exp.cast(column.copy(), kinds[column.name], dialect="athena"))
    return part


def _is_filtered_by_where(scope: Scope, alias: str) -> bool:
    """A WHERE over the side of an outer join that may be missing says nothing of what to read."""
    for join in scope.expression.args.get("joins") or []:
        side = (join.side or "").upper()
        if side in ("RIGHT", "FULL") or (side == "LEFT" and join.this.alias_or_name == alias):
            return False
    return True


def _only_keys(part: exp.Expression, alias: str, keys: set[str]) -> bool:
    columns = list(part.find_all(exp.Column))
    alone = all(column.table == alias and column.name in keys for column in columns)
    return bool(columns) and alone and not any(part.find_all(exp.Query, exp.AggFunc, exp.Window, exp.Anonymous))


_CANONICAL = {"INT": "INTEGER", "TEXT": "VARCHAR", "REAL": "FLOAT"}


def duck_type(hive: str) -> str:
    kind = athena_type(hive)
    text_of_it = exp.DataType.build(kind, dialect="athena").sql("duckdb")
    return _CANONICAL.get(text_of_it, text_of_it)


def _view(
    table: Table, parts: list[Partition], catalog: Catalog, sources: Sources, connection: duckdb.DuckDBPyConnection
) -> str:
    if table.properties.get("projection.enabled", "").lower() == "true":
        raise not_here("partition projection")
    selects = []
    for part in parts:
        files = catalog.files(part.location)
        sources.files.update(files)
        if not files:
            continue
        keys = [
            f"CAST({text(value)} AS {duck_type(kind)}) AS {name_of(name)}"
            for (name, kind), value in zip(table.keys, part.values)
        ]
        selects.append(_read(table, files, keys, connection))
    if selects:
        return " UNION ALL ".join(selects)
    empty = [f"CAST(NULL AS {duck_type(kind)}) AS {name_of(name)}" for name, kind in table.columns + table.keys]
    return f"SELECT {', '.join(empty)} WHERE false"


def _read(table: Table, files: list[str], keys: list[str], connection: duckdb.DuckDBPyConnection) -> str:
    if table.file_format == "parquet":
        there = _parquet_columns(table, files, connection)
        columns = [
            f"CAST({name_of(name) if name in there else 'NULL'} AS {duck_type(kind)}) AS {name_of(name)}"
            for name, kind in table.columns
        ]
        listed = ", ".join(text(path) for path in files)
        return f"SELECT {', '.join(columns + keys)} FROM read_parquet([{listed}], union_by_name = true)"
    if table.file_format in ("opencsv", "text"):
        return _read_csv(table, files, keys)
    raise not_here(f"tables of the format {table.file_format}")


_BACKSLASH = "\\"


def _escape(char: str, quote: str) -> str:
    """What DuckDB is to take for the escape. OpenCSVSerde reads backslashes also where the quote is named as the
    escape, as Trino does (pull request 18952). A doubled quote is one quote to it with any other."""
    return _BACKSLASH if char in (_BACKSLASH, quote) else quote


def _read_csv(table: Table, files: list[str], keys: list[str]) -> str:
    is_open = table.file_format == "opencsv"
    separator = table.serde.get("separatorChar", ",") if is_open else table.serde.get("field.delim", "\x01")
    quote = table.serde.get("quoteChar", '"') if is_open else ""
    escape = _escape(table.serde.get("escapeChar", _BACKSLASH), quote) if is_open else ""
    skip = int(table.properties.get("skip.header.line.count", "0"))
    declared = ", ".join(f"{text(name)}: 'VARCHAR'" for name, _ in table.columns)
    names = ", ".join(text(name) for name, _ in table.columns)
    # To OpenCSVSerde an empty field is an empty text.
    null = f", force_not_null = [{names}]" if is_open else ", nullstr = '\\N'"
    listed = ", ".join(text(path) for path in files)
    columns = [f"TRY_CAST({name_of(name)} AS {duck_type(kind)}) AS {name_of(name)}" for name, kind in table.columns]
    return (
        f"SELECT {', '.join(columns + keys)} FROM read_csv([{listed}], columns = {{{declared}}}, auto_detect = false, "
        f"header = false, skip = {skip}, delim = {text(separator)}, quote = {text(quote)}, escape = {text(escape)}, "
        f"null_padding = true, strict_mode = false{null})"
    )


# Trino reads a narrower number as a wider one; anything else in a file is bad data.
_WIDER = {
    ("INTEGER", "BIGINT"),
    ("SMALLINT", "INTEGER"),
    ("TINYINT", "INTEGER"),
    ("SMALLINT", "BIGINT"),
    ("TINYINT", "SMALLINT"),
    ("FLOAT", "DOUBLE"),
    ("BIGINT", "INTEGER"),
    ("BLOB", "VARCHAR"),
}


def _parquet_columns(table: Table, files: list[str], connection: duckdb.DuckDBPyConnection) -> set[str]:
    there = set()
    wanted = {name: duck_type(kind) for name, kind in table.columns}
    for path in files:
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({text(path)})").fetchall()
        except duckdb.Error as error:
            bad = f"HIVE_BAD_DATA: {os.path.basename(path)} is not a valid Parquet File ({str(error).splitlines()[0]})"
            raise data_error(bad) from error
        for name, kind, *_ in described:
            name = name.lower()
            there.add(name)
            want = wanted.get(name, kind)
            plain = not any(mark in want + kind for mark in "([") and "TIMESTAMP" not in kind
            if plain and want != kind and (kind, want) not in _WIDER:
                raise data_error(
                    f"HIVE_BAD_DATA: Field {name}'s type {kind} in parquet file {os.path.basename(path)} is "
                    f"incompatible with type {want} defined in table schema"
                )
    return there


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def name_of(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
