WITH reasons AS (
    SELECT date, reason, "count" AS lines, samples
    FROM rejects
    WHERE date BETWEEN ? AND ?
)
SELECT date, reason,
       sum(lines) AS lines,
       round(100e0 * sum(lines) / sum(sum(lines)) OVER (PARTITION BY date), 2) AS percent,
       min(samples) AS samples
FROM reasons
GROUP BY date, reason
ORDER BY date, lines DESC, reason
