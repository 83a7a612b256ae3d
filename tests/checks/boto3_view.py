"""What a stranger's SDK sees of a run: boto3 against the endpoint that the environment names.

    python tests/checks/boto3_view.py CLUSTER_ID LOG_URI PIPELINE

Prints one JSON document: the cluster, its steps, their logs, the metrics and the alarm.
"""

from __future__ import annotations

import datetime
import gzip
import json
import sys
from typing import Any

import boto3


def pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page.get(key, [])]


def logs(log_uri: str, cluster: str) -> dict[str, str]:
    bucket, _, prefix = log_uri.removeprefix("s3://").partition("/")
    s3 = boto3.client("s3")
    objects = pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix=f"{prefix}{cluster}/steps/")
    contents = {}
    for item in objects:
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        name = item["Key"].removeprefix(prefix)
        contents[name] = gzip.decompress(body).decode("utf-8", errors="replace")[-2000:]
    return contents


def metric_values(pipeline: str) -> dict[str, float]:
    cloudwatch = boto3.client("cloudwatch")
    now = datetime.datetime.now(datetime.timezone.utc)
    values = {}
    for metric in pages(cloudwatch, "list_metrics", "Metrics", Namespace="Emrys"):
        if metric["Dimensions"] != [{"Name": "Pipeline", "Value": pipeline}]:
            continue
        query = {
            "Id": "m",
            "MetricStat": {
                "Metric": {k: metric[k] for k in ("Namespace", "MetricName", "Dimensions")},
                "Period": 3600,
                "Stat": "Maximum",
            },
        }
        result = cloudwatch.get_metric_data(
            MetricDataQueries=[query],
            StartTime=now - datetime.timedelta(days=14),
            EndTime=now + datetime.timedelta(hours=1),
        )
        found = result["MetricDataResults"][0]["Values"]
        values[metric["MetricName"]] = max(found) if found else None
    return values


def main() -> None:
    cluster_id, log_uri, pipeline = sys.argv[1:4]
    emr = boto3.client("emr")
    cluster = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
    steps = pages(emr, "list_steps", "Steps", ClusterId=cluster_id)
    clusters = pages(emr, "list_clusters", "Clusters")
    alarms = pages(boto3.client("cloudwatch"), "describe_alarms", "MetricAlarms")
    document = {
        "account": boto3.client("sts").get_caller_identity()["Account"],
        "clusters": sorted(item["Id"] for item in clusters),
        "cluster": {
            "name": cluster["Name"],
            "state": cluster["Status"]["State"],
            "reason": cluster["Status"]["StateChangeReason"].get("Code"),
            "tags": {tag["Key"]: tag["Value"] for tag in cluster["Tags"]},
            "log_uri": cluster.get("LogUri"),
        },
        "steps": [{"id": s["Id"], "name": s["Name"], "state": s["Status"]["State"]} for s in steps],
        "logs": logs(log_uri, cluster_id),
        "metrics": metric_values(pipeline),
        "alarms": {a["AlarmName"]: a["StateValue"] for a in alarms},
    }
    print(json.dumps(document, indent=1, default=str))


if __name__ == "__main__":
    main()
