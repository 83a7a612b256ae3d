"""The first part of the gate: what Trino's grammar has no words for, though DuckDB or the parser would take it."""

from __future__ import annotations

import sqlglot
from errors import Place, QueryError, not_here, semantic
from functions import CALLABLE, ONLY_AT_ATHENA, words
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

# Words that stand before a parenthesis and call nothing.
_WORDS = words(
    """select distinct from where and or not in on using as by having over filter within when then else case end with
    values exists any some all union intersect except join cross lateral between like is limit offset partition
    order interval rollup cube sets grouping materialized recursive row array map tablesample bernoulli system
    escape decimal varchar char timestamp time numeric dec unnest ordinality fetch first next ignore nulls"""
)
_STRANGE = {
    TokenType.DCOLON: "::",
    TokenType.NULLSAFE_EQ: "<=>",
    TokenType.DSTAR: "**",
    TokenType.CARET: "^",
    TokenType.AMP: "&",
    TokenType.PIPE: "|",
    TokenType.TILDE: "~",
    TokenType.L_BRACE: "{",
    TokenType.DARROW: "->>",
    TokenType.COLON_EQ: ":=",
}
_NO_KEYWORDS = words("ilike qualify pivot unpivot exclude pragma attach copy asof positional anti semi glob")


def tokens_of(statement: str) -> list[Token]:
    try:
        return list(sqlglot.tokenize(statement, read="athena"))
    except SqlglotError as error:
        raise QueryError(f"SYNTAX_ERROR: line 1:1: {error}") from error


def fill_parameters(statement: str, parameters: list[str]) -> str:
    """Puts execution parameters, which are literals, in the place of `?`."""
    marks = [token for token in tokens_of(statement) if statement[token.start : token.end + 1] == "?"]
    if len(marks) != len(parameters):
        place = Place(statement).of(0)
        raise semantic(
            "INVALID_PARAMETER_USAGE",
            place,
            f"Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}",
        )
    for token, value in reversed(list(zip(marks, parameters))):
        _check_literal(value)
        statement = statement[: token.start] + value + statement[token.end + 1 :]
    return statement


def _check_literal(value: str) -> None:
    allowed = {TokenType.STRING, TokenType.NUMBER, TokenType.DASH, TokenType.DATE, TokenType.TIMESTAMP}
    allowed |= {TokenType.TRUE, TokenType.FALSE, TokenType.NULL}
    found = tokens_of(value)
    if not found or any(token.token_type not in allowed for token in found):
        raise QueryError(
            f"INVALID_PARAMETER_USAGE: the execution parameter {value} is no literal: a text stands in single quotes"
        )


def check(statement: str, tokens: list[Token]) -> None:
    place = Place(statement)
    _one_statement(statement, tokens)
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        _check_token(statement, place, before, token, after)
    _check_order(place, tokens)
    _check_calls(place, tokens)


def _one_statement(statement: str, tokens: list[Token]) -> None:
    if any(token.token_type == TokenType.SEMICOLON for token in tokens[:-1]):
        raise QueryError(f"Only one sql statement is allowed. Got: {statement}")


def mismatch(place: str, what: str) -> QueryError:
    return QueryError(f"{place}: mismatched input '{what}'")


def _check_token(statement: str, place: Place, before: Token | None, token: Token, after: Token | None) -> None:
    raw = statement[token.start : token.end + 1]
    where = place.of(token.start)
    quoted = raw[:1] in "\"'"
    if token.token_type in _STRANGE or raw in ("==", "//"):
        raise mismatch(where, raw)
    if raw.startswith("`"):
        raise QueryError(f"{where}: backquoted identifiers are not supported; use double quotes to quote identifiers")
    word = "" if quoted else raw.lower()
    names = before is not None and before.text.lower() in ("as", ".")
    # Names of nothing in Trino: a column may be called so, but not where two words follow each other.
    if word in _NO_KEYWORDS and not names and before is not None and _is_value_end(before):
        raise mismatch(where, raw)
    if word == "all" and before is not None and before.text.lower().endswith("by"):
        raise mismatch(where, raw)
    if word == "sample" and before is not None and before.text.lower() == "using":
        raise mismatch(where, raw)
    is_list = token.token_type == TokenType.L_BRACKET
    if is_list and not (before is not None and (_is_value_end(before) or before.text.lower() == "array")):
        raise mismatch(where, raw)
    if word == "from" and (before is None or before.token_type == TokenType.L_PAREN):
        raise mismatch(where, raw)
    if word == "replace" and before is not None and before.token_type == TokenType.STAR:
        raise mismatch(where, raw)
    if word == "rename" and before is not None and before.token_type == TokenType.STAR:
        raise mismatch(where, raw)


def _is_value_end(token: Token) -> bool:
    ends = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.VAR, TokenType.IDENTIFIER, TokenType.STAR)
    others = (TokenType.STRING, TokenType.NUMBER, TokenType.DATE, TokenType.TIMESTAMP)
    return token.token_type in ends or token.token_type in others


def _check_order(place: Place, tokens: list[Token]) -> None:
    """Trino has OFFSET before LIMIT and FETCH, at each level of parentheses."""
    limits = [False]
    for token in tokens:
        if token.token_type == TokenType.L_PAREN:
            limits.append(False)
        elif token.token_type == TokenType.R_PAREN and len(limits) > 1:
            limits.pop()
        elif token.token_type in (TokenType.LIMIT, TokenType.FETCH):
            limits[-1] = True
        elif token.token_type == TokenType.OFFSET and limits[-1]:
            raise mismatch(place.of(token.start), token.text)


def _check_calls(place: Place, tokens: list[Token]) -> None:
    named = {tokens[i].text.lower() for i in range(len(tokens)) if _names_a_relation(tokens, i)}
    for index, token in enumerate(tokens[:-1]):
        name = token.text.lower()
        if tokens[index + 1].token_type != TokenType.L_PAREN or not name[:1].isalpha():
            continue
        if (
            token.token_type in (TokenType.STRING, TokenType.NUMBER, TokenType.GROUP_BY)
            or name.split()[0] in _WORDS | CALLABLE
            or name in named
        ):
            continue
        if name in ONLY_AT_ATHENA:
            raise not_here(f"the function {name}")
        raise semantic("FUNCTION_NOT_FOUND", place.of(token.start), f"Function '{name}' not registered")


def _names_a_relation(tokens: list[Token], index: int) -> bool:
    """`WITH t (a, b) AS (…)`, and `… AS t (a, b)` or `UNNEST(…) t (a, b)`."""
    before = tokens[index - 1] if index else None
    if before is None or tokens[index].token_type not in (TokenType.VAR, TokenType.IDENTIFIER):
        return False
    return before.text.lower() in ("as", "with", "recursive", "ordinality", ")", ",") and _list_of_names(tokens, index)


def _list_of_names(tokens: list[Token], index: int) -> bool:
    rest = iter(tokens[index + 1 :])
    if next(rest, None) is None or tokens[index + 1].token_type != TokenType.L_PAREN:
        return False
    for token in rest:
        if token.token_type == TokenType.R_PAREN:
            following = next(rest, None)
            is_cte = following is not None and following.text.lower() == "as"
            return tokens[index - 1].text != "," or is_cte
        if token.token_type in (TokenType.L_PAREN, TokenType.STRING, TokenType.NUMBER):
            return False
    return False
