-- Views and macros over the tables of schema.sql. A change to this file makes the next build define them anew.
--
-- What is the last of several goes by the lab's own numbers, not by clocks, which are set back: `sequence`; records of
-- earlier versions have none, come before those that have, and go by time among themselves.

CREATE MACRO differs(machines, some_unknown) AS
    CASE WHEN len(list_distinct(machines)) > 1 THEN true WHEN some_unknown THEN NULL ELSE false END;

CREATE VIEW current_models AS
SELECT * FROM models WHERE recorded_at = (SELECT max(recorded_at) FROM models);
COMMENT ON VIEW current_models IS 'The model folders as they were last seen, one row per variant';

CREATE VIEW current_claims AS
SELECT *, NULL::VARCHAR AS recorded_by FROM claims WHERE recorded_at = (SELECT max(recorded_at) FROM models)
UNION ALL BY NAME
SELECT * EXCLUDE (sequence) FROM recorded_claims;
COMMENT ON VIEW current_claims IS 'What models'' makers state, as last seen in the models'' folders, and what somebody recorded in this lab (recorded_by)';

CREATE VIEW current_datasets AS
SELECT * FROM datasets QUALIFY row_number() OVER (PARTITION BY dataset, version ORDER BY recorded_at DESC, source DESC) = 1;
COMMENT ON VIEW current_datasets IS 'Each version of a dataset as it was last enrolled';

CREATE VIEW current_cases AS
SELECT * FROM cases QUALIFY rank() OVER (PARTITION BY dataset, version ORDER BY recorded_at DESC, source DESC) = 1;
COMMENT ON VIEW current_cases IS 'The cases of each version of a dataset as they were last enrolled';

CREATE VIEW current_baselines AS
SELECT * FROM baselines QUALIFY row_number() OVER (PARTITION BY dataset, system ORDER BY sequence DESC NULLS LAST) = 1;
COMMENT ON VIEW current_baselines IS 'What each system is held against on each dataset';

CREATE VIEW current_promotions AS
SELECT use_case, system_after AS system, occurred_at AS since, decided_by, event, reason, evidence, source AS promotion
FROM (
    FROM lifecycle_events WHERE use_case IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY use_case ORDER BY sequence DESC NULLS LAST) = 1
)
WHERE system_after IS NOT NULL;
COMMENT ON VIEW current_promotions IS 'What is promoted for each use case, since when and why';

CREATE VIEW current_model_statuses AS
SELECT
    subject AS model, evidence ->> 'status' AS status, evidence ->> 'before' AS before, reason, decided_by,
    occurred_at AS since
FROM lifecycle_events WHERE subject_kind = 'model' AND event = 'status'
QUALIFY row_number() OVER (PARTITION BY subject ORDER BY sequence DESC NULLS LAST) = 1;
COMMENT ON VIEW current_model_statuses IS 'What models are in this lab where somebody decided it, since when and why';

CREATE VIEW latest_verifications AS
SELECT *, inference_s / audio_s AS real_time_factor
FROM verifications WHERE random_weights IS NOT TRUE
QUALIFY row_number() OVER (PARTITION BY model ORDER BY sequence DESC NULLS LAST) = 1;
COMMENT ON VIEW latest_verifications IS 'What came of examining each model with its weights the last time';

CREATE VIEW latest_random_verifications AS
SELECT model, passed, answers, runtime_version, adapter_version, device, machine, recorded_at
FROM verifications WHERE random_weights
QUALIFY row_number() OVER (PARTITION BY model ORDER BY sequence DESC NULLS LAST) = 1;
COMMENT ON VIEW latest_random_verifications IS
'What came of trying loader and adapter of each model with random weights the last time: says nothing of the model';

CREATE VIEW current_experiments AS
SELECT * EXCLUDE (deleted) FROM (
    SELECT * FROM experiments
    QUALIFY row_number() OVER (PARTITION BY experiment ORDER BY recorded_at DESC, source DESC) = 1
) WHERE NOT deleted;
COMMENT ON VIEW current_experiments IS 'The experiments there are, as they are defined';

CREATE VIEW regressions AS
SELECT
    gates.recorded_at AS judged_at, gates.sweep, gates.dataset, gates.version, gates.system, gates.status,
    gate_findings.* EXCLUDE (gate, source), gates.changed
FROM gates JOIN gate_findings USING (gate)
WHERE gate_findings.kind IN ('regressed', 'doubtful')
ORDER BY gates.sequence DESC, gate_findings.kind DESC, gate_findings.metric;
COMMENT ON VIEW regressions IS 'What got worse, or may have, each time that the gate looked; the newest first';

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

CREATE VIEW quarantined_runs AS
SELECT
    split_part(subject, '/', 1) AS run, split_part(subject, '/', 2) AS dagster_run_id,
    decided_by AS quarantined_by, occurred_at AS quarantined_at, reason AS quarantined_because,
    (evidence -> 'steps') :: VARCHAR[] AS steps, (evidence -> 'fingerprints') :: VARCHAR[] AS fingerprints
FROM (
    FROM lifecycle_events WHERE subject_kind = 'run' AND event IN ('quarantined', 'released')
    QUALIFY row_number() OVER (PARTITION BY subject ORDER BY sequence DESC NULLS LAST) = 1
)
WHERE event = 'quarantined';
COMMENT ON VIEW quarantined_runs IS 'Runs that somebody took out of all boards, and did not release. steps: those of its steps that are out; fingerprints: the results that it made and nobody is to trust';

CREATE VIEW counted_steps AS
FROM steps ANTI JOIN derived.left_out USING (id);
COMMENT ON VIEW counted_steps IS 'steps without those of quarantined runs, and without all that rests on results that these made: what every board counts';

