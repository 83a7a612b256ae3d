"""A table in Glue and a query in Athena as a stranger's SDK does them: boto3 against the endpoint of the environment.

    python tests/checks/athena_query.py BUCKET

Makes a database, a table and the partition of one day, puts a Parquet file there, and asks. Prints one JSON document:
the rows, what the execution says of itself, and what a wrong query is answered with.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
import duckdb

if __package__:
    from checks import athena
else:
    import athena

STATEMENT = """SELECT status_code, AVG(avg_response_time) AS avg_response_time
FROM processed_logs
WHERE date = '2024-10-20'
GROUP BY status_code;"""
DAY = """COPY (SELECT 200 AS status_code, 12.5::DOUBLE AS avg_response_time
UNION ALL SELECT 200, 7.5 UNION ALL SELECT 404, 3.0) TO '{}'"""
FORMAT = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    "Columns": [{"Name": "status_code", "Type": "int"}, {"Name": "avg_response_time", "Type": "double"}],
}


def make_table(bucket: str) -> None:
    glue = boto3.client("glue")
    root = f"s3://{bucket}/athena-check/processed_logs/"
    glue.create_database(DatabaseInput={"Name": "checks"})
    table = {
        "Name": "processed_logs",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": "date", "Type": "string"}],
        "StorageDescriptor": {**FORMAT, "Location": root},
    }
    glue.create_table(DatabaseName="checks", TableInput=table)
    for day in ("2024-10-20", "2024-10-21"):
        partition = {"Values": [day], "StorageDescriptor": {**FORMAT, "Location": f"{root}{day}/"}}
        glue.create_partition(DatabaseName="checks", TableName="processed_logs", PartitionInput=partition)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.parquet"
        duckdb.execute(DAY.replace("{}", str(path)))
        key = "athena-check/processed_logs/2024-10-20/part-0.parquet"
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def run(statement: str, bucket: str, **arguments: Any) -> dict[str, Any]:
    results = {"OutputLocation": f"s3://{bucket}/athena-check/results/"}
    return athena.run(statement, "checks", ResultConfiguration=results, **arguments)


def rows(execution: dict[str, Any]) -> list[list[str | None]]:
    return athena.rows(athena.pages(execution, size=2))


def main() -> None:
    bucket = sys.argv[1]
    make_table(bucket)
    good = run(STATEMENT, bucket)
    answer: dict[str, Any] = {"state": good["Status"]["State"], "reason": good["Status"].get("StateChangeReason")}
    if answer["state"] == "SUCCEEDED":
        header, *found = rows(good)
        location = good["ResultConfiguration"]["OutputLocation"]
        key = location.removeprefix(f"s3://{bucket}/")
        answer.update(
            header=header,
            rows=sorted(found),
            scanned=good["Statistics"]["DataScannedInBytes"],
            csv=boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode(),
        )
    parameters = run("SELECT count(*) FROM processed_logs WHERE date = ?", bucket, ExecutionParameters=["'2024-10-21'"])
    answer["empty_day"] = rows(parameters) if parameters["Status"]["State"] == "SUCCEEDED" else parameters["Status"]
    wrong = run("SELECT status_code AS s, count(*) FROM processed_logs GROUP BY s", bucket)
    answer["error"] = wrong["Status"]["AthenaError"]
    print(json.dumps(answer, default=str))


if __name__ == "__main__":
    main()
