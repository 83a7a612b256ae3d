"""The second part of the gate: one readable query over tables and columns that the catalog has."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from catalog import Catalog, Table
from errors import Place, QueryError, not_here, semantic
from functions import AGGREGATES
from sqlglot import exp
from sqlglot.errors import OptimizeError, ParseError, SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope


@dataclass
class Query:
    tree: exp.Query
    names: list[str]
    place: Place


def parse(statement: str) -> exp.Query:
    try:
        tree = sqlglot.parse_one(statement, read="athena")
    except ParseError as error:
        found = error.errors[0] if error.errors else {}
        where = f"line {found.get('line', 1)}:{found.get('col', 1)}"
        raise QueryError(f"{where}: mismatched input '{found.get('highlight', '')}'") from error
    except SqlglotError as error:
        raise QueryError(f"line 1:1: {error}") from error
    if isinstance(tree, exp.Subquery):
        tree = tree.unnest()
    if not isinstance(tree, exp.Query):
        raise not_here(f"{statement.split(None, 1)[0].upper()} statements: its tables are read-only")
    return tree


def resolve(tree: exp.Query, catalog: Catalog, database: str, place: Place) -> Query:
    """Finds every table and column in the catalog. Names are compared without regard to case, quoted or not."""
    outputs = _name_outputs(tree)
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.this.lower())
    _refuse_constructs(tree, place)
    used = _tables(tree, catalog, database, place)
    try:
        tree = qualify(
            tree,
            schema=catalog.schema(used),
            db=database,
            dialect="athena",
            expand_alias_refs=False,
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
    except OptimizeError as error:
        unknown = str(error).rpartition("Unknown column: ")[2].strip('"')
        column = next((found for found in tree.find_all(exp.Column) if found.name == unknown), None)
        if column is None:
            raise QueryError(f"SYNTAX_ERROR: line 1:1: {error}") from error
        raise _unresolved(column, f"{column.table}.{column.name}" if column.table else column.name, place) from error
    _qualify_having(tree, catalog)
    _check_columns(tree, place)
    for select in tree.find_all(exp.Select):
        _check_grouping(select, place)
    return Query(tree, _final_names(tree, outputs), place)


def _leftmost(tree: exp.Expression) -> exp.Select | None:
    while isinstance(tree, (exp.SetOperation, exp.Subquery)):
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else None


def _name_outputs(tree: exp.Query) -> dict[str, str]:
    """The spelling of aliases, and a mark on what has no name: `_col<N>` counts columns, and stars are still closed."""
    select = _leftmost(tree)
    spelled = {}
    for index, item in enumerate(select.expressions if select else []):
        if isinstance(item, exp.Alias):
            spelled[item.alias.lower()] = item.alias
        elif not isinstance(item, (exp.Column, exp.Star, exp.Dot)):
            item.replace(exp.alias_(item.copy(), f"__anonymous_{index}"))
    return spelled


def _final_names(tree: exp.Query, spelled: dict[str, str]) -> list[str]:
    select = _leftmost(tree)
    names = [item.alias_or_name for item in select.expressions] if select else tree.named_selects
    return [f"_col{i}" if n.startswith("__anonymous_") or not n else spelled.get(n, n) for i, n in enumerate(names)]


_REFUSED = {
    exp.Pivot: "PIVOT",
    exp.ILike: "ILIKE",
    exp.Qualify: "QUALIFY",
    exp.NullSafeEQ: "<=>",
    exp.Glob: "GLOB",
    exp.IntDiv: "DIV",
}


def _refuse_constructs(tree: exp.Query, place: Place) -> None:
    for node in tree.walk():
        if type(node) in _REFUSED:
            raise QueryError(f"line 1:1: mismatched input '{_REFUSED[type(node)]}'")
        if isinstance(node, exp.Into):
            raise QueryError("line 1:1: mismatched input 'INTO'")
        if isinstance(node, exp.MatchRecognize):
            raise not_here("MATCH_RECOGNIZE")
        if isinstance(node, exp.Distinct) and node.args.get("on"):
            raise QueryError("line 1:1: mismatched input 'ON'")
        if isinstance(node, exp.Join) and (node.method or node.kind.upper() in ("SEMI", "ANTI", "ASOF")):
            raise QueryError(f"line 1:1: mismatched input '{node.method or node.kind}'")
        if isinstance(node, exp.Star) and (node.args.get("except_") or node.args.get("replace")):
            raise QueryError("line 1:1: mismatched input 'EXCLUDE'")
        if isinstance(node, exp.ApproxQuantile) and node.args.get("accuracy") is not None:
            raise not_here("approx_percentile with a weight or an accuracy")
        if isinstance(node, (exp.Max, exp.Min)) and node.expressions:
            raise not_here(f"{node.sql_name().lower()} of the N greatest or least")


def _tables(tree: exp.Query, catalog: Catalog, database: str, place: Place) -> list[Table]:
    used = []
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if not isinstance(source, exp.Table) or not source.name:
                continue
            in_catalog = source.catalog.lower()
            owner = source.db or database
            where = place.of(source.this.meta.get("start"))
            if in_catalog not in ("", "awsdatacatalog"):
                raise semantic("CATALOG_NOT_FOUND", where, f"Catalog '{in_catalog}' does not exist")
            if owner not in catalog.databases:
                raise semantic("SCHEMA_NOT_FOUND", where, f"Schema '{owner}' does not exist")
            table = catalog.table(owner, source.name)
            if table is None:
                full = f"awsdatacatalog.{owner}.{source.name}"
                raise semantic("TABLE_NOT_FOUND", where, f"Table '{full}' does not exist")
            source.set("catalog", None)
            used.append(table)
    return used


def _qualify_having(tree: exp.Query, catalog: Catalog) -> None:
    """sqlglot leaves HAVING alone, where it looks for aliases first; Trino knows only columns there."""
    for scope in traverse_scope(tree):
        having = scope.expression.args.get("having")
        for column in [node for node in _own(having) if isinstance(node, exp.Column)] if having else []:
            owners = [name for name, source in scope.selected_sources.items() if _has(source[1], column.name, catalog)]
            if not column.table and len(owners) == 1:
                column.set("table", exp.to_identifier(owners[0]))


def _has(source: exp.Table | Scope, column: str, catalog: Catalog) -> bool:
    if isinstance(source, exp.Table):
        table = catalog.table(source.db, source.name)
        return table is not None and column in [name for name, _ in table.columns + table.keys]
    if isinstance(source.expression, exp.Query):
        return column in source.expression.named_selects
    return False


def _check_columns(tree: exp.Query, place: Place) -> None:
    known: dict[int, Scope] = {}
    for scope in traverse_scope(tree):
        for column in scope.columns:
            known[id(column)] = scope
            if column.table:
                _check_qualified(column, scope, place)
    for column in tree.find_all(exp.Column):
        if not column.table and not _may_be_bare(column):
            raise _unresolved(column, column.name, place)


def _check_qualified(column: exp.Column, scope: Scope, place: Place) -> None:
    asked: Scope | None = scope
    while asked is not None and column.table not in asked.sources:
        asked = asked.parent
    source = asked.sources[column.table] if asked else None
    if asked is None:
        raise _unresolved(column, f"{column.table}.{column.name}", place)
    if isinstance(source, Scope) and isinstance(source.expression, exp.Query):
        alias = source.outer_columns or source.expression.named_selects
        names = {name.lower() for name in alias} | {name.lower() for name in source.expression.named_selects}
        if column.name not in names:
            raise _unresolved(column, f"{column.table}.{column.name}", place)


def _unresolved(column: exp.Column, name: str, place: Place) -> QueryError:
    where = place.of(column.this.meta.get("start"))
    return semantic(
        "COLUMN_NOT_FOUND",
        where,
        f"Column '{name}' cannot be resolved or requester is not authorized to access requested resources",
    )


def _may_be_bare(column: exp.Column) -> bool:
    """Aliases in ORDER BY, and the parameters of lambdas."""
    node: exp.Expression | None = column
    while node is not None:
        if isinstance(node, exp.Lambda) and any(arg.name == column.name for arg in node.expressions):
            return True
        if isinstance(node, exp.Order) and isinstance(node.parent, exp.Query):
            return column.name in [name.lower() for name in node.parent.named_selects]
        if isinstance(node, exp.Query):
            return False
        node = node.parent
    return False


def is_aggregate(node: exp.Expression) -> bool:
    if isinstance(node, exp.Filter):
        return is_aggregate(node.this)
    called = isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATES)
    if not called or isinstance(node.parent, exp.Window):
        return False
    wrapped = isinstance(node.parent, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls))
    return not (wrapped and isinstance(node.parent.parent, exp.Window))


def _check_grouping(select: exp.Select, place: Place) -> None:
    group = select.args.get("group")
    having = select.args.get("having")
    order = select.args.get("order")
    outputs = [item.unalias() for item in select.expressions]
    shown = [*outputs, *([having.this] if having else [])]
    where = select.args.get("where")
    for node in _own(where) if where else []:
        if is_aggregate(node):
            raise semantic(
                "EXPRESSION_NOT_SCALAR",
                "line 1:1",
                "WHERE clause cannot contain aggregations, window functions or grouping operations",
            )
    if not group and not having and not any(is_aggregate(node) for item in shown for node in _own(item)):
        return
    keys = _group_keys(group)
    aliases = {item.alias for item in select.expressions if isinstance(item, exp.Alias)}
    ordered = [item.this for item in order.expressions] if order else []
    shown += [item for item in ordered if not (isinstance(item, exp.Column) and item.name in aliases)]
    for item in shown:
        _check_grouped(item, keys, place)


def _group_keys(group: exp.Group | None) -> list[exp.Expression]:
    if group is None:
        return []
    keys = []
    nested = [item for part in ("rollup", "cube", "grouping_sets") for item in group.args.get(part) or []]
    for item in [*group.expressions, *nested]:
        if isinstance(item, (exp.Rollup, exp.Cube, exp.GroupingSets)):
            keys += item.find_all(exp.Column)
        else:
            keys.append(item)
    return keys


def _check_grouped(node: exp.Expression, keys: list[exp.Expression], place: Place) -> None:
    if node in keys or is_aggregate(node) or isinstance(node, (exp.Query, exp.Lambda, exp.Grouping)):
        return
    if isinstance(node, exp.Column):
        if node.table:
            where = place.of(node.this.meta.get("start"))
            raise semantic(
                "EXPRESSION_NOT_AGGREGATE",
                where,
                f"'{node.name}' must be an aggregate expression or appear in GROUP BY clause",
            )
        return
    for child in node.iter_expressions():
        _check_grouped(child, keys, place)


def _own(node: exp.Expression) -> list[exp.Expression]:
    """The nodes of an expression without those of its subqueries."""
    return list(node.walk(prune=lambda found: isinstance(found, exp.Query)))
