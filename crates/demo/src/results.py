"""Reads the result tables of one run with DuckDB, and prints what the demo shows as one JSON document.

    python results.py FOLDER

FOLDER holds the output of a run: one folder per table, Parquet files in each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

# Latency is a histogram: bucket b counts answers that took more than 1.02^(b-1) and at most 1.02^b milliseconds. The
# percentile is in the first bucket whose running total reaches its share; the bucket's geometric middle is within 1%.
SLOWEST = """
    WITH buckets AS (
        SELECT method, path, bucket, sum(requests) AS requests FROM latency GROUP BY ALL
    ), running AS (
        SELECT *,
            sum(requests) OVER (PARTITION BY method, path ORDER BY bucket) AS reached,
            sum(requests) OVER (PARTITION BY method, path) AS total
        FROM buckets
    ), percentiles AS (
        SELECT method, path, any_value(total) AS requests,
            min(bucket) FILTER (reached >= ceil(total * 0.50)) AS b50,
            min(bucket) FILTER (reached >= ceil(total * 0.95)) AS b95,
            min(bucket) FILTER (reached >= ceil(total * 0.99)) AS b99
        FROM running GROUP BY method, path
    )
    SELECT method, path, requests::BIGINT AS requests,
        pow(1.02, b50 - 0.5) AS p50,
        pow(1.02, b95 - 0.5) AS p95,
        pow(1.02, b99 - 0.5) AS p99
    FROM percentiles WHERE requests >= 200 ORDER BY p99 DESC, method, path LIMIT 10
"""

STATUS_CODES = """
    SELECT status_code AS code, requests, avg_response_time AS average, max_response_time AS longest
    FROM processed_logs ORDER BY status_code
"""

ERRORS = """
    SELECT level, message, exception, count, first_seen, last_seen
    FROM errors WHERE level <> 'WARN' ORDER BY count DESC, message LIMIT 6
"""

# Five minutes to a bar, three quarters of an hour on both sides of the worst one.
INCIDENT = """
    WITH bars AS (
        SELECT time_bucket(INTERVAL 5 MINUTE, minute::TIMESTAMP) AS start,
            sum(requests)::BIGINT AS requests, sum(errors)::BIGINT AS errors
        FROM traffic GROUP BY start
    ), worst AS (SELECT start AS moment FROM bars ORDER BY errors DESC, start LIMIT 1)
    SELECT strftime(start, '%H:%M') AS "at", requests, errors
    FROM bars, worst
    WHERE start BETWEEN moment - INTERVAL 45 MINUTE AND moment + INTERVAL 45 MINUTE
    ORDER BY start
"""

REJECTS = "SELECT reason, count FROM rejects ORDER BY count DESC, reason"


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, object]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


def main(folder: Path) -> None:
    connection = duckdb.connect()
    for table in ("processed_logs", "latency", "traffic", "errors", "rejects"):
        files = str(folder / table / "*.parquet").replace("'", "''")
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{files}')")
    print(
        json.dumps(
            {
                "status_codes": rows(connection, STATUS_CODES),
                "slowest": rows(connection, SLOWEST),
                "errors": rows(connection, ERRORS),
                "incident": rows(connection, INCIDENT),
                "rejects": rows(connection, REJECTS),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
