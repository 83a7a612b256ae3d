WITH days AS (
    SELECT date, status_code,
           sum(requests) AS requests,
           sum(total_response_time) AS total_response_time,
           max(max_response_time) AS max_response_time
    FROM processed_logs
    WHERE date BETWEEN ? AND ?
    GROUP BY date, status_code
)
SELECT date, status_code, requests,
       round(100e0 * requests / sum(requests) OVER (PARTITION BY date), 2) AS percent,
       round(total_response_time / requests, 3) AS avg_response_time,
       max_response_time
FROM days
ORDER BY date, status_code
