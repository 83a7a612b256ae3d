"""The third part of the gate: types. Trino converts less than DuckDB does, and divides otherwise."""

from __future__ import annotations

from catalog import Catalog
from errors import Place, QueryError, semantic
from functions import FIRST_ARGUMENT
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from structure import Query, _tables

Type = exp.DataType.Type
_NUMBERS = exp.DataType.NUMERIC_TYPES
# What the annotation leaves open.
_KNOWN = {
    exp.RegexpExtract: "varchar",
    exp.JSONExtractScalar: "varchar",
    exp.SplitPart: "varchar",
    exp.Substring: "varchar",
    exp.RegexpReplace: "varchar",
    exp.TimeToUnix: "number",
    exp.StrToTime: "timestamp",
    exp.TimeToStr: "varchar",
    exp.StrPosition: "number",
}
_COMPARISONS = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
_ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


def check(query: Query, catalog: Catalog, database: str) -> exp.Query:
    """Refuses what Trino would not convert, and writes divisions as Trino means them."""
    used = _tables(query.tree, catalog, database, query.place)
    tree = annotate_types(query.tree, schema=catalog.schema(used), dialect="athena")
    for node in list(tree.walk()):
        _check_node(node, query.place)
    for node in list(tree.find_all(exp.Div)):
        _divide(node)
    return tree


def family(node: exp.Expression) -> str:
    """varchar, number, boolean, date, timestamp, …, or unknown."""
    node = node.unnest() if isinstance(node, exp.Paren) else node
    kind = node.type.this if node.type else Type.UNKNOWN
    if isinstance(kind, Type) and kind in (Type.UNKNOWN, Type.NULL):
        if isinstance(node, exp.TimestampTrunc):
            return family(node.this)
        return _KNOWN.get(type(node), "unknown")
    if kind in exp.DataType.TEXT_TYPES:
        return "varchar"
    if kind in _NUMBERS:
        return "number"
    if kind in (Type.DATE, Type.DATE32):
        return "date"
    if kind in exp.DataType.TEMPORAL_TYPES:
        return "timestamp"
    if kind == Type.BOOLEAN:
        return "boolean"
    return "unknown" if kind == Type.INTERVAL else str(kind.value).lower()


_TRINO = {"INT": "integer", "TEXT": "varchar", "FLOAT": "real", "TIMESTAMPTZ": "timestamp(3) with time zone"}


def shown(node: exp.Expression) -> str:
    """A type in Trino's words."""
    node = node.unnest() if isinstance(node, exp.Paren) else node
    if isinstance(node, exp.Literal):
        if node.is_string:
            return f"varchar({len(node.this)})"
        return "integer" if node.is_int else "decimal({},{})".format(*(decimal_of(node) or (0, 0)))
    if node.type is None or node.type.this in (Type.UNKNOWN, Type.NULL):
        return _KNOWN.get(type(node), "unknown")
    name = node.type.this.value
    return _TRINO.get(name, node.type.sql("athena").lower())


def _fit(one: str, other: str) -> bool:
    return "unknown" in (one, other) or one == other or {one, other} == {"date", "timestamp"}


def offset_of(node: exp.Expression) -> int | None:
    starts = [found.meta["start"] for found in node.find_all(exp.Identifier) if "start" in found.meta]
    return min(starts) if starts else None


def _check_node(node: exp.Expression, place: Place) -> None:
    where = place.of(offset_of(node))
    if type(node) in _COMPARISONS or type(node) in _ARITHMETIC:
        operator = _COMPARISONS.get(type(node)) or _ARITHMETIC[type(node)]
        one, other = family(node.this), family(node.expression)
        wrong = not _fit(one, other) if type(node) in _COMPARISONS else _wrong_arithmetic(one, other)
        if wrong:
            raise semantic(
                "TYPE_MISMATCH", where, f"Cannot apply operator: {shown(node.this)} {operator} {shown(node.expression)}"
            )
    elif isinstance(node, exp.Between):
        low, high = node.args["low"], node.args["high"]
        if not (_fit(family(node.this), family(low)) and _fit(family(node.this), family(high))):
            raise semantic(
                "TYPE_MISMATCH", where, f"Cannot check if {shown(node.this)} is BETWEEN {shown(low)} and {shown(high)}"
            )
    elif isinstance(node, exp.In):
        for item in node.expressions:
            if not _fit(family(node.this), family(item)):
                raise semantic(
                    "TYPE_MISMATCH",
                    where,
                    f"IN value and list items must be the same type: {shown(node.this)} and {shown(item)}",
                )
    elif isinstance(node, exp.DPipe):
        wrong_parts = [part for part in (node.this, node.expression) if family(part) in ("number", "date", "boolean")]
        if wrong_parts:
            raise semantic(
                "TYPE_MISMATCH",
                where,
                f"Unexpected parameters ({shown(node.this)}, {shown(node.expression)}) for function concat",
            )
    elif isinstance(node, exp.Like) and family(node.this) not in ("varchar", "unknown"):
        raise semantic(
            "TYPE_MISMATCH",
            where,
            f"Left side of LIKE expression must evaluate to a varchar (actual: {shown(node.this)})",
        )
    elif isinstance(node, (exp.Where, exp.Having)) and family(node.this) not in ("boolean", "unknown"):
        raise semantic(
            "TYPE_MISMATCH",
            where,
            f"{type(node).__name__.upper()} clause must evaluate to a boolean: actual type {shown(node.this)}",
        )
    elif isinstance(node, exp.Func):
        _check_call(node, where)


