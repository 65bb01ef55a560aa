-- What the builder works out of the tables of schema.sql at each build, so that nobody waits for it who asks.
-- refresh.sql fills these; views.sql shows them. A change to any of the three makes the next build do it all anew.

CREATE SCHEMA IF NOT EXISTS derived;

CREATE OR REPLACE TABLE derived.outcomes (
    dataset VARCHAR,
    dataset_version VARCHAR,
    case_id VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    device VARCHAR,
    own_device VARCHAR,
    step VARCHAR NOT NULL,
    surface VARCHAR,
    model VARCHAR,
    metric VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    better VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    scorer_version VARCHAR NOT NULL,
    value DOUBLE,
    numerator DOUBLE,
    denominator DOUBLE,
    components MAP(VARCHAR, DOUBLE),
    error VARCHAR,
    fingerprint VARCHAR,
    machines VARCHAR[] NOT NULL,
    machines_unknown BOOLEAN NOT NULL,
    scored_at TIMESTAMPTZ
);
COMMENT ON TABLE derived.outcomes IS 'Rows of case_outcomes; those with a fingerprint are latest_scores. own_device: of the step alone';

CREATE OR REPLACE TABLE derived.standings (
    dataset VARCHAR,
    dataset_version VARCHAR,
    step VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    better VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    scorer_version VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    device VARCHAR,
    rank BIGINT,
    systems BIGINT NOT NULL,
    value DOUBLE,
    compared_cases BIGINT NOT NULL,
    common_cases BIGINT NOT NULL,
    failed_cases BIGINT NOT NULL,
    own_value DOUBLE,
    own_cases BIGINT NOT NULL,
    own_failed_cases BIGINT NOT NULL,
    machines VARCHAR[],
    hosts_differ BOOLEAN
);
COMMENT ON TABLE derived.standings IS 'Rows of leaderboard';

CREATE OR REPLACE TABLE derived.doubted (fingerprint VARCHAR NOT NULL);
COMMENT ON TABLE derived.doubted IS 'Results that quarantined runs made, and those that rest on them';

CREATE OR REPLACE TABLE derived.left_out (id VARCHAR NOT NULL);
COMMENT ON TABLE derived.left_out IS 'steps.id of the attempts that counted_steps leaves out';
