-- Models without a single scored case, and on how many inputs they ran.
SELECT model, status, surface, inputs
FROM coverage
WHERE dataset IS NULL
ORDER BY status, model;
