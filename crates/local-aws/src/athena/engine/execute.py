"""Runs one statement."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import duckdb
import lexical
import output
import rewrites
import show
import sources
import structure
import typing_rules
from catalog import Catalog
from errors import ENGINE_ERROR, OTHER, Place, QueryError, data_error, not_here
from functions import MACROS
from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError


@dataclass
class Result:
    statement_type: str
    columns: list[tuple[str, str]]
    rows: list[list[str | None]] = field(default_factory=list)
    scanned: int = 0


class OverLimit(Exception):
    """More bytes would be scanned than the workgroup lets a query scan."""

    def __init__(self, scanned: int) -> None:
        super().__init__(f"{scanned} bytes")
        self.scanned = scanned


def run(statement: str, parameters: list[str], catalog: Catalog, database: str, cutoff: int | None = None) -> Result:
    statement = lexical.fill_parameters(statement, parameters)
    shown = show.answer(statement, catalog, database)
    if shown is not None:
        columns, lines = shown
        return Result("UTILITY", columns, [[line] for line in lines])
    tokens = lexical.tokens_of(statement)
    if not tokens:
        raise QueryError("line 1:1: mismatched input '<EOF>'. Expecting: <query>")
    show.refuse_others(tokens[0].text)
    lexical.check(statement, tokens)
    place = Place(statement)
    tree = structure.parse(statement.rstrip().rstrip(";"))
    query = structure.resolve(rewrites.ungroup(tree), catalog, database, place)
    tree = typing_rules.check(query, catalog, database)
    typing_rules.refuse_mixed_set(tree, place)
    return _select(rewrites.apply(tree), query.names, catalog, cutoff)


def _select(tree: exp.Query, names: list[str], catalog: Catalog, cutoff: int | None) -> Result:
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    try:
        connection.execute("SET TimeZone = 'UTC'; SET threads = 2; SET integer_division = true")
        found = sources.prepare(tree, catalog, connection)
        if cutoff is not None and found.scanned() > cutoff:
            raise OverLimit(found.scanned())
        for statement in (*MACROS, *found.views):
            connection.execute(statement)
        allowed = ", ".join(sources.text(path) for path in sorted(found.files))
        connection.execute(f"SET allowed_paths = [{allowed}]")
        connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        sql = tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
        return _fetch(connection, sql, names, found.scanned())
    except UnsupportedError as error:
        raise not_here(f"this statement: {error}") from error
    except duckdb.Error as error:
        raise in_athenas_words(error) from error
    finally:
        connection.close()


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str, names: list[str], scanned: int) -> Result:
    described = connection.execute(f"DESCRIBE {sql}").fetchall()
    kinds = [str(row[1]) for row in described]
    rows: list[Any] = connection.execute(_with_zones_as_text(sql, kinds)).fetchall()
    columns = [(name, output.athena_type(kind)) for name, kind in zip(names, kinds)]
    return Result("DML", columns, [[output.text_of(value) for value in row] for row in rows], scanned)


def _with_zones_as_text(sql: str, kinds: list[str]) -> str:
    """DuckDB's Python needs a package more for times with a zone: they come as texts."""
    if "TIMESTAMP WITH TIME ZONE" not in kinds:
        return sql
    names = [f"c{index}" for index in range(len(kinds))]
    items = [
        f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g') || ' UTC'"
        if kind == "TIMESTAMP WITH TIME ZONE"
        else name
        for name, kind in zip(names, kinds)
    ]
    return f"SELECT {', '.join(items)} FROM ({sql}) AS result({', '.join(names)})"


def in_athenas_words(error: duckdb.Error) -> QueryError:
    text = str(error).split("\n")[0]
    own = re.search(r"(DIVISION_BY_ZERO): (.*)", text)
    if own:
        return data_error(f"{own[1]}: {own[2]}")
    if isinstance(error, duckdb.ConversionException):
        return data_error(f"INVALID_CAST_ARGUMENT: {text}")
    if isinstance(error, (duckdb.InvalidInputException, duckdb.OutOfRangeException)):
        return data_error(f"INVALID_FUNCTION_ARGUMENT: {text}")
    if isinstance(error, (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)):
        return QueryError(f"NOT_SUPPORTED: the embedded Athena cannot translate this statement: {text}", OTHER)
    return QueryError(f"GENERIC_INTERNAL_ERROR: {text}", OTHER, ENGINE_ERROR)
