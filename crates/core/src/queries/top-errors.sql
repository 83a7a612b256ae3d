WITH entries AS (
    SELECT level, message, exception, "count" AS occurrences, first_seen, last_seen, sample
    FROM errors
    WHERE date BETWEEN ? AND ?
)
SELECT level, exception, message,
       sum(occurrences) AS occurrences,
       min(first_seen) AS first_seen,
       max(last_seen) AS last_seen,
       min(sample) AS sample
FROM entries
GROUP BY level, exception, message
ORDER BY occurrences DESC, level, exception, message
LIMIT 20
