-- Views and macros over the tables of schema.sql. A change to this file makes the next build define them anew.
--
-- What is the last of several goes by the lab's own numbers, not by clocks, which are set back: `sequence`; records of
-- earlier versions have none, come before those that have, and go by time among themselves.

CREATE VIEW current_models AS
SELECT * FROM models WHERE recorded_at = (SELECT max(recorded_at) FROM models);
COMMENT ON VIEW current_models IS 'The model folders as they were last seen, one row per variant';

CREATE VIEW current_claims AS
SELECT * FROM claims WHERE recorded_at = (SELECT max(recorded_at) FROM models);
COMMENT ON VIEW current_claims IS 'What models'' makers state, as last seen';

CREATE VIEW current_systems AS
SELECT * FROM systems QUALIFY row_number() OVER (PARTITION BY system ORDER BY recorded_at DESC, source DESC) = 1;
COMMENT ON VIEW current_systems IS 'Each system as it was last run';

CREATE VIEW system_steps AS
SELECT
    system,
    position,
    step ->> 'step' AS step,
    step ->> 'model' AS model,
    step -> 'parameters' AS parameters,
    step ->> 'code_version' AS code_version
FROM (
    SELECT system, unnest(steps :: JSON[]) AS step, generate_subscripts(steps :: JSON[], 1) - 1 AS position
    FROM current_systems
);
COMMENT ON VIEW system_steps IS 'The steps of each system in order: step, model, parameters';

CREATE MACRO runs_since(moment) AS TABLE
WITH
    -- Starts and steps in one grouping: a condition on run, input or system then reaches down to the tables.
    happened AS (
        SELECT
            run, dagster_run_id, input, system, template, occurred_at AS started_at, NULL :: TIMESTAMPTZ AS ended_at,
            occurred_at AS said_at, sequence, NULL AS status, false AS cached, 0 AS load_s, 0 AS inference_s, 0 AS other_s,
            NULL :: DOUBLE AS cpu_s, NULL :: DOUBLE AS audio_s, NULL AS error, false AS doubted,
            {'by': launched_by, 'launcher': launcher, 'user': user_name, 'host': host,
             'queued_s': epoch_us(begun_at - created_at) / 1e6} AS launch
        FROM runs WHERE event = 'started' AND occurred_at >= moment
        UNION ALL
        SELECT
            run, dagster_run_id, input, system, NULL, started_at, ended_at,
            NULL, sequence, status, cached, load_s, inference_s, other_s,
            cpu_s, audio_s, CASE WHEN status = 'failed' THEN step || ' failed: ' || error END, false, NULL
        FROM steps WHERE started_at >= moment
        UNION ALL
        SELECT
            run, dagster_run_id, input, system, NULL, NULL, NULL,
            NULL, NULL, NULL, false, 0, 0, 0,
            NULL, NULL, NULL, true, NULL
        FROM checks WHERE NOT passed AND judged_at >= moment
    ),
    totals AS (
        SELECT
            run, dagster_run_id, input, system, any_value(template) AS template,
            count(said_at) AS begun, min(sequence) AS sequence, min(started_at) AS started_at, max(ended_at) AS last_step_at,
            count(*) FILTER (status <> 'not_run') AS steps, count_if(cached) AS cached_steps,
            count_if(status = 'failed') AS failed_steps,
            count_if(doubted) AS failed_checks, any_value(launch) AS launch,
            sum(load_s) AS load_s, sum(inference_s) AS inference_s, sum(other_s) AS other_s, sum(cpu_s) AS cpu_s,
            max(audio_s) AS audio_s, any_value(error) AS error
        FROM happened GROUP BY run, dagster_run_id, input, system
    ),
    finished AS (
        SELECT
            run, dagster_run_id, count(*) AS ends,
            -- All of one row: arg_max(error, ...) would skip those without an error.
            unnest(arg_max(
                {'outcome': status, 'reason': error, 'last_at': occurred_at}, (coalesce(sequence, 0), occurred_at)
            ))
        FROM runs
        WHERE
            event = 'ended'
            -- Not by when they ended: the clock may have been set back between start and end.
            AND (run, dagster_run_id) IN (
                SELECT (run, dagster_run_id) FROM runs WHERE event = 'started' AND occurred_at >= moment
            )
        GROUP BY run, dagster_run_id
    ),
    history AS (
        SELECT
            totals.*, finished.last_at, finished.reason,
            CASE
                -- Counted, not compared in time: a clock that was set back must not leave a run open.
                WHEN totals.begun > 0 AND finished.ends >= totals.begun THEN finished.outcome
                WHEN totals.begun > 0 THEN 'running'
                WHEN totals.failed_steps > 0 THEN 'failed'
                ELSE 'completed'
            END AS status,
            CASE
                WHEN status = 'running' THEN NULL
                WHEN status = 'interrupted' OR totals.begun = 0 THEN totals.last_step_at
                ELSE finished.last_at
            END AS ended_at
        FROM totals LEFT JOIN finished USING (run, dagster_run_id)
        WHERE NOT EXISTS (
            FROM runs
            WHERE
                runs.event = 'started' AND runs.occurred_at < moment
                AND runs.run = totals.run AND runs.dagster_run_id = totals.dagster_run_id
        )
    )
