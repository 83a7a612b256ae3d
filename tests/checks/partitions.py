"""Where the partitions of all tables of a database lie: boto3 against the endpoint that the environment names.

python tests/checks/partitions.py DATABASE    prints {table: {date: location}}, as JSON
"""

from __future__ import annotations

import json
import sys

import boto3


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    database = sys.argv[1]
    glue = boto3.client("glue")
    seen = {}
    for page in glue.get_paginator("get_tables").paginate(DatabaseName=database):
        for table in page["TableList"]:
            pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table["Name"])
            found = [partition for page in pages for partition in page["Partitions"]]
            seen[table["Name"]] = {
                partition["Values"][0]: partition["StorageDescriptor"]["Location"] for partition in found
            }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
