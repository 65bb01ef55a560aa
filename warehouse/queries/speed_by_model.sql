-- Audio seconds per second in the model; say the device, the compute type, the threads and the CPU with it.
SELECT
    step, model, device, compute_type, threads, cpu, attempts, round(speed, 1) AS speed, peak_memory_mib, hosts_differ
FROM step_speed
ORDER BY step, speed DESC;
