WITH buckets AS (
    SELECT bucket, sum(requests) AS requests
    FROM latency
    WHERE date BETWEEN ? AND ?
    GROUP BY bucket
), ranked AS (
    SELECT bucket,
           sum(requests) OVER (ORDER BY bucket) AS so_far,
           sum(requests) OVER () AS total
    FROM buckets
), percentiles AS (
    SELECT max(total) AS requests,
           min(CASE WHEN 1000 * so_far >= 500 * total THEN bucket END) AS p50,
           min(CASE WHEN 1000 * so_far >= 900 * total THEN bucket END) AS p90,
           min(CASE WHEN 1000 * so_far >= 950 * total THEN bucket END) AS p95,
           min(CASE WHEN 1000 * so_far >= 990 * total THEN bucket END) AS p99,
           min(CASE WHEN 1000 * so_far >= 999 * total THEN bucket END) AS p999
    FROM ranked
)
-- bucket = ceil(log(ms) / log(1.02)), and -1000 for 0 ms: the middle of a bucket is within 1% of all in it
SELECT requests,
       CASE WHEN p50 = -1000 THEN 0e0 ELSE power(1.02e0, p50 - 0.5e0) END AS p50_ms,
       CASE WHEN p90 = -1000 THEN 0e0 ELSE power(1.02e0, p90 - 0.5e0) END AS p90_ms,
       CASE WHEN p95 = -1000 THEN 0e0 ELSE power(1.02e0, p95 - 0.5e0) END AS p95_ms,
       CASE WHEN p99 = -1000 THEN 0e0 ELSE power(1.02e0, p99 - 0.5e0) END AS p99_ms,
       CASE WHEN p999 = -1000 THEN 0e0 ELSE power(1.02e0, p999 - 0.5e0) END AS p999_ms
FROM percentiles
WHERE requests IS NOT NULL
