"""A reader of a day's tables who never pauses: boto3 against the endpoint that the environment names.

    python tests/checks/day_reader.py BUCKET DATABASE DAY STOP_FILE

Reads by Athena and, more often, the partition and its objects by hand, until STOP_FILE is there, and at least once.
Each table of the scripted day has two rows of one attempt. Prints one JSON document: how much was read, the attempts
that were seen, how often two tables showed two attempts, and everything that should not be.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

if __package__:
    from checks import athena
else:
    import athena

ROWS = 2
DIRECT_READS_PER_QUERY = 5


class Reader:
    def __init__(self, bucket: str, database: str, day: str) -> None:
        self.bucket, self.database, self.day = bucket, database, day
        self.glue, self.s3 = (boto3.client(name) for name in ("glue", "s3"))
        tables = self.glue.get_tables(DatabaseName=database)["TableList"]
        self.tables = sorted(table["Name"] for table in tables)
        self.problems: list[str] = []
        self.runs: set[str] = set()
        self.reads, self.queries, self.between = 0, 0, 0

    def one_run(self, what: str, counts: Counter[str]) -> str | None:
        """The one attempt whose rows these are, all of them."""
        if len(counts) == 1 and set(counts.values()) == {ROWS}:
            (run,) = counts
            self.runs.add(run)
            return run
        self.problems.append(f"{what}: {dict(counts)}")
        return None

    def by_hand(self, table: str) -> Counter[str]:
        found = self.glue.get_partition(DatabaseName=self.database, TableName=table, PartitionValues=[self.day])
        location = found["Partition"]["StorageDescriptor"]["Location"]
        prefix = location.removeprefix(f"s3://{self.bucket}/")
        counts: Counter[str] = Counter()
        for entry in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", []):
            body = self.s3.get_object(Bucket=self.bucket, Key=entry["Key"])["Body"].read().decode()
            counts.update(row["run"] for row in csv.DictReader(io.StringIO(body)))
        return counts

    def query(self, statement: str) -> list[list[str | None]]:
        results = {"OutputLocation": f"s3://{self.bucket}/reader/"}
        execution = athena.run(statement, self.database, ResultConfiguration=results)
        if execution["Status"]["State"] != "SUCCEEDED":
            raise RuntimeError(execution["Status"].get("StateChangeReason", "no reason"))
        return athena.rows(athena.pages(execution))[1:]

    def by_athena(self) -> None:
        where = f"WHERE date = '{self.day}'"
        rows = self.query(f"SELECT run, count(*) AS found FROM processed_logs {where} GROUP BY run")
        run = self.one_run("processed_logs by Athena", Counter({str(run): int(found or 0) for run, found in rows}))
        # Who filters on `run` sees all rows of that attempt in another table, or none, when that one moves later.
        rows = self.query(f"SELECT run FROM rejects {where} AND run = '{run}'")
        if len(rows) not in (0, ROWS):
            self.problems.append(f"rejects by Athena: {rows}")
        self.queries += 1

    def read(self) -> None:
        seen = {self.one_run(table, self.by_hand(table)) for table in self.tables}
        self.between += len(seen) > 1
        self.reads += 1
        if self.reads % DIRECT_READS_PER_QUERY == 1:
            self.by_athena()


def main() -> None:
    bucket, database, day, stop = sys.argv[1:]
    reader = Reader(bucket, database, day)
    while True:
        try:
            reader.read()
        except (ClientError, RuntimeError) as error:
            reader.problems.append(repr(error))
        if Path(stop).exists():
            break
    document = {
        "reads": reader.reads,
        "queries": reader.queries,
        "between": reader.between,
        "runs": sorted(reader.runs),
        "problems": reader.problems,
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
