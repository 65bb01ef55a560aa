-- Models without a single scored case, and on how many inputs they ran. Helper models have nothing to score.
SELECT model, status, surface, inputs
FROM coverage
WHERE dataset IS NULL AND surface NOT IN ('embed', 'chat')
ORDER BY status, model;
