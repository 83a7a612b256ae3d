WITH buckets AS (
    SELECT date, bucket, sum(requests) AS requests
    FROM latency
    WHERE date BETWEEN ? AND ?
    GROUP BY date, bucket
), ranked AS (
    SELECT date, bucket,
           sum(requests) OVER (PARTITION BY date ORDER BY bucket) AS so_far,
           sum(requests) OVER (PARTITION BY date) AS total
    FROM buckets
), percentiles AS (
    SELECT date, max(total) AS requests,
           min(CASE WHEN 100 * so_far >= 50 * total THEN bucket END) AS p50,
           min(CASE WHEN 100 * so_far >= 95 * total THEN bucket END) AS p95,
           min(CASE WHEN 100 * so_far >= 99 * total THEN bucket END) AS p99
    FROM ranked
    GROUP BY date
)
-- bucket = ceil(log(ms) / log(1.02)), and -1000 for 0 ms: the middle of a bucket is within 1% of all in it
SELECT date, requests,
       CASE WHEN p50 = -1000 THEN 0e0 ELSE power(1.02e0, p50 - 0.5e0) END AS p50_ms,
       CASE WHEN p95 = -1000 THEN 0e0 ELSE power(1.02e0, p95 - 0.5e0) END AS p95_ms,
       CASE WHEN p99 = -1000 THEN 0e0 ELSE power(1.02e0, p99 - 0.5e0) END AS p99_ms
FROM percentiles
ORDER BY date
