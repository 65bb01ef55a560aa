-- What goes wrong most often, and the last example of each.
SELECT step, model, error_type, times, last.occurred_at AS last_at, last.error AS last_error
FROM (
    SELECT
        step, model, error_type, count(*) AS times,
        -- All of one row: arg_max(error, ...) would skip those without an error, and show an older one.
        arg_max({'occurred_at': occurred_at, 'error': error}, (coalesce(sequence, 0), occurred_at)) AS last
    FROM failures
    GROUP BY step, model, error_type
)
ORDER BY times DESC;
