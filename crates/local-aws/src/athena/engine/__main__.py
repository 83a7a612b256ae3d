"""The SQL engine of the embedded Athena: a process per statement.

    python engine/ QUERY OUTCOME RESULT

QUERY is a JSON document: `statement`, `parameters`, `database`, `catalog` (databases, tables, partitions in Glue's
form) and `buckets` (names and local folders). The result goes to RESULT, as Athena writes it; OUTCOME becomes a JSON
document of the columns and the bytes scanned, or of Athena's error.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

import catalog
import execute
import output
from errors import ENGINE_ERROR, SYSTEM, QueryError


def answer(query: dict[str, Any], result_path: str) -> dict[str, Any]:
    try:
        read = catalog.read(query["catalog"], query["buckets"])
        database = (query.get("database") or "default").lower()
        result = execute.run(query["statement"], query.get("parameters") or [], read, database, query.get("cutoff"))
    except QueryError as error:
        return {"error": error.document()}
    except execute.OverLimit as error:
        return {"over_limit": True, "scanned": error.scanned}
    except Exception as error:
        traceback.print_exc()
        text = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
        return {"error": QueryError(text, SYSTEM, ENGINE_ERROR).document()}
    is_table = result.statement_type == "DML"
    with open(result_path, "w", encoding="utf-8", newline="") as file:
        if is_table:
            file.write(output.csv_line([name for name, _ in result.columns]))
        for row in result.rows:
            file.write(output.csv_line(row) if is_table else f"{row[0]}\n")
    return {
        "statement_type": result.statement_type,
        "columns": [{"Name": name, "Type": kind} for name, kind in result.columns],
        "scanned": result.scanned,
        "rows": len(result.rows),
    }


def main() -> int:
    query_path, outcome_path, result_path = sys.argv[1:]
    with open(query_path, encoding="utf-8") as file:
        query = json.load(file)
    outcome = answer(query, result_path)
    with open(outcome_path, "w", encoding="utf-8") as file:
        json.dump(outcome, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
