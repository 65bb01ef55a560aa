-- Steps that were working when someone stopped the run, and how far each had come.
SELECT ended_at, input, system, step, model, round(100 * fraction) AS percent, load_s + inference_s + other_s AS worked_s
FROM steps
WHERE status = 'canceled'
ORDER BY ended_at DESC;
