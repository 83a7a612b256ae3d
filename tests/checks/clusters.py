"""Clusters that nobody here launched, and how all stand: boto3 against the endpoint that the environment names.

python tests/checks/clusters.py launch NAME [KEY=VALUE ...]    an idle cluster with these tags; prints its id
python tests/checks/clusters.py states                         prints {id: state} of all clusters, as JSON
python tests/checks/clusters.py await ID                       waits for its end; prints what is said of it
"""

from __future__ import annotations

import json
import sys
import time

import boto3


def launch(name: str, tags: list[str]) -> str:
    pairs = [tag.partition("=") for tag in tags]
    answer = boto3.client("emr").run_job_flow(
        Name=name,
        ReleaseLabel="emr-7.13.0",
        Instances={
            "InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}],
            "KeepJobFlowAliveWhenNoSteps": True,
        },
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole_V2",
        Tags=[{"Key": key, "Value": value} for key, _, value in pairs],
    )
    return answer["JobFlowId"]


def states() -> dict[str, str]:
    pages = boto3.client("emr").get_paginator("list_clusters").paginate()
    return {cluster["Id"]: cluster["Status"]["State"] for page in pages for cluster in page["Clusters"]}


def until_ended(cluster: str) -> dict[str, object]:
    emr = boto3.client("emr")
    for _ in range(300):
        seen = emr.describe_cluster(ClusterId=cluster)["Cluster"]
        if seen["Status"]["State"].startswith("TERMINATED"):
            pages = emr.get_paginator("list_steps").paginate(ClusterId=cluster)
            # The newest comes first.
            steps = [step["Status"]["State"] for page in pages for step in page["Steps"]][::-1]
            tags = {tag["Key"]: tag["Value"] for tag in seen["Tags"]}
            reason = seen["Status"]["StateChangeReason"]
            return {"state": seen["Status"]["State"], "reason": reason, "steps": steps, "tags": tags}
        time.sleep(0.2)
    sys.exit(f"{cluster} has not ended")


def main() -> None:
    arguments = sys.argv[1:]
    if len(arguments) >= 2 and arguments[0] == "launch":
        print(launch(arguments[1], arguments[2:]))
    elif arguments == ["states"]:
        print(json.dumps(states()))
    elif len(arguments) == 2 and arguments[0] == "await":
        print(json.dumps(until_ended(arguments[1])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
