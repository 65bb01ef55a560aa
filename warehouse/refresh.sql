-- Brings derived.outcomes and derived.standings up to date with the tables. `touched` holds the inputs of which anything
-- is new: steps, results, scores, cases. What an input's rows are follows from that input's rows alone; failed cases and
-- standings follow from all rows of a dataset, and are made anew for those that the inputs belong to.

CREATE OR REPLACE TEMP TABLE affected AS
    SELECT DISTINCT dataset, dataset_version FROM derived.outcomes WHERE input IN (FROM touched)
    UNION
    SELECT dataset, version FROM cases WHERE input IN (FROM touched);

DELETE FROM derived.outcomes WHERE fingerprint IS NOT NULL AND input IN (FROM touched);

INSERT INTO derived.outcomes BY NAME
WITH RECURSIVE
    -- Every result of the steps that have scores: the last may be one that has none yet.
    attempts AS (
        SELECT input, system, step, fingerprint, coalesce(sequence, 0) AS sequence, ended_at
        FROM counted_steps
        WHERE
            status = 'completed' AND fingerprint IS NOT NULL
            AND input IN (FROM touched)
            AND (input, system, step) IN (
                SELECT (input, system, step) FROM counted_steps
                WHERE fingerprint IN (SELECT fingerprint FROM scores)
            )
    ),
    rests_on AS (
        SELECT fingerprint, fingerprint AS part FROM attempts
        UNION
        SELECT rests_on.fingerprint, unnest(json_extract_string(artifacts.reads, '$.*'))
        FROM rests_on JOIN artifacts ON artifacts.fingerprint = rests_on.part
    ),
    made AS (
        SELECT
            rests_on.fingerprint,
            CASE
                WHEN count(DISTINCT artifacts.device) < 2 THEN any_value(artifacts.device)
                ELSE array_to_string(list_sort(list(DISTINCT artifacts.step || ' ' || artifacts.device) FILTER (artifacts.device IS NOT NULL)), ', ')
            END AS device,
            coalesce(list_sort(list(DISTINCT artifacts.machine) FILTER (artifacts.machine IS NOT NULL)), []) AS machines,
            count(*) > count(artifacts.machine) AS some_unknown
        FROM rests_on JOIN artifacts ON artifacts.fingerprint = rests_on.part
        GROUP BY rests_on.fingerprint
    ),
    -- The last one on each kind of device: what a GPU made and what a CPU made are compared, neither replaces the other.
    results AS (
        SELECT attempts.input, attempts.system, attempts.step, made.*
        FROM attempts JOIN made USING (fingerprint)
        QUALIFY row_number() OVER (
            PARTITION BY attempts.input, attempts.system, attempts.step, made.device
            ORDER BY attempts.sequence DESC, attempts.ended_at DESC
        ) = 1
    ),
    last_scores AS (
        SELECT scores.*
        FROM (FROM scores ANTI JOIN derived.doubted ON doubted.fingerprint = scores.source) AS scores
        LEFT JOIN (SELECT fingerprint, max(sequence) AS sequence FROM steps GROUP BY fingerprint) AS scorers
            ON scorers.fingerprint = scores.source
        WHERE scores.fingerprint IN (SELECT fingerprint FROM results)
        QUALIFY row_number() OVER (
            PARTITION BY
                scores.fingerprint, content_sha256, dataset, dataset_version, case_id, metric, protocol, scorer_version
            -- As with results: what was once there is not hidden by a later failure.
            ORDER BY error IS NOT NULL, scorers.sequence DESC NULLS LAST, scored_at DESC, scores.source DESC
        ) = 1
    )
SELECT
    last_scores.dataset, last_scores.dataset_version, coalesce(last_scores.case_id, results.input) AS case_id, results.input,
    results.system, results.device, artifacts.device AS own_device, results.step, artifacts.surface, artifacts.model,
    last_scores.metric, last_scores.unit, last_scores.better, last_scores.protocol, last_scores.scorer_version,
    last_scores.value, last_scores.numerator, last_scores.denominator, last_scores.components, last_scores.error,
    results.fingerprint, results.machines, results.some_unknown AS machines_unknown, last_scores.scored_at
FROM results
JOIN artifacts USING (fingerprint)
JOIN last_scores
    ON last_scores.fingerprint = results.fingerprint AND last_scores.content_sha256 = artifacts.content_sha256
-- What is asked for together lies together: most row groups of DuckDB are then passed over.
ORDER BY last_scores.dataset, last_scores.metric, results.system;

INSERT INTO affected
    SELECT DISTINCT dataset, dataset_version FROM derived.outcomes WHERE input IN (FROM touched)
    EXCEPT
    FROM affected;

