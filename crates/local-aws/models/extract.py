"""Extracts what the embedded AWS needs of the service models from an installed botocore.

    python3 -m venv scratch && scratch/bin/pip install botocore
    scratch/bin/python crates/local-aws/models/extract.py

Writes a file for each service beside itself: the supported operations and every shape that their inputs, outputs and
errors reach, with the constraints, and the version of botocore that they come from. Documentation texts are left out.
"""

from __future__ import annotations

import json
from pathlib import Path

import botocore
import botocore.loaders

OPERATIONS = {
    "athena": [
        "BatchGetNamedQuery",
        "BatchGetQueryExecution",
        "CreateNamedQuery",
        "CreateWorkGroup",
        "DeleteNamedQuery",
        "DeleteWorkGroup",
        "GetNamedQuery",
        "GetQueryExecution",
        "GetQueryResults",
        "GetWorkGroup",
        "ListNamedQueries",
        "ListPreparedStatements",
        "ListQueryExecutions",
        "ListTagsForResource",
        "ListWorkGroups",
        "StartQueryExecution",
        "StopQueryExecution",
        "UpdateNamedQuery",
        "UpdateWorkGroup",
    ],
    "emr": [
        "AddJobFlowSteps",
        "AddTags",
        "CancelSteps",
        "DescribeCluster",
        "DescribeStep",
        "GetAutoTerminationPolicy",
        "ListClusters",
        "ListInstanceFleets",
        "ListInstances",
        "ListSteps",
        "PutAutoTerminationPolicy",
        "RemoveAutoTerminationPolicy",
        "RemoveTags",
        "RunJobFlow",
        "SetTerminationProtection",
        "TerminateJobFlows",
    ],
    "cloudwatch": [
        "DeleteAlarms",
        "DescribeAlarms",
        "GetMetricData",
        "ListMetrics",
        "PutMetricAlarm",
        "PutMetricData",
    ],
    "scheduler": [
        "CreateSchedule",
        "CreateScheduleGroup",
        "DeleteSchedule",
        "DeleteScheduleGroup",
        "GetSchedule",
        "GetScheduleGroup",
        "ListScheduleGroups",
        "ListSchedules",
    ],
    "glue": [
        "BatchCreatePartition",
        "BatchDeletePartition",
        "CreateDatabase",
        "CreatePartition",
        "CreateTable",
        "DeleteDatabase",
        "DeletePartition",
        "DeleteTable",
        "GetDatabase",
        "GetDatabases",
        "GetPartition",
        "GetPartitions",
        "GetTable",
        "GetTables",
        "UpdateDatabase",
        "UpdatePartition",
        "UpdateTable",
    ],
    "sts": ["GetCallerIdentity"],
}

METADATA = [
    "apiVersion",
    "endpointPrefix",
    "jsonVersion",
    "protocols",
    "serviceId",
    "targetPrefix",
    "xmlNamespace",
]
SHAPE = [
    "type",
    "required",
    "enum",
    "pattern",
    "min",
    "max",
    "flattened",
    "timestampFormat",
    "sensitive",
    "document",
]
REFERENCE = ["shape", "location", "locationName", "flattened", "timestampFormat"]


def reference(ref: dict) -> dict:
    return {key: ref[key] for key in REFERENCE if key in ref}


def extract(service: str, operations: list[str]) -> dict:
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    shapes: dict[str, dict] = {}

    def visit(name: str) -> None:
        if name in shapes:
            return
        source = model["shapes"][name]
        shape = {key: source[key] for key in SHAPE if key in source}
        if any(sign in shape.get("pattern", "") for sign in ("(?=", "(?!", "\\p{")):
            # The regular expressions of the reader look in one direction only, and know no classes of Unicode.
            del shape["pattern"]
        shapes[name] = shape
        if source.get("exception"):
            shape["error"] = {
                key: source.get("error", {})[key]
                for key in ("code", "httpStatusCode")
                if key in source.get("error", {})
            }
            if source.get("fault"):
                shape["error"]["fault"] = True
        if "members" in source:
            shape["members"] = {member: reference(ref) for member, ref in source["members"].items()}
        for part in ("member", "key", "value"):
            if part in source:
                shape[part] = reference(source[part])
        for ref in [
            *source.get("members", {}).values(),
            *(source[p] for p in ("member", "key", "value") if p in source),
        ]:
            visit(ref["shape"])

    found = {}
    for name in operations:
        source = model["operations"][name]
        operation = {part: source[part]["shape"] for part in ("input", "output") if part in source}
        http = source.get("http", {})
        # The path says which operation it is only where the protocol is REST.
        if http.get("requestUri", "/") != "/":
            operation["http"] = {key: http[key] for key in ("method", "requestUri") if key in http}
        wrapper = source.get("output", {}).get("resultWrapper")
        if wrapper:
            operation["resultWrapper"] = wrapper
        operation["errors"] = [error["shape"] for error in source.get("errors", [])]
        found[name] = operation
        for part in ("input", "output"):
            if part in operation:
                visit(operation[part])
        for error in operation["errors"]:
            visit(error)

    return {
        "botocore": botocore.__version__,
        "service": service,
        "metadata": {key: model["metadata"][key] for key in METADATA if key in model["metadata"]},
        "operations": found,
        "shapes": dict(sorted(shapes.items())),
    }


def main() -> None:
    for service, operations in OPERATIONS.items():
        model = extract(service, operations)
        # One shape or operation a line: compact, and still a readable diff when botocore moves on.
        lines = ["{"]
        for key in ("botocore", "service", "metadata"):
            lines.append(f"{json.dumps(key)}:{json.dumps(model[key], separators=(',', ':'))},")
        for part, end in (("operations", ","), ("shapes", "")):
            rows = [f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in model[part].items()]
            lines.append(f"{json.dumps(part)}:{{\n" + ",\n".join(rows) + "\n}" + end)
        lines.append("}")
        Path(__file__).with_name(f"{service}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
