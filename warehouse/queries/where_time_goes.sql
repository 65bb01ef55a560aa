-- Of the work that was not cached: seconds in loading models, in models, and in everything else, by step.
SELECT
    step,
    count(*) AS attempts,
    sum(load_s) AS load_s,
    sum(inference_s) AS inference_s,
    sum(other_s) AS other_s,
    sum(cpu_s) AS cpu_s,
    sum(load_s + inference_s + other_s) / sum(sum(load_s + inference_s + other_s)) OVER () AS share
FROM steps
WHERE NOT cached
GROUP BY step
ORDER BY share DESC;
