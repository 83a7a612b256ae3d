"""Extracts what the embedded AWS needs of the service models from an installed botocore.

    python3 -m venv scratch && scratch/bin/pip install --require-hashes -r tests/requirements.lock
    scratch/bin/python crates/local-aws/models/extract.py            # writes the files
    scratch/bin/python crates/local-aws/models/extract.py --check    # compares them, and changes nothing

Writes one file a service beside itself. A file holds the operations that `src/services.rs` lists, every shape that
their inputs, outputs and errors reach, the constraints of these shapes, and the version of botocore. Documentation
texts are left out. One version of botocore and one list of operations always give the same files. Use Python 3.10 or
later: for older ones the lock file holds an older botocore.

With `--check` the exit code is 1 when a file differs from what this botocore gives.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from pathlib import Path

import botocore
import botocore.loaders

HERE = Path(__file__).resolve().parent

# The table of the services and their operations, where each name stands once.
SERVICES = HERE.parent / "src" / "services.rs"

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


def operations() -> dict[str, list[str]]:
    """The operations of each service, in the order of their names."""
    table = re.search(r"^operations! \{\n(.*?)^\}", SERVICES.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if table is None:
        sys.exit(f"{SERVICES} has no table of operations")
    services = re.findall(r'^    \w+ "(\w+)" \w+ \{\n(.*?)^    \}', table[1], re.DOTALL | re.MULTILINE)
    return {name: sorted(re.findall(r"^ +(\w+): \w+,$", body, re.MULTILINE)) for name, body in services}


def written(model: dict) -> str:
    """The text of a model's file. One shape or operation a line: compact, with a readable diff when botocore moves."""
    lines = ["{"]
    for key in ("botocore", "service", "metadata"):
        lines.append(f"{json.dumps(key)}:{json.dumps(model[key], separators=(',', ':'))},")
    for part, end in (("operations", ","), ("shapes", "")):
        rows = [f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in model[part].items()]
        lines.append(f"{json.dumps(part)}:{{\n" + ",\n".join(rows) + "\n}" + end)
    lines.append("}")
    return "\n".join(lines) + "\n"


def differences(path: Path, text: str) -> list[str]:
    """The lines that a file has and should not have (`-`), and those that it should have (`+`), each cut short."""
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(known.splitlines(), text.splitlines(), str(path.name), "botocore", lineterm="", n=0)
    return [line if len(line) <= 160 else line[:159] + "…" for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description="Extracts the service models from botocore.")
    parser.add_argument("--check", action="store_true", help="compare the files with botocore, and change nothing")
    check = parser.parse_args().check
    texts = {HERE / f"{service}.json": written(extract(service, names)) for service, names in operations().items()}
    if not check:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        return
    found = [line for path, text in texts.items() for line in differences(path, text)]
    strange = sorted(set(HERE.glob("*.json")) - set(texts))
    found += [f"{path.name} belongs to no service of {SERVICES.name}" for path in strange]
    if found:
        sys.exit("\n".join([*found, f"the models differ from botocore {botocore.__version__}: run extract.py"]))


if __name__ == "__main__":
    main()
