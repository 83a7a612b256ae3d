"""Somebody lets a table serve another folder for a day, as a stranger's SDK does it.

python tests/checks/move_partition.py DATABASE TABLE DAY LOCATION
"""

from __future__ import annotations

import sys

import boto3


def main() -> None:
    database, table, day, location = sys.argv[1:]
    glue = boto3.client("glue")
    found = glue.get_partition(DatabaseName=database, TableName=table, PartitionValues=[day])["Partition"]
    storage = {**found["StorageDescriptor"], "Location": location}
    moved = {"Values": [day], "StorageDescriptor": storage, "Parameters": found.get("Parameters", {})}
    glue.update_partition(DatabaseName=database, TableName=table, PartitionValueList=[day], PartitionInput=moved)


if __name__ == "__main__":
    main()
