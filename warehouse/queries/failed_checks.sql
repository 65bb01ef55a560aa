-- What is doubtful about the results there are, the gravest first.
SELECT severity, name, system, step, check_name, description, judged_at
FROM failed_checks
ORDER BY severity, judged_at DESC;