SELECT
    run, dagster_run_id, history.input, inputs.name, coalesce(inputs.duration_s, audio_s) AS duration_s,
    system, template, status, started_at, ended_at, epoch_us(ended_at - started_at) / 1e6 AS wall_s,
    steps, cached_steps, failed_steps, failed_checks, load_s, inference_s, other_s, cpu_s,
    launch.by AS launched_by, launch.launcher AS launcher, launch.user AS user_name, launch.host AS host,
    launch.queued_s AS queued_s, coalesce(reason, error) AS error, sequence
FROM history LEFT JOIN inputs ON inputs.input = history.input;
COMMENT ON MACRO TABLE runs_since IS 'run_history of the runs that started since a moment; quick however long the history is: FROM runs_since(now() - INTERVAL 7 DAYS)';

CREATE VIEW run_history AS FROM runs_since('-infinity' :: TIMESTAMPTZ);
COMMENT ON VIEW run_history IS 'One row per attempt at an input with a system. status: completed, failed, canceled, interrupted (its process died; the next build notices) or running. ended_at and wall_s are NULL while it runs; of an interrupted run they go to its last step''s end; load_s, inference_s, other_s and cpu_s are sums over its steps; queued_s: from asking for the Dagster run until a process took it up; sequence: the order in which they began';

CREATE VIEW failures AS
SELECT
    ended_at AS occurred_at, run, dagster_run_id, steps.input, inputs.name, system, step, model, error_type, error
FROM steps LEFT JOIN inputs USING (input)
WHERE steps.status = 'failed'
UNION ALL
SELECT
    ended.occurred_at, ended.run, ended.dagster_run_id, started.input, inputs.name, started.system,
    NULL, NULL, ended.status, ended.error
FROM runs AS ended
LEFT JOIN (SELECT DISTINCT run, dagster_run_id, input, system FROM runs WHERE event = 'started') AS started
    USING (run, dagster_run_id)
LEFT JOIN inputs ON inputs.input = started.input
WHERE
    ended.event = 'ended' AND ended.status IN ('failed', 'interrupted')
    AND NOT EXISTS (
        FROM steps
        WHERE steps.status = 'failed' AND steps.run = ended.run AND steps.dagster_run_id = ended.dagster_run_id
    );
COMMENT ON VIEW failures IS 'Steps that failed, and runs that ended badly without a failed step (step is NULL then)';

CREATE VIEW step_speed AS
SELECT
    step, model, device, compute_type, threads, batch_size,
    count(*) AS attempts,
    sum(audio_s) AS audio_s,
    sum(inference_s) AS inference_s,
    sum(audio_s) / sum(inference_s) AS speed,
    avg(load_s) FILTER (load_s > 0) AS load_s,
    max(peak_memory_mib) AS peak_memory_mib
FROM steps
WHERE status = 'completed' AND NOT cached AND inference_s > 0
GROUP BY ALL;
COMMENT ON VIEW step_speed IS 'speed: audio seconds per second in the model, over completed attempts that were not cached. load_s: mean of the attempts that loaded. Mixes hosts and whatever else they did meanwhile';

CREATE VIEW latest_artifacts AS
SELECT
    input, system, step,
    -- All of one row: arg_max(model, ...) would skip those without a model.
    unnest(arg_max(
        {'ended_at': ended_at, 'fingerprint': fingerprint, 'path': artifact, 'model': model},
        (coalesce(sequence, 0), ended_at)
    ))
FROM steps
WHERE status = 'completed'
GROUP BY input, system, step;
COMMENT ON VIEW latest_artifacts IS 'The last result of each step for each input and system, whatever became of later attempts; path is relative to the lab''s home';

CREATE VIEW failed_checks AS
WITH latest AS (
    SELECT * FROM checks
    QUALIFY row_number() OVER (
        PARTITION BY input, system, step, check_name ORDER BY sequence DESC NULLS LAST, judged_at DESC, source DESC
    ) = 1
)
SELECT
    latest.judged_at, latest.input, inputs.name, latest.system, latest.step, latest.check_name, latest.severity,
    latest.description, latest.metadata, latest.fingerprint, latest.run
FROM latest LEFT JOIN inputs USING (input)
WHERE NOT latest.passed;
COMMENT ON VIEW failed_checks IS 'What is doubtful now: of each check of each input and system the last verdict, where it failed';

CREATE VIEW transcripts AS
WITH texts AS (
    SELECT
        fingerprint,
        string_agg(text, ' ' ORDER BY position) AS text,
        count(*) AS utterances,
        count(DISTINCT speaker) AS speakers
    FROM segments WHERE kind = 'utterance' GROUP BY ALL
)
SELECT
    latest.input, inputs.name, latest.system, latest.step, latest.model, latest.fingerprint,
    coalesce(texts.text, '') AS text,
    coalesce(texts.utterances, 0) AS utterances,
    coalesce(texts.speakers, 0) AS speakers,
    latest.ended_at
