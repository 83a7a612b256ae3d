"""A query in Athena as a stranger's SDK asks it: boto3 against the endpoint of the environment."""

from __future__ import annotations

import time
from typing import Any

import boto3


def run(statement: str, database: str, **arguments: Any) -> dict[str, Any]:
    """Starts a query and looks until it is over: Athena has no call that waits. Gives its `QueryExecution`."""
    athena = boto3.client("athena")
    started = athena.start_query_execution(
        QueryString=statement, QueryExecutionContext={"Database": database}, **arguments
    )
    while True:
        execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])[
            "QueryExecution"
        ]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        time.sleep(0.05)


def pages(execution: dict[str, Any], size: int = 1000) -> list[dict[str, Any]]:
    """The result sets of all pages of a query."""
    paginator = boto3.client("athena").get_paginator("get_query_results")
    found = paginator.paginate(QueryExecutionId=execution["QueryExecutionId"], PaginationConfig={"PageSize": size})
    return [page["ResultSet"] for page in found]


def rows(pages: list[dict[str, Any]]) -> list[list[str | None]]:
    """All rows of these pages; the first is the header, for statements that read tables."""
    return [[cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["Rows"]]