DELETE FROM derived.outcomes USING affected
WHERE
    derived.outcomes.fingerprint IS NULL
    AND derived.outcomes.dataset IS NOT DISTINCT FROM affected.dataset
    AND derived.outcomes.dataset_version IS NOT DISTINCT FROM affected.dataset_version;

INSERT INTO derived.outcomes BY NAME
WITH
    scored AS MATERIALIZED (
        SELECT outcomes.* FROM derived.outcomes SEMI JOIN affected
            ON affected.dataset IS NOT DISTINCT FROM outcomes.dataset
            AND affected.dataset_version IS NOT DISTINCT FROM outcomes.dataset_version
        WHERE fingerprint IS NOT NULL
    ),
    boards AS (
        SELECT DISTINCT dataset, dataset_version, step, metric, unit, better, protocol, scorer_version FROM scored
    ),
    contestants AS (
        SELECT DISTINCT dataset, dataset_version, step, system, device, own_device FROM scored
    ),
    known_cases AS (
        SELECT dataset, version AS dataset_version, case_id, input FROM current_cases
        WHERE input IS NOT NULL AND (dataset, version) IN (SELECT (dataset, dataset_version) FROM affected)
        UNION
        SELECT dataset, dataset_version, case_id, input FROM scored
    ),
    failed AS (
        SELECT
            input, system, step, surface, model, device,
            arg_max(
                {'error': coalesce(error, error_type, status), 'order': (coalesce(sequence, 0), ended_at)},
                (coalesce(sequence, 0), ended_at)
            ) AS last
        FROM counted_steps
        WHERE
            status IN ('failed', 'not_run') AND step IN (SELECT step FROM boards)
            AND input IN (SELECT input FROM known_cases)
        GROUP BY ALL
    ),
    made AS (
        SELECT DISTINCT done.input, done.system, done.step, artifacts.device
        FROM counted_steps AS done JOIN artifacts USING (fingerprint)
        WHERE
            done.status = 'completed'
            AND (done.input, done.system, done.step) IN (SELECT (input, system, step) FROM failed)
    ),
    failed_cases AS (
        SELECT
            known_cases.dataset, known_cases.dataset_version, known_cases.case_id,
            failed.* REPLACE (coalesce(contestants.device, failed.device) AS device)
        FROM failed
        JOIN known_cases USING (input)
        LEFT JOIN contestants
            ON contestants.dataset IS NOT DISTINCT FROM known_cases.dataset
            AND contestants.dataset_version IS NOT DISTINCT FROM known_cases.dataset_version
            AND contestants.step = failed.step AND contestants.system = failed.system
            -- A step may fail before its device is known: it then failed on each that the system is scored on.
            AND (contestants.own_device = failed.device) IS NOT false
        WHERE NOT EXISTS (
            FROM made
            WHERE
                made.input = failed.input AND made.system = failed.system AND made.step = failed.step
                AND (made.device = coalesce(contestants.own_device, failed.device)) IS NOT false
        )
        QUALIFY row_number() OVER (
            PARTITION BY
                known_cases.dataset, known_cases.dataset_version, known_cases.case_id,
                failed.step, failed.system, coalesce(contestants.device, failed.device)
            ORDER BY failed.last.order DESC
        ) = 1
    )
SELECT
    boards.*, failed_cases.case_id, failed_cases.input, failed_cases.system, failed_cases.device, failed_cases.surface,
    failed_cases.model, failed_cases.last.error, [] :: VARCHAR[] AS machines, false AS machines_unknown
FROM boards
JOIN failed_cases
    ON failed_cases.dataset IS NOT DISTINCT FROM boards.dataset
    AND failed_cases.dataset_version IS NOT DISTINCT FROM boards.dataset_version
    AND failed_cases.step = boards.step
-- Who was asked for another language has not failed at this one: its protocol begins with the pair, `en-de, `.
WHERE
    boards.metric NOT IN ('bleu', 'chrf')
    OR NOT EXISTS (
        FROM system_steps AS asked
        WHERE
            asked.system = failed_cases.system AND asked.step = boards.step
            AND asked.parameters ->> 'target' <> regexp_extract(boards.protocol, '^[^,]*-([a-z]+), ', 1)
    );

DELETE FROM derived.standings USING affected
WHERE
    derived.standings.dataset IS NOT DISTINCT FROM affected.dataset
    AND derived.standings.dataset_version IS NOT DISTINCT FROM affected.dataset_version;

INSERT INTO derived.standings BY NAME FROM standings_among(
    NULL, (SELECT list(concat_ws(chr(31), dataset, dataset_version)) FROM affected)
);

DROP TABLE affected;