FROM latest_artifacts AS latest
LEFT JOIN texts USING (fingerprint)
LEFT JOIN inputs USING (input)
WHERE latest.step IN ('asr', 'alignment');
COMMENT ON VIEW transcripts IS 'The text of each input by each system: from asr without speakers, from alignment with them. Empty where nothing was said';

CREATE VIEW speaker_talk_time AS
SELECT
    latest.input, inputs.name, latest.system, segments.speaker, any_value(names.name) AS given_name,
    count(*) AS turns,
    sum(segments.end_s - segments.start_s) AS talk_s,
    talk_s / sum(talk_s) OVER (PARTITION BY latest.input, latest.system) AS share
FROM latest_artifacts AS latest
JOIN segments USING (fingerprint)
LEFT JOIN speaker_names AS names ON names.fingerprint = segments.fingerprint AND names.speaker = segments.speaker
LEFT JOIN inputs USING (input)
WHERE segments.kind = 'turn'
GROUP BY latest.input, inputs.name, latest.system, segments.speaker;
COMMENT ON VIEW speaker_talk_time IS 'How long each speaker talks, seconds; where two talk at once both count. share: of all talking; given_name: the name that people gave, if any';

CREATE VIEW latest_metrics AS
SELECT * FROM metrics
QUALIFY row_number() OVER (
    PARTITION BY metric, scorer, scorer_version, dataset, dataset_version, case_id, input, system, step
    ORDER BY scored_at DESC, source DESC
) = 1;
COMMENT ON VIEW latest_metrics IS 'The last figure of each metric, case and system; what was scored again counts once';

CREATE VIEW leaderboard AS
WITH totals AS (
    SELECT
        dataset, dataset_version, metric, unit, scorer, scorer_version, higher_is_better, system,
        CASE
            WHEN count(denominator) = count(value) THEN sum(numerator) / nullif(sum(denominator), 0)
            ELSE avg(value)
        END AS value,
        sum(denominator) AS denominator,
        count(*) AS cases,
        count(*) - count(value) AS failed_cases
    FROM latest_metrics
    WHERE system IS NOT NULL
    GROUP BY dataset, dataset_version, metric, unit, scorer, scorer_version, higher_is_better, system
)
SELECT
    * EXCLUDE (higher_is_better),
    rank() OVER (
        PARTITION BY dataset, dataset_version, metric, scorer, scorer_version
        ORDER BY failed_cases, CASE WHEN higher_is_better THEN -value ELSE value END
    ) AS rank,
    count(*) OVER (PARTITION BY dataset, dataset_version, metric, scorer, scorer_version) AS systems
FROM totals;
COMMENT ON VIEW leaderboard IS 'Systems ranked on each dataset and metric. A rate is the sum of numerators over the sum of denominators; other figures are means over cases. Fewer failed cases rank first: value leaves them out';

CREATE VIEW scorecard AS
SELECT system, dataset, metric, value, unit, cases, failed_cases, rank, systems, scorer, scorer_version FROM leaderboard
UNION ALL
SELECT
    system, NULL, step || ' speed', sum(audio_s) / sum(inference_s), 'x real time', count(*),
    NULL, NULL, NULL, 'step_speed', '1'
FROM steps
WHERE status = 'completed' AND NOT cached AND inference_s > 0
GROUP BY system, step;
COMMENT ON VIEW scorecard IS 'All figures of a system, with its rank among the systems measured: quality by dataset, speed by step';

CREATE VIEW coverage AS
WITH
    wanted AS (SELECT model, status, unnest(surfaces) AS surface FROM current_models),
    measured AS (
        SELECT model, step, dataset, count(DISTINCT metric) AS metrics, count(DISTINCT case_id) AS cases
        FROM latest_metrics WHERE model IS NOT NULL GROUP BY ALL
    ),
    ran AS (
        SELECT model, step, count(DISTINCT input) AS inputs
        FROM steps WHERE status = 'completed' AND model IS NOT NULL GROUP BY ALL
    )
SELECT
    wanted.model, wanted.status, wanted.surface, measured.dataset,
    coalesce(measured.metrics, 0) AS metrics,
    coalesce(measured.cases, 0) AS cases,
    coalesce(ran.inputs, 0) AS inputs
FROM wanted
LEFT JOIN measured ON measured.model = wanted.model AND measured.step = wanted.surface
LEFT JOIN ran ON ran.model = wanted.model AND ran.step = wanted.surface;
COMMENT ON VIEW coverage IS 'What evidence there is for each model, surface and dataset; no dataset: never scored; inputs: how many it has processed';

CREATE MACRO search(wanted) AS TABLE
SELECT
    latest.input, inputs.name, latest.system, latest.step, segments.start_s, segments.end_s, segments.speaker, segments.text
FROM segments
JOIN latest_artifacts AS latest USING (fingerprint)
LEFT JOIN inputs USING (input)
WHERE segments.kind = 'utterance' AND contains(lower(segments.text), lower(wanted));
COMMENT ON MACRO TABLE search IS 'Utterances that contain some words, in any case: FROM search(''budget'')';
