"""Another team's lifecycle rules, by boto3 against the endpoint that the environment names.

    python tests/checks/foreign_rules.py put new|old BUCKET      five kinds of rules, or rules with a base prefix
    python tests/checks/foreign_rules.py read new|old BUCKET     what became of them

`read` prints one JSON document: whether the first rules are theirs, equal and in their order, how many come after them,
and the least size of objects that move.
"""

from __future__ import annotations

import json
import sys

import boto3
from boto3_lifecycle import NEW, OLD
from botocore.exceptions import ClientError


def main() -> None:
    what, form, bucket = sys.argv[1:]
    theirs = {"new": NEW, "old": OLD}[form]
    s3 = boto3.client("s3")
    if what == "put":
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": theirs},
            TransitionDefaultMinimumObjectSize="varies_by_storage_class",
        )
        return
    try:
        found = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    except ClientError as error:
        print(json.dumps({"error": error.response["Error"]["Code"]}))
        return
    rules = found["Rules"]
    document = {
        "kept": rules[: len(theirs)] == theirs,
        "more": [rule["ID"] for rule in rules[len(theirs) :]],
        "minimum": found["TransitionDefaultMinimumObjectSize"],
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
