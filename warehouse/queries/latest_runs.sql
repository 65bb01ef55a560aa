-- The last 20 runs: what ran on what, how it ended, how much came from the cache.
SELECT started_at, name, system, status, wall_s, duration_s, cached_steps || '/' || steps AS cached, error
FROM run_history
ORDER BY sequence DESC NULLS LAST, started_at DESC
LIMIT 20;
