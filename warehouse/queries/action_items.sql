-- Who does what by when, over all recordings, as they were last run.
SELECT
    action_items.due_date, coalesce(names.name, action_items.assignee) AS assignee, action_items.task,
    inputs.name, action_items.start_s, action_items.recorded_on
FROM latest_artifacts AS latest
JOIN action_items USING (fingerprint)
LEFT JOIN named_speakers AS names
    ON names.input = latest.input AND names.system = latest.system AND names.speaker = action_items.assignee_speaker
LEFT JOIN inputs ON inputs.input = latest.input
ORDER BY action_items.due_date NULLS LAST, inputs.name, action_items.start_s;
