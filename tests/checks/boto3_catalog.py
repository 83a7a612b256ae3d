"""Glue's Data Catalog as a stranger's SDK sees it: boto3 against the endpoint that the environment names.

    python tests/checks/boto3_catalog.py

Makes a database with tables and partitions, moves a partition, and reads everything back through paginators. Prints one
JSON document. What it made stays.
"""

from __future__ import annotations

import json
from typing import Any

import boto3

DATABASE, TABLE = "strangers", "visits"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def storage(location: str) -> dict[str, Any]:
    return {
        "Columns": [
            {"Name": "path", "Type": "string", "Comment": "what was asked for"},
            {"Name": "ms", "Type": "double"},
        ],
        "Location": location,
        "InputFormat": f"{PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{PARQUET}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{PARQUET}.serde.ParquetHiveSerDe"},
    }


def partition(day: str, attempt: int) -> dict[str, Any]:
    return {"Values": [day], "StorageDescriptor": storage(f"s3://b/visits/date={day}/a{attempt}/")}


def table(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
        "PartitionKeys": [{"Name": "date", "Type": "string"}],
        "StorageDescriptor": storage("s3://b/visits/"),
    }


def code(call: Any, **arguments: Any) -> str:
    try:
        call(**arguments)
    except boto3.client("glue").exceptions.ClientError as error:
        return f"{type(error).__name__}: {error.response['Error']['Message']}"
    return "no error"


def main() -> None:
    glue = boto3.client("glue")
    of = {"DatabaseName": DATABASE, "TableName": TABLE}
    glue.create_database(DatabaseInput={"Name": DATABASE.upper(), "Description": "made by a check"})
    for name in (TABLE, "one", "two", "three"):
        glue.create_table(DatabaseName=DATABASE, TableInput=table(name))
    days = [f"2024-10-{day}" for day in range(10, 20)]
    created = glue.batch_create_partition(**of, PartitionInputList=[partition(day, 1) for day in days])
    glue.create_partition(**of, PartitionInput=partition("2024-10-20", 1))
    before = glue.get_partition(**of, PartitionValues=["2024-10-20"])["Partition"]
    glue.update_partition(**of, PartitionValueList=["2024-10-20"], PartitionInput=partition("2024-10-20", 2))
    after = glue.get_partition(**of, PartitionValues=["2024-10-20"])["Partition"]
    deleted = glue.batch_delete_partition(**of, PartitionsToDelete=[{"Values": [day]} for day in days[:2] + ["x"]])

    shown = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]
    changed = {"Name": TABLE, "PartitionKeys": shown["PartitionKeys"], "StorageDescriptor": shown["StorageDescriptor"]}
    glue.update_table(DatabaseName=DATABASE, TableInput=changed, VersionId=shown["VersionId"])
    stale = code(glue.update_table, DatabaseName=DATABASE, TableInput=changed, VersionId=shown["VersionId"])

    def pages(operation: str, key: str, **arguments: Any) -> list[list[Any]]:
        return [page[key] for page in glue.get_paginator(operation).paginate(**arguments)]

    partitions = pages("get_partitions", "Partitions", **of, Expression="date BETWEEN '2024-10-13' AND '2024-10-31'")
    document = {
        "databases": [item["Name"] for page in pages("get_databases", "DatabaseList") for item in page],
        "tables": [[item["Name"] for item in page] for page in pages("get_tables", "TableList", DatabaseName=DATABASE)],
        "partitions": [[item["Values"][0] for item in page] for page in partitions],
        "location": after["StorageDescriptor"]["Location"],
        "kept": before["CreationTime"] == after["CreationTime"],
        "columns": after["StorageDescriptor"]["Columns"] == storage("")["Columns"],
        "versions": [shown["VersionId"], glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]["VersionId"]],
        "errors": {
            "created": created["Errors"],
            "deleted": [error["ErrorDetail"]["ErrorCode"] for error in deleted["Errors"]],
            "stale": stale,
            "again": code(glue.create_partition, **of, PartitionInput=partition("2024-10-20", 3)),
            "none": code(glue.get_table, DatabaseName=DATABASE, Name="none"),
        },
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