CREATE MACRO runs_since(moment) AS TABLE
WITH
    -- Starts and steps in one grouping: a condition on run, input or system then reaches down to the tables.
    happened AS (
        SELECT
            run, dagster_run_id, input, system, template, occurred_at AS started_at, NULL :: TIMESTAMPTZ AS ended_at,
            occurred_at AS said_at, sequence, NULL AS status, false AS cached, 0 AS load_s, 0 AS inference_s, 0 AS other_s,
            NULL :: DOUBLE AS cpu_s, NULL :: DOUBLE AS audio_s, NULL AS error, false AS doubted,
            {'by': launched_by, 'launcher': launcher, 'user': user_name, 'host': host,
             'queued_s': epoch_us(begun_at - created_at) / 1e6, 'retry_of': retry_of, 'root': root} AS launch
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
    history.steps, cached_steps, failed_steps, failed_checks, load_s, inference_s, other_s, cpu_s,
    launch.by AS launched_by, launch.launcher AS launcher, launch.user AS user_name, launch.host AS host,
    launch.queued_s AS queued_s, launch.retry_of AS retry_of, launch.root AS root,
    -- Of a run that came right in the end, what failed before that is in steps and failures.
    CASE WHEN status <> 'completed' THEN coalesce(reason, error) END AS error, sequence,
    quarantined_at, quarantined_by, quarantined_because
FROM history
LEFT JOIN inputs ON inputs.input = history.input
LEFT JOIN quarantined_runs USING (run, dagster_run_id);
COMMENT ON MACRO TABLE runs_since IS 'run_history of the runs that started since a moment; quick however long the history is: FROM runs_since(now() - INTERVAL 7 DAYS)';

CREATE VIEW run_history AS FROM runs_since('-infinity' :: TIMESTAMPTZ);
COMMENT ON VIEW run_history IS 'One row per attempt at an input with a system. status: completed, failed, canceled, interrupted (its process died; the next build notices) or running. ended_at and wall_s are NULL while it runs; of an interrupted run they go to its last step''s end; load_s, inference_s, other_s and cpu_s are sums over its steps; queued_s: from asking for the Dagster run until a process took it up; retry_of, root: Dagster runs of the attempt that it follows and of the first one, NULL of a first one; sequence: the order in which they began; quarantined_at: since when it is in no board, NULL of one that is';

CREATE VIEW latest_drops AS
FROM drops QUALIFY row_number() OVER (PARTITION BY "drop" ORDER BY attempt DESC) = 1;
COMMENT ON VIEW latest_drops IS 'One row per file in a watched folder: what came of the latest attempt';

CREATE VIEW failures AS
WITH ends AS (
    SELECT * FROM runs WHERE event = 'ended'
    QUALIFY row_number() OVER (
        PARTITION BY run, dagster_run_id ORDER BY sequence DESC NULLS LAST, occurred_at DESC, source DESC
    ) = 1
)
SELECT
    ended_at AS occurred_at, run, dagster_run_id, steps.input, inputs.name, system, step, model, error_type, error, sequence
FROM steps LEFT JOIN inputs USING (input)
WHERE steps.status = 'failed'
UNION ALL
SELECT
    ends.occurred_at, ends.run, ends.dagster_run_id, started.input, inputs.name, started.system,
    NULL, NULL, ends.status, ends.error, ends.sequence
FROM ends
LEFT JOIN (SELECT DISTINCT run, dagster_run_id, input, system FROM runs WHERE event = 'started') AS started
    USING (run, dagster_run_id)
LEFT JOIN inputs ON inputs.input = started.input
WHERE
    ends.status IN ('failed', 'interrupted')
    AND NOT EXISTS (
        FROM steps
        WHERE steps.status = 'failed' AND steps.run = ends.run AND steps.dagster_run_id = ends.dagster_run_id
    );
COMMENT ON VIEW failures IS 'Steps that failed, and runs that ended badly without a failed step (step is NULL then)';

CREATE VIEW step_speed AS
WITH totals AS (
    SELECT
        step, model, device, compute_type, threads, batch_size, machine,
        count(*) AS attempts,
        sum(audio_s) AS audio_s,
        sum(inference_s) AS inference_s,
        sum(audio_s) / sum(inference_s) AS speed,
        avg(load_s) FILTER (load_s > 0) AS load_s,
        max(peak_memory_mib) AS peak_memory_mib
    FROM counted_steps
    WHERE status = 'completed' AND NOT cached AND inference_s > 0
    GROUP BY ALL
)
SELECT
    totals.*, hosts.cpu, hosts.gpus,
    differs(list(totals.machine) OVER same_step, count(*) OVER same_step > count(totals.machine) OVER same_step)
        AS hosts_differ
FROM totals LEFT JOIN hosts USING (machine)
WINDOW same_step AS (PARTITION BY step);
COMMENT ON VIEW step_speed IS 'speed: audio seconds per second in the model, over completed attempts that were not cached, by machine. load_s: mean of the attempts that loaded. hosts_differ: the figures of this step are not all of one machine, so its models can''t be compared by them; NULL where an earlier version did not say. Mixes whatever else a machine did meanwhile';

CREATE VIEW latest_artifacts AS
SELECT
    input, system, step,
    -- All of one row: arg_max(model, ...) would skip those without a model.
    unnest(arg_max(
        {'ended_at': ended_at, 'fingerprint': fingerprint, 'path': artifact, 'model': model,
         'place': place, 'gives': gives},
        (coalesce(sequence, 0), ended_at)
    ))
FROM counted_steps
WHERE status = 'completed'
GROUP BY input, system, step;
COMMENT ON VIEW latest_artifacts IS 'The last result of each step for each input and system, whatever became of later attempts; path is relative to the lab''s home';

CREATE VIEW latest_results AS
SELECT input, system, kind, step, model, fingerprint, path, ended_at
FROM (SELECT *, unnest(gives) AS kind FROM latest_artifacts)
QUALIFY row_number() OVER (PARTITION BY input, system, kind ORDER BY place DESC, step) = 1;
COMMENT ON VIEW latest_results IS 'What there is of each kind (audio, speech, turns, transcript, ...) for each input and system: the result of the last step of the pipeline that gives it and has one';

CREATE VIEW named_speakers AS
WITH
    told_apart AS (
        SELECT input, system, fingerprint FROM latest_results AS told
        WHERE kind = 'turns' OR (kind = 'transcript' AND NOT EXISTS (
            FROM latest_results AS other
            WHERE other.input = told.input AND other.system = told.system AND other.kind = 'turns'
        ))
    ),
    given AS (SELECT fingerprint, speaker, any_value(name) AS name FROM speaker_names GROUP BY ALL),
    recognised AS (
        SELECT latest.input, latest.system, heard.told_apart AS fingerprint, heard.speaker, heard.name
        FROM latest_results AS latest JOIN recognised_voices AS heard USING (fingerprint)
        WHERE latest.kind = 'known_voices'
    ),
    named AS (
        SELECT told_apart.*, given.speaker, given.name, 'people' AS named_by
        FROM told_apart JOIN given USING (fingerprint)
        UNION ALL
        SELECT told_apart.*, recognised.speaker, recognised.name, 'voice' AS named_by
        FROM told_apart JOIN recognised USING (input, system, fingerprint)
    )
FROM named QUALIFY row_number() OVER (PARTITION BY input, system, speaker ORDER BY named_by) = 1;
COMMENT ON VIEW named_speakers IS 'Speakers who have a name, for each input and system, as in the Meeting Pack. named_by: people, where somebody named them (modellab runs name-speakers); else voice, where they were taken for a known voice. fingerprint: the result that tells them apart';

CREATE VIEW failed_checks AS
WITH latest AS (
    SELECT * FROM checks ANTI JOIN derived.left_out ON left_out.id = checks.step_id
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
WHERE list_contains(latest.gives, 'transcript');
COMMENT ON VIEW transcripts IS 'The text of each input by each system, from each step that gives a transcript: asr, and alignment, which knows speakers. Empty where nothing was said';

CREATE VIEW flagged_words AS
WITH
    results AS (
        SELECT latest.input, latest.system, latest.fingerprint, CAST(made.summary ->> 'words' AS BIGINT) AS words,
            CAST(made.summary ->> 'flagged_words' AS BIGINT) AS flagged
        FROM latest_results AS latest JOIN artifacts AS made USING (fingerprint)
        WHERE latest.kind = 'flags'
    ),
    told AS (
        SELECT results.system, flags.kind, count(*) AS times
        FROM results JOIN flags USING (fingerprint)
        WHERE flags.strength = 'strong'
        GROUP BY ALL
    ),
    by_kind AS (SELECT system, map_from_entries(list((kind, times) ORDER BY kind)) AS flags FROM told GROUP BY system),
    totals AS (
        SELECT system, count(*) AS recordings, sum(words) AS words, sum(flagged) AS flagged_words,
            count(*) FILTER (flagged > 0) AS recordings_with_flags
        FROM results GROUP BY system
    )
SELECT totals.*, 1000.0 * flagged_words / nullif(words, 0) AS flagged_per_1000_words,
    coalesce(by_kind.flags, MAP {}) AS flags
FROM totals LEFT JOIN by_kind USING (system);
COMMENT ON VIEW flagged_words IS 'Of each system how many of its words were probably never said, in its last results; flags: kind -> how often, of those that readers are told. No reference is needed; it is no error rate';

CREATE VIEW speaker_talk_time AS
WITH told_apart AS (SELECT input, system, fingerprint FROM latest_results WHERE kind = 'turns')
SELECT
    told_apart.input, inputs.name, told_apart.system, segments.speaker,
    any_value(names.name) FILTER (names.named_by = 'people') AS given_name,
    any_value(names.name) FILTER (names.named_by = 'voice') AS name_by_voice,
    count(*) AS turns,
    sum(segments.end_s - segments.start_s) AS talk_s,
    talk_s / sum(talk_s) OVER (PARTITION BY told_apart.input, told_apart.system) AS share
FROM told_apart
JOIN segments USING (fingerprint)
LEFT JOIN named_speakers AS names USING (input, system, speaker)
LEFT JOIN inputs USING (input)
WHERE segments.kind = 'turn'
GROUP BY told_apart.input, inputs.name, told_apart.system, segments.speaker;
COMMENT ON VIEW speaker_talk_time IS 'How long each speaker talks, seconds, by the last step of the system that tells speakers apart, as in the Meeting Pack; where two talk at once both count. share: of all talking; given_name: the name that people gave, if any; name_by_voice: else that of the known voice they were taken for';

CREATE VIEW latest_scores AS
SELECT
    dataset, dataset_version, case_id, input, system, device, step, surface, model, metric, unit, better, protocol,
    scorer_version, value, numerator, denominator, components, error, fingerprint, machines, machines_unknown, scored_at
FROM derived.outcomes WHERE fingerprint IS NOT NULL;
COMMENT ON VIEW latest_scores IS 'The scores of what each system last made of each input on each kind of device; what was scored again counts once, and what was made anew with other content has none until it is scored. device: of all steps it rests on, where they differ step by step; machines: where those steps ran';

CREATE VIEW case_outcomes AS
SELECT * EXCLUDE (own_device, scored_at) FROM derived.outcomes;
COMMENT ON VIEW case_outcomes IS 'latest_scores, and a row with an error for each case of which a system has no result because its step failed or was not run: with every metric by which that step is scored there. Without error and value: errors in silence, which count in a corpus';

CREATE MACRO summed(listed, part) AS coalesce(list_sum(list_transform(listed :: MAP(VARCHAR, DOUBLE)[], lambda one: one[part])), 0);
COMMENT ON MACRO summed IS 'Sum of one component over a list of scores.components';

CREATE MACRO bleu_precision(listed, n, halvings) AS
    CASE WHEN summed(listed, 'matched_' || n) > 0 THEN 100 * summed(listed, 'matched_' || n) ELSE 100 / pow(2, halvings) END
    / summed(listed, 'found_' || n);
COMMENT ON MACRO bleu_precision IS 'Part of bleu_of: precision of n words in percent; where nothing matched, smoothed as sacrebleu does (exp)';

CREATE MACRO bleu_of(listed) AS
CASE
    WHEN summed(listed, 'reference_length') = 0 THEN NULL
    -- Without a match of any length, or a sequence of every length, there is nothing: as sacrebleu has it.
    WHEN summed(listed, 'matched_1') = 0 OR summed(listed, 'found_4') = 0 THEN 0
    ELSE exp(
        least(0, 1 - summed(listed, 'reference_length') / summed(listed, 'length'))
        + (
            ln(bleu_precision(listed, 1, 1)) + ln(bleu_precision(listed, 2, 1))
            + ln(bleu_precision(listed, 3, 1 + (summed(listed, 'matched_2') = 0) :: INTEGER))
            + ln(bleu_precision(
                listed, 4, 1 + (summed(listed, 'matched_2') = 0) :: INTEGER + (summed(listed, 'matched_3') = 0) :: INTEGER
            ))
        ) / 4
    )
END;
COMMENT ON MACRO bleu_of IS 'Corpus BLEU of a list of components: modellab/metrics/formulas.py in SQL';

CREATE MACRO chrf_mean(listed, below) AS
list_avg(list_transform(
    list_filter(range(1, 7), lambda n: summed(listed, 'found_' || n) > 0 AND summed(listed, 'expected_' || n) > 0),
    lambda n: summed(listed, 'matched_' || n) / summed(listed, below || n)
));
COMMENT ON MACRO chrf_mean IS 'Part of chrf_of: mean precision (below found_) or recall (below expected_) over the lengths that both sides have';

CREATE MACRO chrf_of(listed) AS
CASE
    WHEN summed(listed, 'expected_1') = 0 THEN NULL
    ELSE coalesce(
        100 * (5 * chrf_mean(listed, 'found_') * chrf_mean(listed, 'expected_'))
        / nullif(4 * chrf_mean(listed, 'found_') + chrf_mean(listed, 'expected_'), 0), 0
    )
END;
COMMENT ON MACRO chrf_of IS 'Corpus chrF of a list of components: modellab/metrics/formulas.py in SQL';

CREATE MACRO counts_of(metric, components) AS
    CASE WHEN metric IN ('bleu', 'chrf') AND cardinality(components :: MAP(VARCHAR, DOUBLE)) > 0 THEN components END;
COMMENT ON MACRO counts_of IS 'Components of a figure that is no ratio of two sums; NULL of all others';

CREATE MACRO corpus_figure(above, below, counted) AS
CASE
    WHEN counted IS NULL THEN above / nullif(below, 0)
    WHEN map_contains((counted :: MAP(VARCHAR, DOUBLE)[])[1], 'reference_length') THEN bleu_of(counted)
    ELSE chrf_of(counted)
END;
COMMENT ON MACRO corpus_figure IS 'The figure of several scores of one metric: of the sums of numerators and denominators, or of the list of counts_of, NULL where there is none';

CREATE MACRO standings_among(wanted, wanted_datasets) AS TABLE
WITH
    entries AS MATERIALIZED (
        SELECT
            dataset, dataset_version, step, metric, unit, better, protocol, scorer_version, system, device, case_id,
            numerator, denominator, counts_of(metric, components) AS counted, error IS NOT NULL AS is_failed, machines,
            machines_unknown
        FROM case_outcomes
        WHERE
            (wanted IS NULL OR list_contains(wanted, system))
            AND (wanted_datasets IS NULL OR list_contains(wanted_datasets, concat_ws(chr(31), dataset, dataset_version)))
    ),
    -- Numbers instead of names: what follows compares and groups millions of them.
    boards AS MATERIALIZED (
        SELECT *, row_number() OVER () AS board
        FROM (SELECT DISTINCT dataset, dataset_version, step, metric, unit, better, protocol, scorer_version FROM entries)
    ),
    contestants AS MATERIALIZED (
        SELECT *, row_number() OVER () AS contestant FROM (SELECT DISTINCT system, device FROM entries)
    ),
    numbered AS MATERIALIZED (
        SELECT board, contestant, case_id, numerator, denominator, counted, is_failed, machines, machines_unknown
        FROM entries
        JOIN boards
            ON boards.dataset IS NOT DISTINCT FROM entries.dataset
            AND boards.dataset_version IS NOT DISTINCT FROM entries.dataset_version
            AND boards.step = entries.step AND boards.metric = entries.metric AND boards.unit = entries.unit
            AND boards.better = entries.better AND boards.protocol = entries.protocol
            AND boards.scorer_version = entries.scorer_version
        JOIN contestants
            ON contestants.system = entries.system AND contestants.device IS NOT DISTINCT FROM entries.device
    ),
    tried AS (
        SELECT board, case_id, count(DISTINCT contestant) AS contestants FROM numbered GROUP BY board, case_id
    ),
    present AS (SELECT board, count(DISTINCT contestant) AS contestants FROM numbered GROUP BY board),
    common AS MATERIALIZED (
        SELECT numbered.* FROM numbered JOIN tried USING (board, case_id) JOIN present USING (board, contestants)
    ),
    failures AS MATERIALIZED (
        SELECT everybody.board, everybody.contestant, coalesce(counted.failed_cases, 0) AS failed_cases
        FROM (SELECT DISTINCT board, contestant FROM numbered) AS everybody
        LEFT JOIN (
            SELECT board, contestant, count_if(is_failed) AS failed_cases FROM common GROUP BY board, contestant
        ) AS counted USING (board, contestant)
    ),
    -- Those that failed as often are told apart by their figures, over the common cases that each of them has one of.
    peers AS (SELECT board, failed_cases, count(*) AS contestants FROM failures GROUP BY board, failed_cases),
    compared_cases AS (
        SELECT board, failed_cases, case_id, count(DISTINCT contestant) AS contestants
        FROM common JOIN failures USING (board, contestant)
        WHERE NOT is_failed
        GROUP BY board, failed_cases, case_id
    ),
    compared_sums AS (
        SELECT
            common.board, common.contestant,
            sum(common.numerator) AS above, sum(common.denominator) AS below,
            list(common.counted) FILTER (common.counted IS NOT NULL) AS counted, count(*) AS compared_cases
        FROM common
        JOIN failures USING (board, contestant)
        JOIN compared_cases USING (board, failed_cases, case_id)
        JOIN peers USING (board, failed_cases, contestants)
        GROUP BY common.board, common.contestant
    ),
    compared AS (
        SELECT board, contestant, compared_cases, corpus_figure(above, below, counted) AS value FROM compared_sums
    ),
    shared AS (SELECT board, contestant, count(*) AS common_cases FROM common GROUP BY board, contestant),
    sums AS (
        SELECT
            board, contestant,
            sum(numerator) AS above, sum(denominator) AS below, list(counted) FILTER (counted IS NOT NULL) AS counted,
            count(*) AS own_cases,
            count_if(is_failed) AS own_failed_cases,
            list_sort(list_distinct(flatten(list(DISTINCT machines)))) AS machines,
            bool_or(machines_unknown) AS some_unknown
        FROM numbered GROUP BY board, contestant
    ),
    totals AS (
        SELECT * EXCLUDE (above, below, counted), corpus_figure(above, below, counted) AS own_value FROM sums
    )
SELECT
    boards.* EXCLUDE (board), contestants.* EXCLUDE (contestant),
    CASE WHEN compared.value IS NOT NULL OR failed_cases > 0 THEN rank() OVER (
        PARTITION BY board
        ORDER BY failed_cases, CASE boards.better WHEN 'higher' THEN -compared.value ELSE compared.value END NULLS LAST
    ) END AS rank,
    count(*) OVER same_board AS systems,
    compared.value, coalesce(compared.compared_cases, 0) AS compared_cases,
    coalesce(shared.common_cases, 0) AS common_cases, failed_cases, own_value, own_cases, own_failed_cases, machines,
    differs(flatten(list(machines) OVER same_board), bool_or(some_unknown) OVER same_board) AS hosts_differ
FROM totals
JOIN boards USING (board)
JOIN contestants USING (contestant)
JOIN failures USING (board, contestant)
LEFT JOIN shared USING (board, contestant)
LEFT JOIN compared USING (board, contestant)
WINDOW same_board AS (PARTITION BY board);
COMMENT ON MACRO TABLE standings_among IS 'What leaderboard and leaderboard_of are worked out by: among some systems, of some datasets, each named with its version, chr(31) between; NULL: all';

CREATE MACRO leaderboard_of(wanted) AS TABLE FROM standings_among(wanted, NULL :: VARCHAR[]);
COMMENT ON MACRO TABLE leaderboard_of IS 'leaderboard among some systems alone, who may have more cases in common: FROM leaderboard_of([''a'', ''b''])';

CREATE VIEW leaderboard AS FROM derived.standings;
COMMENT ON VIEW leaderboard IS 'Systems, on each kind of device, ranked by each metric of each dataset over the cases that all of them were tried on (common_cases): first by how many of these failed, then by value. value is over compared_cases, those of them that all with as many failures have a figure of; own_value is over all cases the system has a figure of, and says nothing about others. A figure of several cases is the sum of numerators over the sum of denominators; that of BLEU and chrF is the formula of the summed counts. rank is NULL where there is nothing to compare. hosts_differ: not all of these results were made on one machine; NULL where an earlier version did not say';

CREATE MACRO case_pairs(wanted_dataset, wanted_metric, a, b) AS TABLE
SELECT
    one.dataset, one.dataset_version, one.step, one.metric, one.unit, one.better, one.protocol, one.scorer_version,
    one.case_id, one.input, current_cases.language, current_cases.speakers, current_cases.tags,
    one.device AS a_device, one.value AS a_value, one.numerator AS a_numerator, one.denominator AS a_denominator,
    one.error AS a_error, one.fingerprint AS a_fingerprint,
    other.device AS b_device, other.value AS b_value, other.numerator AS b_numerator,
    other.denominator AS b_denominator, other.error AS b_error, other.fingerprint AS b_fingerprint
FROM case_outcomes AS one
JOIN case_outcomes AS other
    ON other.dataset_version IS NOT DISTINCT FROM one.dataset_version AND other.step = one.step
    AND other.unit = one.unit AND other.better = one.better AND other.protocol = one.protocol
    AND other.scorer_version = one.scorer_version AND other.case_id = one.case_id
LEFT JOIN current_cases
    ON current_cases.dataset = one.dataset AND current_cases.version = one.dataset_version
    AND current_cases.case_id = one.case_id
WHERE
    one.dataset IS NOT DISTINCT FROM wanted_dataset AND one.metric = wanted_metric AND one.system = a
    AND other.dataset IS NOT DISTINCT FROM wanted_dataset AND other.metric = wanted_metric AND other.system = b;
COMMENT ON MACRO TABLE case_pairs IS 'Each case that two systems were both put to, with what a comparison needs (modellab.statistics): FROM case_pairs(dataset, metric, a, b). One row per pair of devices; a failed case has an error and no figure; dataset NULL: recordings of no dataset';

CREATE MACRO slices_of(wanted_dataset, wanted_metric) AS TABLE
WITH
    tagged AS (
        SELECT dataset, version, case_id, tag, json_extract_string(tags, '$."' || tag || '"') AS tag_value
        FROM (
            SELECT *, unnest(json_keys(tags)) AS tag FROM current_cases
            WHERE dataset IS NOT DISTINCT FROM wanted_dataset
        )
    ),
    figures AS (
        SELECT
            outcomes.dataset, outcomes.dataset_version, outcomes.step, outcomes.metric, outcomes.unit, outcomes.better,
            outcomes.protocol, outcomes.scorer_version, outcomes.system, outcomes.device, tagged.tag, tagged.tag_value,
            sum(outcomes.numerator) AS above, sum(outcomes.denominator) AS denominator,
            list(counts_of(outcomes.metric, outcomes.components))
                FILTER (counts_of(outcomes.metric, outcomes.components) IS NOT NULL) AS counted,
            count(*) AS cases, count(outcomes.error) AS failed_cases
        FROM case_outcomes AS outcomes
        JOIN tagged
            ON tagged.dataset = outcomes.dataset AND tagged.version = outcomes.dataset_version
            AND tagged.case_id = outcomes.case_id
        WHERE outcomes.dataset IS NOT DISTINCT FROM wanted_dataset AND outcomes.metric = wanted_metric
        GROUP BY ALL
    )
SELECT
    * EXCLUDE (above, denominator, counted, cases, failed_cases),
    corpus_figure(above, denominator, counted) AS value,
    -- What a figure with a formula adds is no number of its own: this is what its value follows from, weighed.
    CASE WHEN counted IS NULL THEN above ELSE value * denominator END AS numerator,
    denominator, cases, failed_cases
FROM figures;
COMMENT ON MACRO TABLE slices_of IS 'Figures of every system on every slice of a dataset: FROM slices_of(dataset, metric). Over all cases it has a figure of; cases counts failed ones too';

CREATE MACRO history_of(wanted_dataset, wanted_metric) AS TABLE
WITH
    wanted AS (
        SELECT * FROM scores ANTI JOIN derived.doubted ON doubted.fingerprint = scores.source
        WHERE dataset IS NOT DISTINCT FROM wanted_dataset AND metric = wanted_metric
        QUALIFY row_number() OVER (
            PARTITION BY fingerprint, content_sha256, dataset_version, case_id, protocol, scorer_version
            ORDER BY error IS NOT NULL, scored_at DESC, source DESC
        ) = 1
    ),
    made AS (
        SELECT DISTINCT fingerprint, system, step FROM counted_steps
        WHERE status = 'completed' AND fingerprint IN (SELECT fingerprint FROM wanted)
    ),
    figures AS (
        SELECT
            wanted.dataset, wanted.dataset_version, made.step, wanted.metric, wanted.unit, wanted.better, wanted.protocol,
            wanted.scorer_version, made.system, artifacts.device, artifacts.model, artifacts.code_version,
            date_trunc('day', artifacts.made_at) AS day,
            sum(wanted.numerator) AS above, sum(wanted.denominator) AS denominator,
            list(counts_of(wanted.metric, wanted.components))
                FILTER (counts_of(wanted.metric, wanted.components) IS NOT NULL) AS counted,
            count(*) AS cases, count(wanted.error) AS failed_cases
        FROM wanted
        JOIN artifacts ON artifacts.fingerprint = wanted.fingerprint AND artifacts.content_sha256 = wanted.content_sha256
        JOIN made ON made.fingerprint = wanted.fingerprint
        GROUP BY ALL
    )
SELECT
    * EXCLUDE (above, denominator, counted, cases, failed_cases),
    corpus_figure(above, denominator, counted) AS value,
    -- What a figure with a formula adds is no number of its own: this is what its value follows from, weighed.
    CASE WHEN counted IS NULL THEN above ELSE value * denominator END AS numerator,
    denominator, cases, failed_cases
FROM figures;
COMMENT ON MACRO TABLE history_of IS 'Figures of every system on a dataset by the day (UTC) on which its results were made: FROM history_of(dataset, metric). Days may be of different cases; failed_cases: that could not be scored';

CREATE VIEW speed_history AS
WITH
    timed AS (
        SELECT
            system, step, model, device, compute_type, threads, batch_size, machine, input, started_at,
            audio_s, inference_s, peak_memory_mib,
            -- What is more than six hours after the one before is another measurement.
            coalesce(
                started_at - lag(started_at) OVER (
                    PARTITION BY system, step, model, device, compute_type, threads, batch_size, machine
                    ORDER BY started_at
                ) > INTERVAL 6 HOURS, true
            ) AS begins
        FROM counted_steps
        WHERE status = 'completed' AND NOT cached AND NOT first_inference AND inference_s > 0 AND audio_s > 0
    ),
    measurements AS (
        SELECT
            *, count_if(begins) OVER (
                PARTITION BY system, step, model, device, compute_type, threads, batch_size, machine
                ORDER BY started_at ROWS UNBOUNDED PRECEDING
            ) AS measurement
        FROM timed
    ),
    of_dataset AS (SELECT DISTINCT dataset, version, input FROM current_cases WHERE input IS NOT NULL),
    by_recording AS (
        SELECT
            dataset, version, system, step, model, device, compute_type, threads, batch_size, machine, measurement, input,
            count(*) AS repeats, min(started_at) AS measured_at,
            -- Whatever else the machine did can only slow an inference down.
            min(inference_s / audio_s) * max(audio_s) AS inference_s, max(audio_s) AS audio_s,
            min(peak_memory_mib) AS peak_memory_mib
        FROM measurements JOIN of_dataset USING (input)
        GROUP BY ALL
    )
SELECT
    dataset, version, system, step, model, device, compute_type, threads, batch_size, machine,
    count(*) AS recordings, min(repeats) AS repeats, min(measured_at) AS measured_at,
    sum(inference_s) / sum(audio_s) AS real_time_factor, max(peak_memory_mib) AS peak_memory_mib,
    md5(
        row(
            dataset, version, system, step, model, device, compute_type, threads, batch_size, machine,
            list(input ORDER BY input)
        ) :: VARCHAR
    ) AS series
FROM by_recording
GROUP BY dataset, version, system, step, model, device, compute_type, threads, batch_size, machine, measurement;
COMMENT ON VIEW speed_history IS 'Speed and memory of every step of a system on a dataset, measurement by measurement: seconds of inference for each second of sound, of each recording the fastest of its repeats; of cached results and of first inferences after loading none. repeats: the least that any recording had. Compare only rows of the same series (recordings, model, device, compute type, threads, batch size, machine) with 3 repeats or more: speed_trends and speed_changes do';

CREATE MACRO speed_figures() AS TABLE
SELECT * EXCLUDE (real_time_factor, peak_memory_mib), unnest([
    {'metric': 'real_time_factor', 'value': real_time_factor}, {'metric': 'peak_memory_mib', 'value': peak_memory_mib}
], recursive := true)
FROM speed_history WHERE repeats >= 3;
COMMENT ON MACRO TABLE speed_figures IS 'speed_history of measurements with 3 repeats or more, a row per figure: real_time_factor, peak_memory_mib';

CREATE VIEW speed_trends AS
SELECT
    * EXCLUDE (repeats, measured_at, value), count(*) AS measurements,
    min(measured_at) AS first_at, max(measured_at) AS last_at,
    arg_min(value, measured_at) AS first_value, arg_max(value, measured_at) AS last_value,
    CASE WHEN count(*) >= 3 THEN exp(regr_slope(ln(value), epoch(measured_at)) * 30 * 86400) - 1 END AS per_month
FROM speed_figures() WHERE value > 0
GROUP BY ALL;
COMMENT ON VIEW speed_trends IS 'Where speed and memory go: per_month is the part by which a figure grows in 30 days, by least squares on its logarithm; NULL of fewer than three measurements. Of a jump it makes a slope: see speed_changes';

CREATE VIEW speed_changes AS
WITH
    around AS (
        SELECT
            * EXCLUDE (repeats),
            median(value) OVER three_before AS before, median(value) OVER from_here AS after,
            abs(avg(ln(value)) OVER from_here - avg(ln(value)) OVER three_before) AS shift,
            count(*) OVER three_before = 3 AND count(*) OVER from_here = 3 AS is_inside
        FROM speed_figures() WHERE value > 0
        WINDOW
            three_before AS (
                PARTITION BY series, metric ORDER BY measured_at ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING
            ),
            from_here AS (PARTITION BY series, metric ORDER BY measured_at ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING)
    ),
    shifted AS (
        SELECT
            *,
            -- The one that begins is beyond as well: with the last of before, two new ones would move the median.
            CASE
                WHEN is_inside AND (least(value, after) > 1.1 * before OR 1.1 * greatest(value, after) < before)
                THEN shift
            END AS weight
        FROM around
    ),
    beside AS (
        SELECT
            *,
            max(weight) OVER (
                PARTITION BY series, metric ORDER BY measured_at ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING
            ) AS weight_before,
            max(weight) OVER (
                PARTITION BY series, metric ORDER BY measured_at ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING
            ) AS weight_after
        FROM shifted
    )
SELECT * EXCLUDE (value, shift, is_inside, weight, weight_before, weight_after), after / before - 1 AS change
FROM beside
-- The medians are as far apart a measurement earlier and later: the change is where the means are farthest apart.
WHERE weight > coalesce(weight_before, 0) AND weight >= coalesce(weight_after, 0);
COMMENT ON VIEW speed_changes IS 'Change points: from measured_at on the median of three measurements is more than 10 % from that of the three before, so a single slow night is none. before and after are those medians, change the part between them';

CREATE VIEW scorecard AS
SELECT
    system, device, dataset, step, metric, own_value AS value, unit, better, own_cases AS cases,
    own_failed_cases AS failed_cases, rank, systems, common_cases, protocol, scorer_version, machines, hosts_differ
FROM leaderboard
UNION ALL
SELECT
    system, device, NULL, step, 'speed', sum(audio_s) / sum(inference_s), 'x real time', 'higher', count(*),
    NULL, NULL, NULL, NULL, concat_ws(', ', compute_type, threads || ' threads'), 'step_speed',
    CASE WHEN machine IS NULL THEN [] ELSE [machine] END,
    differs(
        flatten(list(list(DISTINCT machine)) OVER same_step), bool_or(bool_or(machine IS NULL)) OVER same_step
    )
FROM counted_steps
WHERE status = 'completed' AND NOT cached AND inference_s > 0
GROUP BY system, device, step, compute_type, threads, machine
WINDOW same_step AS (PARTITION BY step);
COMMENT ON VIEW scorecard IS 'All figures of a system: quality over all its cases, with its rank over those it has in common with others; speed by step, device and machine. hosts_differ: others'' figures of that kind are not all of the same machine';

CREATE VIEW helper_models AS
SELECT
    id AS step_id, run, dagster_run_id, input, system, step, status, cached, started_at,
    unnest(helpers, recursive := true)
FROM steps;
COMMENT ON VIEW helper_models IS 'Models that steps used beside their own, one row per attempt and model: an embedder, a language model; threads and machine are NULL where it was not loaded';

CREATE VIEW service_calls AS
SELECT
    id AS step_id, run, dagster_run_id, input, system, step, model, status, started_at, fingerprint,
    unnest(calls, recursive := true)
FROM steps;
COMMENT ON VIEW service_calls IS 'What was asked of services, one row per answer, also of steps that failed: model and version that answered, seconds of sound that count, cost; cost is NULL where no price was known';

CREATE VIEW service_costs AS
SELECT
    model, service, asked, currency,
    count(*) AS requests,
    round(sum(audio_s) / 60, 4) AS minutes,
    sum(cost) AS cost,
    count(*) FILTER (WHERE cost IS NULL) AS requests_without_price,
    list_sort(list_distinct(list(answered))) AS answered,
    min(started_at) AS since,
    max(started_at) AS until
FROM service_calls GROUP BY model, service, asked, currency;
COMMENT ON VIEW service_costs IS 'What services were asked and cost so far, by model, address and currency; what failed attempts cost is not known. answered: models and versions that answered, several where the service changed';

CREATE VIEW model_evictions AS
SELECT
    id AS step_id, run, dagster_run_id, input, system, step, status, machine, started_at,
    unnest(evictions, recursive := true)
FROM steps;
COMMENT ON VIEW model_evictions IS 'Models that went from memory: one row each time. why: budget (of those that nobody used it was the one used longest ago, when the wanted one needed room), ended (its process or server was gone), other weights (others lie in its folder); wanted: for which it went; held_mib and wanted_mib together exceed budget_mib where that was why';

CREATE VIEW model_loads AS
WITH
    ran AS (
        SELECT
            model, device, machine, count(*) FILTER (load_s > 0) AS loads, count(*) FILTER (load_s = 0) AS hits,
            sum(load_s) AS load_s, median(load_s) FILTER (load_s > 0) AS typical_load_s
        FROM steps
        WHERE model IS NOT NULL AND status = 'completed' AND NOT cached
        GROUP BY model, device, machine
    ),
    went AS (SELECT model, device, machine, count(*) AS evictions FROM model_evictions GROUP BY model, device, machine)
SELECT ran.*, coalesce(went.evictions, 0) AS evictions
FROM ran LEFT JOIN went
    ON went.model = ran.model AND went.device IS NOT DISTINCT FROM ran.device
    AND went.machine IS NOT DISTINCT FROM ran.machine;
COMMENT ON VIEW model_loads IS 'Of each model how often a step that ran loaded it (loads, and the seconds), how often it was in memory already (hits), and how often it went from memory again on that machine (evictions: model_evictions has each, and why)';

CREATE VIEW coverage AS
WITH
    wanted AS (
        SELECT model, status, unnest(surfaces) AS surface FROM current_models
        UNION
        -- Of a step with a surface of its own no model says that it offers it.
        SELECT model, current_models.status, done.surface
        FROM counted_steps AS done JOIN current_models USING (model)
        WHERE done.status = 'completed' AND done.surface IS NOT NULL
    ),
    measured AS (
        SELECT model, surface, dataset, count(DISTINCT metric) AS metrics, count(DISTINCT case_id) AS cases
        FROM latest_scores WHERE error IS NULL GROUP BY ALL
    ),
    ran AS (
        SELECT model, surface, count(DISTINCT input) AS inputs
        FROM counted_steps WHERE status = 'completed' GROUP BY ALL
    )
SELECT
    wanted.model, wanted.status, wanted.surface, measured.dataset,
    coalesce(measured.metrics, 0) AS metrics,
    coalesce(measured.cases, 0) AS cases,
    coalesce(ran.inputs, 0) AS inputs
FROM wanted
LEFT JOIN measured USING (model, surface)
LEFT JOIN ran USING (model, surface);
COMMENT ON VIEW coverage IS 'What evidence there is for each model, surface and dataset, whatever step has that surface; channels is one of its own, not vad; no dataset and no metrics: never scored; inputs: how many it has processed';

CREATE MACRO search(wanted) AS TABLE
WITH
    told AS (
        -- Alignment gives the words of asr again, with speakers: they are searched once.
        SELECT * FROM latest_results WHERE kind = 'transcript'
    ),
    needle AS (
        SELECT trim(regexp_replace(lower(wanted), '[\s\p{P}]+', ' ', 'g')) AS words, words = '' AS is_punctuation,
        CASE WHEN is_punctuation THEN lower(trim(wanted)) ELSE words END AS text
    ),
    -- As it is searched: in small letters and without punctuation, unless that is what is looked for.
    utterances AS (
        SELECT
            fingerprint, position,
            CASE WHEN is_punctuation THEN lower(segments.text)
            ELSE trim(regexp_replace(lower(segments.text), '[\s\p{P}]+', ' ', 'g')) END AS plain,
            -- Languages that are written without spaces have none between utterances either.
            CASE
                WHEN plain = '' OR regexp_matches(plain, '^[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]')
                THEN plain ELSE ' ' || plain
            END AS piece,
            coalesce(sum(length(piece)) OVER (
                PARTITION BY fingerprint ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0) AS begins,
            begins + length(piece) AS ends
        FROM segments, needle
        WHERE segments.kind = 'utterance' AND fingerprint IN (SELECT fingerprint FROM told)
    ),
    texts AS (SELECT fingerprint, string_agg(piece, '' ORDER BY position) AS text FROM utterances GROUP BY fingerprint),
    parts AS (
        SELECT fingerprint, length(needle.text) AS wide, string_split(texts.text, needle.text) AS around
        FROM texts, needle WHERE needle.text <> '' AND contains(texts.text, needle.text)
    ),
    hits AS (
        SELECT
            fingerprint, nth,
            list_sum([length(part) FOR part IN around[:nth]]) + (nth - 1) * wide AS begins, begins + wide AS ends
        FROM (SELECT *, unnest(range(1, len(around))) AS nth FROM parts)
    ),
    found AS (
        SELECT hits.fingerprint, min(utterances.position) AS first, max(utterances.position) AS last
        FROM hits
        JOIN utterances
            ON utterances.fingerprint = hits.fingerprint
            AND utterances.begins < hits.ends AND utterances.ends > hits.begins
        GROUP BY hits.fingerprint, hits.nth
    )
SELECT
    told.input, inputs.name, told.system, told.step, min(segments.start_s) AS start_s, max(segments.end_s) AS end_s,
    array_to_string(list_sort(list(DISTINCT segments.speaker) FILTER (segments.speaker IS NOT NULL)), ', ') AS speaker,
    string_agg(segments.text, ' ' ORDER BY segments.position) AS text
FROM (SELECT DISTINCT * FROM found) AS spans
JOIN told USING (fingerprint)
JOIN segments
    ON segments.fingerprint = spans.fingerprint AND segments.kind = 'utterance'
    AND segments.position BETWEEN spans.first AND spans.last
LEFT JOIN inputs ON inputs.input = told.input
GROUP BY told.input, inputs.name, told.system, told.step, spans.fingerprint, spans.first, spans.last;
COMMENT ON MACRO TABLE search IS 'Utterances that contain some words one after the other, in any case and whatever the punctuation, also where they go on in the next utterance: FROM search(''the budget'')';
