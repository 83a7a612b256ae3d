"""Lifecycle rules as a stranger's SDK sees them: boto3 against the endpoint that the environment names.

    python tests/checks/boto3_lifecycle.py BUCKET

Puts rules of five kinds, then rules of the old form with a base prefix, and compares what comes back. Leaves the bucket
without rules. Prints one JSON document.
"""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any

import boto3
from botocore.exceptions import ClientError

NEW = [
    {
        "ID": "archive",
        "Filter": {"Prefix": "raw/"},
        "Status": "Enabled",
        "Transitions": [
            {"Days": 30, "StorageClass": "STANDARD_IA"},
            {"Days": 90, "StorageClass": "GLACIER"},
            {"Days": 180, "StorageClass": "DEEP_ARCHIVE"},
        ],
        "Expiration": {"Days": 365},
    },
    {"ID": "uploads", "Filter": {}, "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    {
        "ID": "tagged",
        "Filter": {"Tag": {"Key": "keep", "Value": "no"}},
        "Status": "Disabled",
        "Expiration": {"Date": datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)},
    },
    {
        "ID": "big",
        "Filter": {
            "And": {
                "Prefix": "tmp/",
                "ObjectSizeGreaterThan": 1024,
                "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            }
        },
        "Status": "Enabled",
        "Transitions": [{"Days": 0, "StorageClass": "GLACIER_IR"}],
    },
    {
        "ID": "versions",
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        "NoncurrentVersionTransitions": [
            {"NoncurrentDays": 30, "StorageClass": "ONEZONE_IA", "NewerNoncurrentVersions": 3}
        ],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 3},
    },
]
OLD = [
    {"ID": "old", "Prefix": "logs/", "Status": "Enabled", "Expiration": {"Days": 30}},
    {"ID": "older", "Prefix": "", "Status": "Disabled", "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
]


def main() -> None:
    bucket = sys.argv[1]
    s3 = boto3.client("s3")

    def answered(rules: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}, **more)
        return s3.get_bucket_lifecycle_configuration(Bucket=bucket)

    def code(rules: list[dict[str, Any]] | None = None) -> str:
        try:
            if rules is None:
                s3.get_bucket_lifecycle_configuration(Bucket=bucket)
            else:
                s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "no error"

    none = code()
    new = answered(NEW, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    old = answered(OLD)
    errors = {"none": none, "mixed": code(NEW + OLD), "twice": code([OLD[0], OLD[0]])}
    kept = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == OLD
    s3.delete_bucket_lifecycle(Bucket=bucket)
    document = {
        "new": new["Rules"] == NEW,
        "old": old["Rules"] == OLD,
        "minimum": [new["TransitionDefaultMinimumObjectSize"], old["TransitionDefaultMinimumObjectSize"]],
        "kept": kept,
        "errors": {**errors, "gone": code()},
        "differences": [] if new["Rules"] == NEW else [repr(new["Rules"])],
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
