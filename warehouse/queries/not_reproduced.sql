-- Forced steps that gave other files than the first time: models that are not deterministic.
SELECT ended_at, input, system, step, model, device, threads, fingerprint
FROM steps
WHERE reproduced = false
ORDER BY ended_at DESC;
