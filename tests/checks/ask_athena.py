"""Asks a statement of the catalog as a stranger's SDK does, and computes what the answer has to be.

    python ask_athena.py DATABASE WORKGROUP STATEMENT [FOLDER_OF_RAW_LOGS]

Prints one JSON document: the header, types and rows of boto3's Athena against the endpoint of the environment, and,
from the raw logs by `reference.py`, the average response time and the requests by status code, and the counts of a day.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

if __package__:
    from checks import athena, reference
else:
    import athena
    import reference


def ask(database: str, workgroup: str, statement: str) -> dict[str, Any]:
    execution = athena.run(statement, database, WorkGroup=workgroup)
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        return {"state": status["State"], "reason": status.get("StateChangeReason")}
    pages = athena.pages(execution)
    header, *rows = athena.rows(pages)
    columns = pages[0]["ResultSetMetadata"]["ColumnInfo"]
    return {
        "state": status["State"],
        "header": header,
        "types": [column["Type"] for column in columns],
        "rows": rows,
    }


def expected(folder: Path) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    computed = reference.compute(reference.read_files(files))
    by_status = {str(status): row for (status,), row in computed.tables["processed_logs"].items()}
    minutes = computed.tables["traffic"]
    peak = min(minutes, key=lambda minute: (-minutes[minute]["requests"], minute))
    return {
        "averages": {status: row["avg_response_time"] for status, row in by_status.items()},
        "requests": {status: row["requests"] for status, row in by_status.items()},
        "access": computed.access,
        "errors": computed.errors_read,
        "rejected": computed.rejected,
        "error_responses": computed.error_responses,
        "peak": [peak[0], minutes[peak]["requests"]],
    }


def main() -> None:
    database, workgroup, statement, *folders = sys.argv[1:]
    document = ask(database, workgroup, statement)
    if folders:
        document["expected"] = expected(Path(folders[0]))
    print(json.dumps(document))


if __name__ == "__main__":
    main()
