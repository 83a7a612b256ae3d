"""Changes the scan limit of a workgroup by hand, as somebody in the console does: boto3 against the endpoint.

python limit_scans.py WORKGROUP BYTES
"""

from __future__ import annotations

import sys

import boto3


def main() -> None:
    workgroup, limit = sys.argv[1], int(sys.argv[2])
    updates = {"BytesScannedCutoffPerQuery": limit}
    boto3.client("athena").update_work_group(WorkGroup=workgroup, ConfigurationUpdates=updates)


if __name__ == "__main__":
    main()
