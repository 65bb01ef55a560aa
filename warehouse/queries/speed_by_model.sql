-- Audio seconds per second in the model; say the device, the compute type and the threads with it.
SELECT step, model, device, compute_type, threads, attempts, round(speed, 1) AS speed, peak_memory_mib
FROM step_speed
ORDER BY step, speed DESC;
