-- Who or what starts runs, how long they wait, and what they cost in processor time.
SELECT
    launched_by, launcher, user_name, host, count(*) AS runs,
    round(avg(queued_s), 1) AS mean_queued_s, round(max(queued_s), 1) AS longest_queued_s, round(sum(cpu_s)) AS cpu_s
FROM run_history
GROUP BY ALL
ORDER BY runs DESC;
