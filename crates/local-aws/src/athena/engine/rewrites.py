"""What DuckDB would answer otherwise under the same name."""

from __future__ import annotations

from errors import not_here
from functions import words
from sqlglot import exp
from typing_rules import family

_PARTS_OF_A_DAY = words("hour minute second millisecond")


def ungroup(tree: exp.Query) -> exp.Query:
    """`GROUP BY (a, b)` groups by both, and `(a)` by a; to DuckDB the first is one row."""
    for group in tree.find_all(exp.Group):
        columns: list[exp.Expression] = []
        for item in group.expressions:
            columns.extend(item.expressions if isinstance(item, exp.Tuple) else [item.unnest()])
        group.set("expressions", columns)
    return tree


def apply(tree: exp.Query) -> exp.Query:
    for node in list(tree.walk()):
        kind = node.this if isinstance(node, exp.DataType) else None
        if kind in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ):
            # DuckDB has a type of its own for each precision, and compares them with nothing.
            node.set("expressions", None)
        elif isinstance(node, exp.ApproxQuantile):
            node.replace(_call("approx_quantile", node.this, node.args["quantile"]))
        elif isinstance(node, exp.RegexpExtract):
            group = node.args.get("group") or exp.Literal.number(0)
            node.replace(_call("athena_regexp_extract", node.this, node.expression, group))
        elif isinstance(node, exp.SplitPart):
            node.replace(_call("athena_split_part", node.this, node.args["delimiter"], node.args["part_index"]))
        elif isinstance(node, exp.Reduce):
            _reduce(node)
        elif isinstance(node, exp.AtTimeZone):
            raise not_here("AT TIME ZONE")
        elif isinstance(node, exp.ArraySize) and _is_map(node.this):
            node.replace(_call("cardinality", node.this))
        elif isinstance(node, exp.JSONExtractScalar):
            # Of an array or an object there is no scalar.
            node.replace(_call("athena_scalar", exp.JSONExtract(this=node.this, expression=node.expression)))
        elif isinstance(node, exp.Unnest):
            _unnest(node)
        elif isinstance(node, exp.Cast) and _is_json(node.this) and node.to.this in exp.DataType.TEXT_TYPES:
            # The text of a JSON text, without its quotes.
            node.replace(_call("athena_scalar", node.this))
        elif isinstance(node, (exp.DateAdd, exp.Add, exp.Sub)):
            _keep_date(node)
    return tree


def _call(name: str, *arguments: exp.Expression) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _is_map(node: exp.Expression) -> bool:
    return node.type is not None and node.type.this == exp.DataType.Type.MAP


def _is_json(node: exp.Expression) -> bool:
    return node.type is not None and node.type.this == exp.DataType.Type.JSON


def _reduce(node: exp.Reduce) -> None:
    finish = node.args.get("finish")
    is_same = (
        isinstance(finish, exp.Lambda)
        and isinstance(finish.this, (exp.Column, exp.Identifier))
        and finish.expressions[0].name == finish.this.name
    )
    if finish is not None and not is_same:
        raise not_here("reduce with an output function other than s -> s")
    node.set("finish", None)


def _unnest(node: exp.Unnest) -> None:
    if len(node.expressions) > 1:
        raise not_here("UNNEST of several arrays")
    if any(_is_map(item) for item in node.expressions):
        raise not_here("UNNEST of a map")


def _keep_date(node: exp.DateAdd | exp.Add | exp.Sub) -> None:
    """A date and days are a date; DuckDB makes a timestamp of them."""
    amount = node if isinstance(node, exp.DateAdd) else node.expression
    unit = amount.args.get("unit")
    if isinstance(node, (exp.Add, exp.Sub)) and not isinstance(amount, exp.Interval):
        return
    if family(node.this) == "date" and unit is not None and unit.name.lower() not in _PARTS_OF_A_DAY:
        node.replace(exp.cast(exp.paren(node.copy()), "date"))
