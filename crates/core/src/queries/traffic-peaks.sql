WITH minutes AS (
    SELECT date, minute, requests, errors,
           row_number() OVER (PARTITION BY date ORDER BY requests DESC, minute) AS place
    FROM traffic
    WHERE date BETWEEN ? AND ?
)
SELECT date,
       sum(requests) AS requests,
       max(requests) AS peak_requests,
       max(CASE WHEN place = 1 THEN minute END) AS peak_minute,
       round(avg(requests), 2) AS avg_per_minute,
       sum(errors) AS errors
FROM minutes
GROUP BY date
ORDER BY date