def _wrong_arithmetic(one: str, other: str) -> bool:
    return "varchar" in (one, other) or "boolean" in (one, other) or {one, other} == {"number", "date"}


def _check_call(node: exp.Func, where: str) -> None:
    if isinstance(node, (exp.Coalesce, exp.Greatest)):
        families = [family(item) for item in [node.this, *node.expressions]]
        if any(not _fit(families[0], other) for other in families):
            raise semantic(
                "TYPE_MISMATCH",
                where,
                "All operands must be the same type: "
                + ", ".join(shown(item) for item in [node.this, *node.expressions]),
            )
    names = [name.lower() for name in node.sql_names()] if not isinstance(node, exp.Anonymous) else [node.name.lower()]
    known = {
        exp.TimeToStr: "date_format",
        exp.TimestampTrunc: "date_trunc",
        exp.StrToTime: "date_parse",
        exp.RegexpLike: "regexp_like",
        exp.Split: "split",
        exp.StrPosition: "strpos",
        exp.Substring: "substr",
    }
    name = known.get(type(node)) or next((name for name in names if name in FIRST_ARGUMENT), "")
    wanted = FIRST_ARGUMENT.get(name)
    argument = node.this if isinstance(node.this, exp.Expression) else None
    if wanted is None or argument is None or isinstance(argument, exp.Distinct):
        return
    if family(argument) not in wanted:
        raise semantic("FUNCTION_NOT_FOUND", where, f"Unexpected parameters ({shown(argument)}) for function {name}")


def decimal_of(node: exp.Expression) -> tuple[int, int] | None:
    """Precision and scale where Trino has an exact number, and None where it has a double or something else."""
    if isinstance(node, (exp.Paren, exp.Neg)):
        return decimal_of(node.this)
    if isinstance(node, exp.Literal) and not node.is_string:
        whole, _, fraction = node.this.partition(".")
        return None if "e" in node.this.lower() else (len(whole + fraction), len(fraction))
    if isinstance(node, (exp.Mul, exp.Div)):
        one, other = decimal_of(node.this), decimal_of(node.expression)
        if one is None or other is None:
            return None
        if isinstance(node, exp.Mul):
            return min(38, one[0] + other[0]), one[1] + other[1]
        return 38, max(one[1], other[1])
    if isinstance(node, (exp.Add, exp.Sub)):
        one, other = decimal_of(node.this), decimal_of(node.expression)
        return (38, max(one[1], other[1])) if one and other else None
    if node.type is None:
        return None
    if node.type.this in exp.DataType.INTEGER_TYPES:
        return 19, 0
    if node.type.this == Type.DECIMAL:
        sizes = [int(item.name) for item in node.type.expressions]
        return (sizes[0], sizes[1] if len(sizes) > 1 else 0) if sizes else (38, 0)
    return None


def _divide(node: exp.Div) -> None:
    """Whole numbers give whole numbers; decimals keep the greater scale; by zero is an error in both."""
    node.set("typed", False)
    node.set("safe", False)
    one, other = decimal_of(node.this), decimal_of(node.expression)
    if one is None or other is None:
        return
    top, bottom = node.this.copy(), node.expression.copy()
    scale = max(one[1], other[1])
    if scale == 0 and one[0] <= 19 and other[0] <= 19:
        result: exp.Expression = exp.IntDiv(this=exp.paren(top), expression=exp.paren(bottom))
    else:
        exact = exp.Div(this=exp.cast(exp.paren(top), "double"), expression=exp.paren(bottom), typed=False, safe=False)
        result = exp.cast(exp.Round(this=exact, decimals=exp.Literal.number(scale)), f"decimal(38, {scale})")
    tried = node.find_ancestor(exp.Anonymous, exp.Query)
    is_tried = node.find_ancestor(exp.Try) is not None or (
        isinstance(tried, exp.Anonymous) and tried.name.lower() == "try"
    )
    if is_tried or (isinstance(node.expression, exp.Literal) and float(node.expression.this) != 0):
        node.replace(exp.paren(result))
        return
    failure = exp.Anonymous(this="error", expressions=[exp.Literal.string("DIVISION_BY_ZERO: Division by zero")])
    node.replace(
        exp.Case(
            ifs=[exp.If(this=exp.EQ(this=bottom.copy(), expression=exp.Literal.number(0)), true=failure)],
            default=result,
        )
    )


def refuse_mixed_set(tree: exp.Query, place: Place) -> None:
    """The columns of a UNION's sides must be of one type each."""
    for union in tree.find_all(exp.SetOperation):
        sides = union.this.selects, union.expression.selects
        if len(sides[0]) != len(sides[1]):
            raise QueryError(
                f"SYNTAX_ERROR: line 1:1: {type(union).__name__.upper()} query has different number of "
                f"fields: {len(sides[0])}, {len(sides[1])}"
            )
        for index, (one, other) in enumerate(zip(*sides)):
            if not _fit(family(one), family(other)):
                raise semantic(
                    "TYPE_MISMATCH",
                    place.of(offset_of(other)),
                    f"column {index + 1} in "
                    f"{type(union).__name__.upper()} query has incompatible types: {shown(one)}, "
                    f"{shown(other)}",
                )
