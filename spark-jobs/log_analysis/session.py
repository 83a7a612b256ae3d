"""The Spark session and the settings that the job's results depend on."""

from __future__ import annotations

from pyspark.sql import SparkSession

from log_analysis import NAME

# What the numbers depend on: set always, whatever the cluster's defaults are.
SEMANTICS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    # A line that is not JSON is rejected whole: a half-parsed one would be counted under a wrong reason.
    "spark.sql.json.enablePartialResults": "false",
    # A broken gzip stream or a vanished object ends the job: its lines would be missing from every count.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # The output folder holds what the manifest names, and nothing else.
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}

# What only the pace depends on: the caller's `--conf` goes first.
PACE = {
    "spark.sql.adaptive.enabled": "true",
    # Few files per table: merge small shuffle partitions instead of keeping every core busy with a crumb.
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.sql.parquet.compression.codec": "zstd",
}


def start() -> SparkSession:
    """Starts the session, or takes the running one."""
    return configure(SparkSession.builder.appName(NAME).getOrCreate())


def configure(spark: SparkSession) -> SparkSession:
    """Puts the job's settings into a session."""
    given = {key for key, _ in spark.sparkContext.getConf().getAll()}
    for key, value in PACE.items():
        if key not in given:
            spark.conf.set(key, value)
    for key, value in SEMANTICS.items():
        spark.conf.set(key, value)
    return spark
