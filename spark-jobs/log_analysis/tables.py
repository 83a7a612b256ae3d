"""The six tables, from the slim projection of `lines.entries`. Every table ends with the column `run`.

Hours (`2024-10-20 13:00`) and minutes (`2024-10-20 13:45`) are texts in UTC: any engine sorts and casts them,
and an entry logged for another day keeps its own date. Response times are milliseconds, exact to the microsecond.
"""

from __future__ import annotations

import math

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from log_analysis.lines import ACCESS, ERROR, MICROS_PER_MS, REJECTED

# A bucket is ceil(log(ms) / log(1.02)) and holds (1.02^(bucket-1), 1.02^bucket]: `power(1.02, bucket - 0.5)` is
# within 1% of each of its values. 0 ms has no logarithm: its bucket lies below the one of the shortest time
# there is (a microsecond, -348), so that ordering by bucket is ordering by time.
BUCKET_BASE = 1.02
ZERO_BUCKET = -1000

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
LOWEST_SERVER_ERROR = 500
SAMPLES_PER_REASON = 5

# The tables in the order of the manifest, with the columns that the rows are sorted by.
TABLES = {
    "processed_logs": ("status_code",),
    "endpoints": ("hour", "method", "path", "status_code"),
    "latency": ("hour", "method", "path", "status_code", "bucket"),
    "traffic": ("minute",),
    "errors": ("level", "message", "exception"),
    "rejects": ("reason",),
}


def tables(entries: DataFrame, buckets: DataFrame, run: str) -> dict[str, DataFrame]:
    """All tables by name, sorted, from the entries and what `latency_buckets` made of them."""
    made = {
        "processed_logs": processed_logs(buckets),
        "endpoints": endpoints(buckets),
        "latency": latency(buckets),
        "traffic": traffic(entries),
        "errors": errors(entries),
        "rejects": rejects(entries),
    }
    return {name: made[name].withColumn("run", F.lit(run)).orderBy(*keys) for name, keys in TABLES.items()}


def latency_buckets(entries: DataFrame) -> DataFrame:
    """Access entries per hour, route, status code and latency bucket: three tables are sums of these rows.

    They are made to be cached, and in a cached plan Spark 3.5 leaves all its 200 shuffle partitions apart; on a
    small day the tables made of them would cost more than the whole rest of the job.
    """
    partitions = entries.sparkSession.sparkContext.defaultParallelism
    milliseconds = F.col("micros") / MICROS_PER_MS
    bucket = F.ceil(F.log(milliseconds) / F.lit(math.log(BUCKET_BASE))).cast("int")
    keyed = entries.where(F.col("kind") == ACCESS).select(
        F.floor(F.col("second") / SECONDS_PER_HOUR).alias("hour"),
        *("method", "path", "status_code", "bytes", "micros"),
        F.when(F.col("micros") == 0, F.lit(ZERO_BUCKET)).otherwise(bucket).alias("bucket"),
    )
    sums = keyed.groupBy("hour", "method", "path", "status_code", "bucket").agg(
        F.count(F.lit(1)).alias("requests"),
        F.sum("bytes").alias("bytes"),
        F.sum("micros").alias("micros"),
        F.min("micros").alias("min_micros"),
        F.max("micros").alias("max_micros"),
    )
    return sums.coalesce(partitions)


def processed_logs(buckets: DataFrame) -> DataFrame:
    """Per status code: requests and the sum, average, minimum and maximum of the response time."""
    sums = buckets.groupBy("status_code").agg(
        F.sum("requests").alias("requests"),
        _milliseconds(F.sum("micros")).alias("total_response_time"),
        _milliseconds(F.min("min_micros")).alias("min_response_time"),
        _milliseconds(F.max("max_micros")).alias("max_response_time"),
    )
    average = F.col("total_response_time") / F.col("requests")
    return sums.select(
        *("status_code", "requests", "total_response_time"),
        average.alias("avg_response_time"),
        *("min_response_time", "max_response_time"),
    )


def endpoints(buckets: DataFrame) -> DataFrame:
    """Per hour, method, route and status code: requests, bytes, sum and maximum of the response time."""
    sums = buckets.groupBy("hour", "method", "path", "status_code").agg(
        F.sum("requests").alias("requests"),
        F.sum("bytes").alias("bytes"),
        _milliseconds(F.sum("micros")).alias("total_response_time"),
        _milliseconds(F.max("max_micros")).alias("max_response_time"),
    )
    return sums.withColumn("hour", _utc(F.col("hour") * SECONDS_PER_HOUR, "yyyy-MM-dd HH:mm"))


def latency(buckets: DataFrame) -> DataFrame:
    """The latency histogram in long form: percentiles of any hours and days are sums over its rows."""
    hour = _utc(F.col("hour") * SECONDS_PER_HOUR, "yyyy-MM-dd HH:mm").alias("hour")
    return buckets.select(hour, "method", "path", "status_code", "bucket", "requests")


def traffic(entries: DataFrame) -> DataFrame:
    """Per minute: requests, and those that the server failed (status code 500 and above)."""
    minute = F.floor(F.col("second") / SECONDS_PER_MINUTE).alias("minute")
    is_failure = (F.col("status_code") >= LOWEST_SERVER_ERROR).cast("long")
    counts = (
        entries.where(F.col("kind") == ACCESS)
        .groupBy(minute)
        .agg(F.count(F.lit(1)).alias("requests"), F.sum(is_failure).alias("errors"))
    )
    return counts.withColumn("minute", _utc(F.col("minute") * SECONDS_PER_MINUTE, "yyyy-MM-dd HH:mm"))


def errors(entries: DataFrame) -> DataFrame:
    """Per level, masked message and exception class: how often, first and last seen, and one message as it was."""
    groups = (
        entries.where(F.col("kind") == ERROR)
        .groupBy("level", "message", "exception")
        .agg(
            F.count(F.lit(1)).alias("count"),
            F.min("second").alias("first_seen"),
            F.max("second").alias("last_seen"),
            F.min("sample").alias("sample"),
        )
    )
    first_seen, last_seen = (_utc(F.col(name), "yyyy-MM-dd HH:mm:ss") for name in ("first_seen", "last_seen"))
    return groups.withColumn("first_seen", first_seen).withColumn("last_seen", last_seen)


def rejects(entries: DataFrame) -> DataFrame:
    """Per reason: how many lines, and its most frequent ones as a JSON array (a text, for CSV has no arrays)."""
    of_reason = Window.partitionBy("reason")
    most_frequent = of_reason.orderBy(F.col("lines").desc(), F.col("sample"))
    ranked = (
        entries.where(F.col("kind") == REJECTED)
        .groupBy("reason", "sample")
        .agg(F.count(F.lit(1)).alias("lines"))
        .select(
            *("reason", "sample"),
            F.sum("lines").over(of_reason).alias("count"),
            F.row_number().over(most_frequent).alias("rank"),
        )
    )
    samples = F.sort_array(F.collect_list(F.struct("rank", "sample")))["sample"]
    return (
        ranked.where(F.col("rank") <= SAMPLES_PER_REASON)
        .groupBy("reason", "count")
        .agg(F.to_json(samples).alias("samples"))
    )


def _milliseconds(micros: Column) -> Column:
    return micros / MICROS_PER_MS


def _utc(second: Column, pattern: str) -> Column:
    return F.from_unixtime(second, pattern)
