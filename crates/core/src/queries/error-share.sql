WITH minutes AS (
    SELECT substr(minute, 1, 13) || ':00' AS utc_hour, requests, errors
    FROM traffic
    WHERE date BETWEEN ? AND ?
)
SELECT utc_hour,
       sum(requests) AS requests,
       sum(errors) AS errors,
       round(100e0 * sum(errors) / sum(requests), 3) AS error_percent
FROM minutes
GROUP BY utc_hour
ORDER BY utc_hour
