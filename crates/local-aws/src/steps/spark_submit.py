"""spark-submit of the embedded AWS: what asks for YARN runs on this machine instead.

A cluster of one machine has no YARN. `--master` is left to the configuration, and the deploy mode is always client;
everything else goes through as it is.
"""

from __future__ import annotations

import os
import sys

# Options of spark-submit that take no value.
FLAGS = {"--help", "-h", "--verbose", "-v", "--version", "--supervise", "--usage-error"}


def local_arguments(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The arguments without those that name a cluster manager, and a warning for each that changes what runs."""
    kept: list[str] = []
    warnings: list[str] = []
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        option, _, value = rest.pop(0).partition("=")
        if option in FLAGS:
            kept.append(option)
            continue
        if not value and rest:
            value = rest.pop(0)
        if option == "--master":
            continue
        if option == "--deploy-mode":
            if value != "client":
                warnings.append(f"deploy mode {value} is not there in the embedded AWS: the driver runs in client mode")
            continue
        kept += [option, value]
    return kept + rest, warnings


def main() -> None:
    arguments, warnings = local_arguments(sys.argv[1:])
    for warning in warnings:
        print(f"WARN {warning}", file=sys.stderr, flush=True)
    submit = os.path.join(os.environ["SPARK_HOME"], "bin", "spark-submit")
    os.execv(submit, [submit, *arguments])


if __name__ == "__main__":
    main()
