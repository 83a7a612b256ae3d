"""Errors as Athena words them."""

from __future__ import annotations

SYSTEM, USER, OTHER = 1, 2, 3
USER_ERROR, DATA_ERROR, ENGINE_ERROR = 1000, 1001, 200


class QueryError(Exception):
    """Why a statement fails: what GetQueryExecution shows as AthenaError."""

    def __init__(self, message: str, category: int = USER, kind: int = USER_ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.category = category
        self.kind = kind

    def document(self) -> dict[str, object]:
        return {
            "ErrorCategory": self.category,
            "ErrorType": self.kind,
            "Retryable": False,
            "ErrorMessage": self.message,
        }


class Place:
    """Turns an offset in the statement into Trino's `line 1:8`."""

    def __init__(self, statement: str) -> None:
        self.statement = statement

    def of(self, offset: int | None) -> str:
        before = self.statement[: offset or 0]
        return f"line {before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def semantic(code: str, place: str, text: str) -> QueryError:
    return QueryError(f"{code}: {place}: {text}")


def not_here(what: str) -> QueryError:
    """For what Athena can do and the embedded one cannot."""
    return QueryError(f"NOT_SUPPORTED: the embedded Athena does not do {what}", OTHER)


def data_error(text: str) -> QueryError:
    return QueryError(text, USER, DATA_ERROR)
