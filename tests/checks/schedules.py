"""Schedules of EventBridge Scheduler: boto3 against the endpoint that the environment names.

python tests/checks/schedules.py list                       prints all schedules, as JSON
python tests/checks/schedules.py make GROUP NAME CLUSTER    one that ends a cluster in a year; makes the group as well
python tests/checks/schedules.py hasten GROUP NAME          the same schedule, due in a second instead
"""

from __future__ import annotations

import datetime
import json
import sys

import boto3

ROLE = "arn:aws:iam::123456789012:role/somebody"
TARGET = "arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows"


def at(delay: datetime.timedelta) -> str:
    due = datetime.datetime.now(datetime.timezone.utc) + delay
    return due.strftime("at(%Y-%m-%dT%H:%M:%S)")


def all_schedules() -> list[dict[str, object]]:
    scheduler = boto3.client("scheduler")
    pages = scheduler.get_paginator("list_schedules").paginate()
    named = [(found["GroupName"], found["Name"]) for page in pages for found in page["Schedules"]]
    shown = [scheduler.get_schedule(GroupName=group, Name=name) for group, name in named]
    members = ["GroupName", "Name", "ScheduleExpression", "ScheduleExpressionTimezone", "Target"]
    return [{member: schedule[member] for member in members} for schedule in shown]


def make(group: str, name: str, cluster: str) -> None:
    scheduler = boto3.client("scheduler")
    groups = scheduler.get_paginator("list_schedule_groups").paginate()
    if group not in [found["Name"] for page in groups for found in page["ScheduleGroups"]]:
        scheduler.create_schedule_group(Name=group)
    scheduler.create_schedule(
        GroupName=group,
        Name=name,
        ScheduleExpression=at(datetime.timedelta(days=365)),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": TARGET, "RoleArn": ROLE, "Input": json.dumps({"JobFlowIds": [cluster]})},
    )


def hasten(group: str, name: str) -> None:
    scheduler = boto3.client("scheduler")
    there = scheduler.get_schedule(GroupName=group, Name=name)
    scheduler.delete_schedule(GroupName=group, Name=name)
    kept = ["GroupName", "Name", "FlexibleTimeWindow", "Target", "ActionAfterCompletion"]
    scheduler.create_schedule(
        **{member: there[member] for member in kept},
        ScheduleExpression=at(datetime.timedelta(seconds=1)),
    )


def main() -> None:
    arguments = sys.argv[1:]
    if arguments == ["list"]:
        print(json.dumps(all_schedules()))
    elif len(arguments) == 4 and arguments[0] == "make":
        make(*arguments[1:])
    elif len(arguments) == 3 and arguments[0] == "hasten":
        hasten(*arguments[1:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
