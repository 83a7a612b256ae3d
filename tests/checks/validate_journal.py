"""Asks botocore whether the requests in a journal are ones that AWS would take.

    python tests/checks/validate_journal.py journal.jsonl [journal.jsonl …]

botocore's own parameter validation is the judge of names, types and required members. Patterns, enums and lengths,
which it leaves to the service, are checked here against the same service models. Exits with 1 when a request is not
in order, and prints one JSON document either way.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

# Members that hold content: the journal keeps them out, and botocore wants a value.
CONTENT = {"Body": b""}


def problems_of(operation: OperationModel, request: dict[str, Any]) -> list[str]:
    """What is wrong with a request, in botocore's words and in ours."""
    shape = operation.input_shape
    if shape is None:
        return [] if not request else ["the operation takes no parameters"]
    request = dict(request)
    for member, value in CONTENT.items():
        if member in shape.members:
            request.setdefault(member, value)
    report = ParamValidator().validate(request, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + list(beyond_botocore(request, shape, operation.name))


def beyond_botocore(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Enums, patterns and lengths."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, member in value.items():
            if name in shape.members:
                yield from beyond_botocore(member, shape.members[name], f"{path}.{name}")
    elif isinstance(shape, ListShape) and isinstance(value, list):
        yield from limits(len(value), shape, path)
        for index, item in enumerate(value):
            yield from beyond_botocore(item, shape.member, f"{path}[{index}]")
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for key, item in value.items():
            yield from beyond_botocore(item, shape.value, f"{path}[{key}]")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from limits(len(value), shape, path)
        enum = shape.metadata.get("enum")
        if enum and value not in enum:
            yield f"{path}: {value!r} is none of {enum}"
        pattern = shape.metadata.get("pattern")
        if pattern and not matches(pattern, value):
            yield f"{path}: {value!r} does not match {pattern}"
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and shape.type_name != "timestamp":
        yield from limits(value, shape, path)


def limits(size: float, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield f"{path}: {size} is less than {low}"
    if high is not None and size > high:
        yield f"{path}: {size} is more than {high}"


def matches(pattern: str, value: str) -> bool:
    """A pattern of a service model covers the whole value; surrogate ranges are those of Java and JavaScript."""
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    return re.fullmatch(pattern, value, flags=re.DOTALL) is not None


def main() -> int:
    session = botocore.session.get_session()
    models = {service: session.get_service_model(service) for service in ("emr", "s3", "cloudwatch", "glue", "sts")}
    checked: Counter[str] = Counter()
    bad: list[dict[str, Any]] = []
    for path in sys.argv[1:]:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            name = f"{entry['service']}.{entry['operation']}"
            if entry["status"] == 0 and entry.get("request") is None:
                # The client was killed before it had sent all of it.
                continue
            if entry.get("request") is None:
                bad.append({"seq": entry["seq"], "call": name, "problems": ["its parameters are not in the journal"]})
                continue
            problems = problems_of(models[entry["service"]].operation_model(entry["operation"]), entry["request"])
            problems += entry.get("warnings", [])
            if problems:
                bad.append({"seq": entry["seq"], "call": name, "problems": problems})
            checked[name] += 1
    print(json.dumps({"checked": dict(sorted(checked.items())), "bad": bad}, indent=1))
    return 1 if bad or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
