-- What goes wrong most often, and the last example of each.
SELECT step, model, error_type, count(*) AS times, max(occurred_at) AS last_at, arg_max(error, occurred_at) AS last_error
FROM failures
GROUP BY ALL
ORDER BY times DESC;
