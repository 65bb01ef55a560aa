-- The warehouse's tables: the one place where they are defined. The lake's Parquet files take their columns from here.
-- A change to this file makes the next build start over from the records and artifacts, which hold everything.
--
-- Times of day are TIMESTAMPTZ (shown in UTC); spans in a recording are seconds of the ORIGINAL recording.
-- Every table has `source`: the record or artifact its rows come from (docs/warehouse.md).

CREATE TABLE inputs (
    input VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    duration_s DOUBLE,
    sample_rate_hz INTEGER,
    channels INTEGER,
    format VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    registered_at TIMESTAMPTZ NOT NULL,
    warnings VARCHAR[] NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE inputs IS 'Registered recordings and texts, one row per input';
COMMENT ON COLUMN inputs.input IS 'Key: a readable slug of the first name, and the first 16 hex digits of sha256; of labs from before the slug the digits alone';
COMMENT ON COLUMN inputs.kind IS 'media or text';
COMMENT ON COLUMN inputs.sha256 IS 'SHA-256 of the file''s bytes';
COMMENT ON COLUMN inputs.name IS 'File name it was first registered under';
COMMENT ON COLUMN inputs.path IS 'The lab''s copy, relative to the lab''s home where it lies inside';
COMMENT ON COLUMN inputs.duration_s IS 'Length of what decodes, seconds; like sample_rate_hz and channels NULL of a text';
COMMENT ON COLUMN inputs.format IS 'Container and codec, such as wav/pcm_s16le; text/utf-8';
COMMENT ON COLUMN inputs.warnings IS 'What is wrong with the file, though it decodes';
COMMENT ON COLUMN inputs.source IS 'Record the row comes from';

CREATE TABLE input_names (
    input VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE input_names IS 'Every file name an input was run or registered under';
COMMENT ON COLUMN input_names.source IS 'Record the row comes from';

CREATE TABLE datasets (
    dataset VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    description VARCHAR,
    licence VARCHAR,
    tasks VARCHAR[],
    languages VARCHAR[],
    cases INTEGER,
    manifest_sha256 VARCHAR,
    recorded_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE datasets IS 'Snapshots of datasets, added whenever one is enrolled that has changed; see current_datasets';
COMMENT ON COLUMN datasets.tasks IS 'What it is for';
COMMENT ON COLUMN datasets.cases IS 'Number of cases';
COMMENT ON COLUMN datasets.manifest_sha256 IS 'Of all that the manifest says, however it is written down';
COMMENT ON COLUMN datasets.source IS 'Record the row comes from';

CREATE TABLE cases (
    dataset VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    case_id VARCHAR NOT NULL,
    input VARCHAR,
    language VARCHAR,
    speakers VARCHAR[],
    reference_sha256 VARCHAR,
    known VARCHAR[],
    tags JSON,
    error VARCHAR,
    recorded_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE cases IS 'Cases of datasets, one input with its reference each, snapshots as in datasets; see current_cases';
COMMENT ON COLUMN cases.input IS 'Key of the input; NULL where its media can''t be had';
COMMENT ON COLUMN cases.speakers IS 'Speakers heard in it: the unit a paired comparison resamples over';
COMMENT ON COLUMN cases.reference_sha256 IS 'Of all that is known of it; NULL where it could not be read';
COMMENT ON COLUMN cases.known IS 'Which parts its reference has: text, turns, clean, ...';
COMMENT ON COLUMN cases.error IS 'Why it is not enrolled: its media or its reference can''t be had';
COMMENT ON COLUMN cases.tags IS 'Slices it belongs to: {"noise": "street", ...}';
COMMENT ON COLUMN cases.source IS 'Record the row comes from';

CREATE TABLE systems (
    system VARCHAR NOT NULL,
    template VARCHAR NOT NULL,
    steps JSON NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE systems IS 'Systems as they were when they first ran that way; a changed template adds a row';
COMMENT ON COLUMN systems.system IS 'Key: template with overrides, or a model';
COMMENT ON COLUMN systems.steps IS 'In order: [{"step", "model", "parameters", "sources", "code_version"}]';
COMMENT ON COLUMN systems.source IS 'Record the row comes from';

CREATE TABLE models (
    model VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    surfaces VARCHAR[] NOT NULL,
    runtime VARCHAR NOT NULL,
    package VARCHAR NOT NULL,
    devices VARCHAR[] NOT NULL,
    status VARCHAR NOT NULL,
    ci BOOLEAN NOT NULL,
    licence VARCHAR NOT NULL,
    languages VARCHAR[] NOT NULL,
    sample_rate_hz INTEGER,
    gated BOOLEAN NOT NULL,
    is_default BOOLEAN NOT NULL,
    size_mib DOUBLE,
    memory_mib INTEGER,
    environment VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE models IS 'Snapshots of the model folders, one row per variant, added whenever one changes; see current_models';
COMMENT ON COLUMN models.model IS 'id:variant';
COMMENT ON COLUMN models.runtime IS 'pytorch, ctranslate2, onnx, nemo, tensorflow, native or api';
COMMENT ON COLUMN models.status IS 'production, candidate or experimental';
COMMENT ON COLUMN models.ci IS 'Runs for real without a hub or a token';
COMMENT ON COLUMN models.languages IS 'ISO 639-1 codes, or * for many';
COMMENT ON COLUMN models.sample_rate_hz IS 'Native rate, Hz; NULL of a model of texts';
COMMENT ON COLUMN models.size_mib IS 'Size of the weights, MiB';
COMMENT ON COLUMN models.memory_mib IS 'Rough memory when loaded, MiB';
COMMENT ON COLUMN models.source IS 'Record (snapshot of the whole registry) the row comes from';

CREATE TABLE runs (
    event VARCHAR NOT NULL,
    run VARCHAR NOT NULL,
    dagster_run_id VARCHAR NOT NULL,
    input VARCHAR,
    system VARCHAR,
    template VARCHAR,
    status VARCHAR,
    error VARCHAR,
    occurred_at TIMESTAMPTZ NOT NULL,
    host VARCHAR,
    pid INTEGER,
    process VARCHAR,
    user_name VARCHAR,
    launched_by VARCHAR,
    launcher VARCHAR,
    created_at TIMESTAMPTZ,
    begun_at TIMESTAMPTZ,
    retry_of VARCHAR,
    root VARCHAR,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE runs IS 'What happened to runs: each one''s start and end; see run_history for one row per run';
COMMENT ON COLUMN runs.event IS 'started or ended';
COMMENT ON COLUMN runs.run IS 'Run key: the same input, system and code give the same key';
COMMENT ON COLUMN runs.dagster_run_id IS 'Which attempt; one Dagster run may hold many inputs and systems';
COMMENT ON COLUMN runs.input IS 'Key of the input; only when started; empty when a run that was refused named none';
COMMENT ON COLUMN runs.status IS 'completed, failed, canceled or interrupted (its process died); only when ended';
COMMENT ON COLUMN runs.process IS 'Which process runs it: it holds a lock of that name for as long as it lives';
COMMENT ON COLUMN runs.user_name IS 'Account that the process runs under; of what the UI starts, the account of its server';
COMMENT ON COLUMN runs.launched_by IS 'command line, ui (or a program that asked its server), backfill, schedule, sensor or automation';
COMMENT ON COLUMN runs.launcher IS 'Name of the schedule or sensor, or id of the backfill';
COMMENT ON COLUMN runs.created_at IS 'When the Dagster run was asked for';
COMMENT ON COLUMN runs.begun_at IS 'When a process took the Dagster run up; before that it waited in the queue and for its process';
COMMENT ON COLUMN runs.retry_of IS 'Dagster run of the attempt that this one follows; NULL of a first one';
COMMENT ON COLUMN runs.root IS 'Dagster run of the first of these attempts; NULL of a first one';
COMMENT ON COLUMN runs.sequence IS 'In which order the lab took them down, whatever clocks said; NULL of what earlier versions recorded';
COMMENT ON COLUMN runs.source IS 'Record the row comes from';

CREATE TABLE steps (
    id VARCHAR NOT NULL,
    run VARCHAR NOT NULL,
    dagster_run_id VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    model VARCHAR,
    status VARCHAR NOT NULL,
    cached BOOLEAN NOT NULL,
    fingerprint VARCHAR,
    artifact VARCHAR,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ NOT NULL,
    load_s DOUBLE NOT NULL,
    inference_s DOUBLE NOT NULL,
    other_s DOUBLE NOT NULL,
    audio_s DOUBLE NOT NULL,
    cpu_s DOUBLE,
    fraction DOUBLE,
    device VARCHAR,
    compute_type VARCHAR,
    threads INTEGER,
    helpers STRUCT("role" VARCHAR, model VARCHAR, weights_sha256 VARCHAR, device VARCHAR, compute_type VARCHAR, threads INTEGER, machine VARCHAR)[],
    calls STRUCT(service VARCHAR, asked VARCHAR, answered VARCHAR, request VARCHAR, audio_s DOUBLE, attempts INTEGER, cost DOUBLE, currency VARCHAR, price_per_minute DOUBLE, price_as_of DATE, price_source VARCHAR)[],
    evictions STRUCT(model VARCHAR, why VARCHAR, device VARCHAR, memory_mib INTEGER, wanted VARCHAR, wanted_mib INTEGER, held_mib INTEGER, budget_mib DOUBLE)[],
    machine VARCHAR,
    batch_size INTEGER,
    peak_memory_mib DOUBLE,
    reproduced BOOLEAN,
    first_inference BOOLEAN,
    error_type VARCHAR,
    error VARCHAR,
    error_page VARCHAR,
    place INTEGER,
    surface VARCHAR,
    gives VARCHAR[],
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE steps IS 'Every attempt at a step: done, found in the cache, failed, canceled, or not run';
COMMENT ON COLUMN steps.run IS 'Run key: the same input, system and code give the same key';
COMMENT ON COLUMN steps.surface IS 'What the step''s results are evidence of: the surface that it asks of its model, or its own (channels); NULL for a step without a model, and one that this version lacks';
COMMENT ON COLUMN steps.gives IS 'What the step gives to those that read it: audio, speech, turns, transcript, ...; NULL for a step that this version lacks';
COMMENT ON COLUMN steps.place IS 'Its place in its pipeline, from 0; of what earlier versions recorded, that in the order of all steps';
COMMENT ON COLUMN steps.model IS 'id:variant; NULL for a step without a model';
COMMENT ON COLUMN steps.status IS 'completed, failed, canceled (someone stopped the run while it worked), or not_run because a step it can''t do without failed';
COMMENT ON COLUMN steps.cached IS 'The result was there already: its times say nothing about speed';
COMMENT ON COLUMN steps.fingerprint IS 'Identity of the result; NULL when it was not run, or failed before that was known';
COMMENT ON COLUMN steps.artifact IS 'The artifact''s folder, relative to the lab''s home';
COMMENT ON COLUMN steps.load_s IS 'Seconds spent loading the model; in a run over many recordings it may have been loaded before the step began';
COMMENT ON COLUMN steps.inference_s IS 'Seconds spent inside the model''s calls: disk, decoding and resampling are in other_s';
COMMENT ON COLUMN steps.other_s IS 'Seconds spent on everything else: reading, writing, hashing';
COMMENT ON COLUMN steps.cpu_s IS 'Processor seconds of all threads and child processes while it ran; more than the wall time where several cores work; NULL where none was started';
COMMENT ON COLUMN steps.audio_s IS 'Length of the recording the step worked on, seconds';
COMMENT ON COLUMN steps.fraction IS 'Of a failed or canceled step: how much of its work it said it had done, 0 to 1; NULL otherwise';
COMMENT ON COLUMN steps.device IS 'Kind of device the model ran on, or would have; NULL without a model, or when it failed before that was known';
COMMENT ON COLUMN steps.machine IS 'Where it ran, as far as numbers depend on it: hosts.machine; NULL when it was not run';
COMMENT ON COLUMN steps.helpers IS 'Models that it used, or would have, beside its own, and how they ran; threads and machine NULL of one that was not loaded; a row each in helper_models';
COMMENT ON COLUMN steps.calls IS 'What was asked of services, and what it cost; a row each in service_calls; NULL of what earlier versions recorded';
COMMENT ON COLUMN steps.evictions IS 'Models that went from memory for those that it loaded, and why; a row each in model_evictions; NULL of what earlier versions recorded';
COMMENT ON COLUMN steps.peak_memory_mib IS 'Highest resident memory of the process during the step, MiB; NULL when cached';
COMMENT ON COLUMN steps.reproduced IS 'Of a forced step whose artifact was there: whether it gave the same files again';
COMMENT ON COLUMN steps.first_inference IS 'Whether inference_s is of the first inference since the model was loaded, which is slower; NULL when there was none';
COMMENT ON COLUMN steps.error_page IS 'The error of a failed step in several lines: what failed, what to do, what was found place by place';
COMMENT ON COLUMN steps.sequence IS 'In which order the lab took them down, whatever clocks said; NULL of what earlier versions recorded';
COMMENT ON COLUMN steps.source IS 'Record the row comes from';

CREATE TABLE hosts (
    machine VARCHAR NOT NULL,
    platform VARCHAR NOT NULL,
    cpu VARCHAR NOT NULL,
    instruction_sets VARCHAR[] NOT NULL,
    gpus VARCHAR[] NOT NULL,
    blas VARCHAR[] NOT NULL,
    ctranslate2 VARCHAR NOT NULL,
    forced JSON NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE hosts IS 'Machines that steps ran on, as far as numbers depend on them; two of the same kind are one row';
COMMENT ON COLUMN hosts.machine IS 'Digest of the facts';
COMMENT ON COLUMN hosts.platform IS 'Operating system and architecture';
COMMENT ON COLUMN hosts.cpu IS 'As its maker calls it';
COMMENT ON COLUMN hosts.instruction_sets IS 'Those that compiled code asks for, such as AVX2';
COMMENT ON COLUMN hosts.gpus IS 'As their maker calls them';
COMMENT ON COLUMN hosts.blas IS 'Numpy''s linear algebra and the kernels it chose';
COMMENT ON COLUMN hosts.ctranslate2 IS 'The kernels and the matrix products'' library that CTranslate2 chooses on this CPU';
COMMENT ON COLUMN hosts.forced IS 'Environment variables that choose other kernels than the CPU alone would get: {name: value}';
COMMENT ON COLUMN hosts.source IS 'Record the row comes from';

CREATE TABLE drops (
    "drop" VARCHAR NOT NULL,
    attempt INTEGER NOT NULL,
    folder VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    status VARCHAR NOT NULL,
    reason VARCHAR,
    sha256 VARCHAR,
    input VARCHAR,
    system VARCHAR,
    run VARCHAR,
    dagster_run_id VARCHAR,
    same_as VARCHAR,
    placed VARCHAR,
    seen_at TIMESTAMPTZ NOT NULL,
    taken_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE drops IS 'What came of each file in a watched folder, a row for each attempt; see latest_drops';
COMMENT ON COLUMN drops."drop" IS 'Stands for the file, as it was when it was complete';
COMMENT ON COLUMN drops.attempt IS 'From 1; higher after modellab inbox retry';
COMMENT ON COLUMN drops.name IS 'From the folder on; what is no text in it is replaced';
COMMENT ON COLUMN drops.status IS 'completed, failed or canceled: how its run ended; duplicate: a file with the same bytes was run under the same system; refused: it can''t be an input; gone: it was deleted before it was taken';
COMMENT ON COLUMN drops.reason IS 'Why it did not complete; of one that did, what could not be put beside it';
COMMENT ON COLUMN drops.run IS 'Run on it, for a duplicate that of the other file: run_history.run';
COMMENT ON COLUMN drops.same_as IS 'Name of the file that a duplicate is the same as';
COMMENT ON COLUMN drops.placed IS 'File put beside it, or where it was moved';
COMMENT ON COLUMN drops.seen_at IS 'When a look at the folder first found it as it is';
COMMENT ON COLUMN drops.taken_at IS 'When it had become an input; NULL of one that did not';
COMMENT ON COLUMN drops.sequence IS 'In which order the lab took them down, whatever clocks said; NULL of what earlier versions recorded';
COMMENT ON COLUMN drops.source IS 'Record the row comes from';

CREATE TABLE checks (
    step_id VARCHAR NOT NULL,
    run VARCHAR NOT NULL,
    dagster_run_id VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    check_name VARCHAR NOT NULL,
    passed BOOLEAN NOT NULL,
    severity VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    metadata JSON NOT NULL,
    judged_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE checks IS 'What each check said about a step''s result, at each attempt: a result from the cache is judged again';
COMMENT ON COLUMN checks.step_id IS 'The attempt: steps.id';
COMMENT ON COLUMN checks.fingerprint IS 'The result that was judged';
COMMENT ON COLUMN checks.severity IS 'What it means when it fails: warning, or error when it breaks the step''s contract';
COMMENT ON COLUMN checks.description IS 'What was found, in a sentence';
COMMENT ON COLUMN checks.metadata IS 'The figures it was judged by';
COMMENT ON COLUMN checks.sequence IS 'In which order the lab took them down, whatever clocks said; NULL of what earlier versions recorded';
COMMENT ON COLUMN checks.source IS 'Record the row comes from';

CREATE TABLE artifacts (
    fingerprint VARCHAR NOT NULL,
    content_sha256 VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    surface VARCHAR,
    code_version VARCHAR NOT NULL,
    input VARCHAR,
    run VARCHAR,
    dagster_run_id VARCHAR,
    model VARCHAR,
    weights_sha256 VARCHAR,
    runtime VARCHAR,
    runtime_version VARCHAR,
    device VARCHAR,
    compute_type VARCHAR,
    machine VARCHAR,
    parameters JSON NOT NULL,
    reads JSON NOT NULL,
    helpers JSON,
    summary JSON NOT NULL,
    files INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    path VARCHAR NOT NULL,
    modellab_version VARCHAR,
    made_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE artifacts IS 'Results of steps with what they depend on, one row per artifact';
COMMENT ON COLUMN artifacts.fingerprint IS 'SHA-256 of the identity: step, code version, parameters, model, what it read';
COMMENT ON COLUMN artifacts.content_sha256 IS 'SHA-256 over the digests of its files';
COMMENT ON COLUMN artifacts.surface IS 'As steps.surface';
COMMENT ON COLUMN artifacts.machine IS 'Where it was made: hosts.machine; NULL of what earlier versions made';
COMMENT ON COLUMN artifacts.input IS 'Key of the input it was first made for';
COMMENT ON COLUMN artifacts.run IS 'Run that made it';
COMMENT ON COLUMN artifacts.reads IS 'Role -> fingerprint of what it read; of `input`, the input''s SHA-256';
COMMENT ON COLUMN artifacts.helpers IS 'Role -> identity of a model that was used beside its own';
COMMENT ON COLUMN artifacts.summary IS 'Small figures the step gave about its result';
COMMENT ON COLUMN artifacts.path IS 'Its folder, relative to the lab''s home';
COMMENT ON COLUMN artifacts.source IS 'The artifact''s fingerprint';

CREATE TABLE pruned (
    fingerprint VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    pruned_at TIMESTAMPTZ NOT NULL,
    pruned_by VARCHAR,
    reason VARCHAR NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE pruned IS 'Results whose files were deleted to free disk and were not made again; their rows stay in all tables';
COMMENT ON COLUMN pruned.bytes IS 'Of the files that were deleted';
COMMENT ON COLUMN pruned.pruned_by IS 'Account of whoever asked for it';
COMMENT ON COLUMN pruned.reason IS 'By which conditions it was chosen';
COMMENT ON COLUMN pruned.source IS 'The artifact''s fingerprint';

CREATE TABLE segments (
    fingerprint VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    speaker VARCHAR,
    text VARCHAR,
    average_log_probability DOUBLE,
    no_speech_probability DOUBLE,
    compression_ratio DOUBLE,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE segments IS 'Stretches of time in results: speech, speaker turns, utterances';
COMMENT ON COLUMN segments.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN segments.kind IS 'speech (vad), turn (diarization, channels) or utterance (asr, alignment)';
COMMENT ON COLUMN segments.position IS 'Order within its result and kind, from 0';
COMMENT ON COLUMN segments.start_s IS 'Seconds in the original recording';
COMMENT ON COLUMN segments.end_s IS 'Seconds in the original recording';
COMMENT ON COLUMN segments.compression_ratio IS 'Length of the text over its zlib length; above about 2.4 a sign of repetition';
COMMENT ON COLUMN segments.source IS 'The artifact''s fingerprint';

CREATE TABLE words (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    utterance INTEGER,
    text VARCHAR NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    probability DOUBLE,
    space_before BOOLEAN NOT NULL,
    speaker VARCHAR,
    estimated BOOLEAN NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE words IS 'Words of transcripts, with their times and, once aligned, their speakers';
COMMENT ON COLUMN words.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN words.position IS 'Order within the transcript, from 0';
COMMENT ON COLUMN words.utterance IS 'Position of its utterance in segments';
COMMENT ON COLUMN words.start_s IS 'Seconds in the original recording';
COMMENT ON COLUMN words.end_s IS 'Seconds in the original recording';
COMMENT ON COLUMN words.probability IS 'The model''s own probability, 0 to 1';
COMMENT ON COLUMN words.space_before IS 'Whether a space separates it from the word before';
COMMENT ON COLUMN words.estimated IS 'Whether its times are a guess, from where speech is and how long the words are, since the model gave none';
COMMENT ON COLUMN words.source IS 'The artifact''s fingerprint';

CREATE TABLE flags (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    strength VARCHAR NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    first_word INTEGER NOT NULL,
    end_word INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    why VARCHAR NOT NULL,
    figures JSON NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE flags IS 'Words of transcripts that were probably never said, with what speaks against them';
COMMENT ON COLUMN flags.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN flags.position IS 'Order within the result, from 0';
COMMENT ON COLUMN flags.kind IS 'outside_speech, noise_only, loop, compression, word_rate, improbable, language, known_phrase or unfitting';
COMMENT ON COLUMN flags.strength IS 'strong: readers are told; weak: true words look like it too often, and nothing else says the same';
COMMENT ON COLUMN flags.start_s IS 'Seconds in the original recording';
COMMENT ON COLUMN flags.end_s IS 'Seconds in the original recording';
COMMENT ON COLUMN flags.first_word IS 'words.position of its first word, in the transcript that was read';
COMMENT ON COLUMN flags.end_word IS 'words.position of the word after its last';
COMMENT ON COLUMN flags.text IS 'The words';
COMMENT ON COLUMN flags.why IS 'What speaks against them, in a sentence';
COMMENT ON COLUMN flags.figures IS 'What was measured and what is allowed: name with its unit -> number';
COMMENT ON COLUMN flags.source IS 'The artifact''s fingerprint';

CREATE TABLE labels (
    fingerprint VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    label VARCHAR NOT NULL,
    start_s DOUBLE,
    end_s DOUBLE,
    score DOUBLE NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE labels IS 'What is heard in recordings: when, and in the whole of each the 20 likeliest classes';
COMMENT ON COLUMN labels.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN labels.kind IS 'span: a stretch in which the class is heard; recording: the whole of it';
COMMENT ON COLUMN labels.position IS 'Order within its result and kind, from 0: spans by start, classes of the recording by score';
COMMENT ON COLUMN labels.label IS 'The class as the model names it';
COMMENT ON COLUMN labels.start_s IS 'Seconds in the original recording; NULL of the whole';
COMMENT ON COLUMN labels.end_s IS 'Seconds in the original recording; NULL of the whole';
COMMENT ON COLUMN labels.score IS 'Mean of the model''s scores in it, 0 to 1; no probability unless the model''s maker says so';
COMMENT ON COLUMN labels.source IS 'The artifact''s fingerprint';

CREATE TABLE vectors (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    speaker VARCHAR,
    heard_s DOUBLE NOT NULL,
    vector FLOAT[] NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE vectors IS 'What voices and sounds are like: list_cosine_similarity of two vectors of one model says how alike';
COMMENT ON COLUMN vectors.fingerprint IS 'The result it belongs to; join to steps or artifacts, which name the model';
COMMENT ON COLUMN vectors.position IS 'Order within its result, from 0';
COMMENT ON COLUMN vectors.speaker IS 'Whose voice it is, by the label of the turns that were read; NULL: of the whole recording';
COMMENT ON COLUMN vectors.heard_s IS 'Seconds of sound that it rests on';
COMMENT ON COLUMN vectors.vector IS 'Of length 1';
COMMENT ON COLUMN vectors.source IS 'The artifact''s fingerprint';

CREATE TABLE recognised_voices (
    fingerprint VARCHAR NOT NULL,
    told_apart VARCHAR NOT NULL,
    speaker VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    cosine DOUBLE NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE recognised_voices IS 'Speakers who were taken for people whose voices were known then; named_speakers has the names that count';
COMMENT ON COLUMN recognised_voices.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN recognised_voices.told_apart IS 'The result that tells the speakers apart';
COMMENT ON COLUMN recognised_voices.speaker IS 'Label of the speaker in that result';
COMMENT ON COLUMN recognised_voices.cosine IS 'Of the speaker''s vector and the person''s';
COMMENT ON COLUMN recognised_voices.source IS 'The artifact''s fingerprint';

CREATE TABLE pauses (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    at_s DOUBLE NOT NULL,
    speaker VARCHAR,
    probability DOUBLE NOT NULL,
    is_over BOOLEAN NOT NULL,
    heard_s DOUBLE NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE pauses IS 'Pauses in which a model said whether whoever stopped speaking had done';
COMMENT ON COLUMN pauses.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN pauses.position IS 'Order within its result, from 0: by time';
COMMENT ON COLUMN pauses.at_s IS 'Where they stop, in seconds of the original recording';
COMMENT ON COLUMN pauses.speaker IS 'Who stops, as the turns name them; NULL where nobody told speakers apart';
COMMENT ON COLUMN pauses.probability IS 'That their turn is over, 0 to 1';
COMMENT ON COLUMN pauses.is_over IS 'Whether that reaches the threshold';
COMMENT ON COLUMN pauses.heard_s IS 'Seconds of sound that the model went by';
COMMENT ON COLUMN pauses.source IS 'The artifact''s fingerprint';

CREATE TABLE notes (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    pitch INTEGER NOT NULL,
    velocity DOUBLE NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE notes IS 'Notes of music that were heard in recordings';
COMMENT ON COLUMN notes.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN notes.position IS 'Order within its result, from 0: by start, then by pitch';
COMMENT ON COLUMN notes.start_s IS 'Seconds in the original recording';
COMMENT ON COLUMN notes.end_s IS 'Seconds in the original recording';
COMMENT ON COLUMN notes.pitch IS 'MIDI''s, 0 to 127; 60 is middle C';
COMMENT ON COLUMN notes.velocity IS 'How hard it is played, as the model guesses, 0 to 1';
COMMENT ON COLUMN notes.source IS 'The artifact''s fingerprint';

CREATE TABLE translations (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    language VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE translations IS 'What was said in recordings, in another language';
COMMENT ON COLUMN translations.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN translations.position IS 'Order within its result, from 0';
COMMENT ON COLUMN translations.start_s IS 'Seconds in the original recording';
COMMENT ON COLUMN translations.end_s IS 'Seconds in the original recording';
COMMENT ON COLUMN translations.language IS 'ISO 639-1 code of the text';
COMMENT ON COLUMN translations.source IS 'The artifact''s fingerprint';

CREATE TABLE chapters (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    first_word INTEGER NOT NULL,
    end_word INTEGER NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE chapters IS 'Chapters of recordings';
COMMENT ON COLUMN chapters.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN chapters.position IS 'Order in the recording, from 0';
COMMENT ON COLUMN chapters.start_s IS 'Seconds in the original recording';
COMMENT ON COLUMN chapters.end_s IS 'Seconds in the original recording';
COMMENT ON COLUMN chapters.first_word IS 'words.position of its first word, in the transcript that was read';
COMMENT ON COLUMN chapters.end_word IS 'words.position of the word after its last';
COMMENT ON COLUMN chapters.source IS 'The artifact''s fingerprint';

CREATE TABLE summary_lines (
    fingerprint VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    speaker VARCHAR,
    position INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    start_s DOUBLE,
    end_s DOUBLE,
    evidence JSON NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE summary_lines IS 'Lines of summaries: of the whole recording, and of what each speaker said';
COMMENT ON COLUMN summary_lines.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN summary_lines.about IS 'recording or speaker';
COMMENT ON COLUMN summary_lines.speaker IS 'Label of the speaker it is about; NULL when about the recording, or where no speaker is known';
COMMENT ON COLUMN summary_lines.position IS 'Order within what it is about, from 0';
COMMENT ON COLUMN summary_lines.start_s IS 'When the words begin that it rests on first, seconds in the original recording';
COMMENT ON COLUMN summary_lines.end_s IS 'When those words end';
COMMENT ON COLUMN summary_lines.evidence IS 'All it rests on: [{"start_s", "end_s", "speaker", "first_word", "end_word", "text"}]';
COMMENT ON COLUMN summary_lines.source IS 'The artifact''s fingerprint';

CREATE TABLE action_items (
    fingerprint VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    task VARCHAR NOT NULL,
    assignee VARCHAR,
    assignee_speaker VARCHAR,
    due_text VARCHAR,
    due_date DATE,
    recorded_on DATE,
    start_s DOUBLE,
    end_s DOUBLE,
    evidence JSON NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE action_items IS 'Who does what by when';
COMMENT ON COLUMN action_items.fingerprint IS 'The result it belongs to; join to steps or artifacts';
COMMENT ON COLUMN action_items.position IS 'Order in the recording, from 0';
COMMENT ON COLUMN action_items.assignee IS 'The name that was called, else the speaker''s label; NULL when nobody in particular is to do it';
COMMENT ON COLUMN action_items.assignee_speaker IS 'Label of the speaker who is to do it, where that can be told';
COMMENT ON COLUMN action_items.due_text IS 'The words that name the time';
COMMENT ON COLUMN action_items.due_date IS 'The last day they allow; NULL where no day is meant for sure';
COMMENT ON COLUMN action_items.recorded_on IS 'The day that due dates are reckoned from';
COMMENT ON COLUMN action_items.start_s IS 'When the sentence begins that assigns it, seconds in the original recording';
COMMENT ON COLUMN action_items.end_s IS 'When that sentence ends';
COMMENT ON COLUMN action_items.evidence IS 'All it rests on: [{"start_s", "end_s", "speaker", "first_word", "end_word", "text"}]';
COMMENT ON COLUMN action_items.source IS 'The artifact''s fingerprint';

CREATE TABLE speaker_names (
    fingerprint VARCHAR NOT NULL,
    speaker VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE speaker_names IS 'Names that people gave to speakers, as they were at the last build';
COMMENT ON COLUMN speaker_names.fingerprint IS 'The result that tells the speakers apart: turns, channels, or a transcript';
COMMENT ON COLUMN speaker_names.speaker IS 'Label of the speaker in that result';
COMMENT ON COLUMN speaker_names.source IS 'File of names/ the row comes from, named after the result''s fingerprint';

CREATE TABLE scores (
    fingerprint VARCHAR NOT NULL,
    content_sha256 VARCHAR NOT NULL,
    dataset VARCHAR,
    dataset_version VARCHAR,
    case_id VARCHAR,
    metric VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    better VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    scorer_version VARCHAR NOT NULL,
    value DOUBLE,
    numerator DOUBLE,
    denominator DOUBLE,
    components MAP(VARCHAR, DOUBLE) NOT NULL,
    error VARCHAR,
    scored_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE scores IS 'One row per result, case, metric and scorer version; system, model and machine follow by joins: see latest_scores';
COMMENT ON COLUMN scores.fingerprint IS 'The result that was scored';
COMMENT ON COLUMN scores.content_sha256 IS 'Its content when it was scored: artifacts.content_sha256 differs once it was made anew';
COMMENT ON COLUMN scores.dataset IS 'Of the case; NULL with case_id for a metric that needs no reference, on a recording of no dataset';
COMMENT ON COLUMN scores.metric IS 'As the field calls it: wer, der, si_sdr';
COMMENT ON COLUMN scores.unit IS 'Of value';
COMMENT ON COLUMN scores.better IS 'lower or higher';
COMMENT ON COLUMN scores.protocol IS 'What figures must share to be comparable: text normaliser, collar, sample rate';
COMMENT ON COLUMN scores.scorer_version IS 'Of the scorer, with the library that does the arithmetic';
COMMENT ON COLUMN scores.value IS 'numerator / denominator; NULL where there is nothing below the line (errors in silence), or an error';
COMMENT ON COLUMN scores.numerator IS 'A corpus''s figure is the sum of these over the sum of denominators; of a mean, the figure itself; NULL when there is an error. Not so of bleu and chrf: theirs is the formula of the summed components (corpus_figure), and this is value * denominator';
COMMENT ON COLUMN scores.denominator IS 'Of a mean over cases 1';
COMMENT ON COLUMN scores.components IS 'What the figure follows from, and what explains it: {substitutions: 3, ...}; units are in the names';
COMMENT ON COLUMN scores.error IS 'Why the metric can''t be had of this result: the case counts as failed';
COMMENT ON COLUMN scores.source IS 'Artifact of the scorer the row comes from';

CREATE TABLE claims (
    model_id VARCHAR NOT NULL,
    variant VARCHAR,
    metric VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    unit VARCHAR NOT NULL,
    stated_in VARCHAR NOT NULL,
    note VARCHAR,
    recorded_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE claims IS 'What models'' makers state, snapshots as in models; see current_claims';
COMMENT ON COLUMN claims.variant IS 'The variant it is about; NULL: all';
COMMENT ON COLUMN claims.protocol IS 'How it was measured: normalisation, decoding, hardware, collar';
COMMENT ON COLUMN claims.stated_in IS 'Where the makers say so';
COMMENT ON COLUMN claims.source IS 'Record (snapshot of the whole registry) the row comes from';

CREATE TABLE recorded_claims (
    model_id VARCHAR NOT NULL,
    variant VARCHAR,
    metric VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    unit VARCHAR NOT NULL,
    stated_in VARCHAR NOT NULL,
    note VARCHAR,
    recorded_by VARCHAR,
    recorded_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE recorded_claims IS 'What somebody read about a model and recorded with modellab claims record; current_claims has these too';
COMMENT ON COLUMN recorded_claims.variant IS 'The variant it is about; NULL: all';
COMMENT ON COLUMN recorded_claims.protocol IS 'How it was measured: normalisation, decoding, hardware, collar';
COMMENT ON COLUMN recorded_claims.stated_in IS 'Where it was read';
COMMENT ON COLUMN recorded_claims.recorded_by IS 'Account of whoever recorded it';
COMMENT ON COLUMN recorded_claims.sequence IS 'In which order the lab took them down, whatever clocks said';
COMMENT ON COLUMN recorded_claims.source IS 'Record the row comes from';

CREATE TABLE lifecycle_events (
    event VARCHAR NOT NULL,
    subject_kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    use_case VARCHAR,
    system_before VARCHAR,
    system_after VARCHAR,
    reason VARCHAR NOT NULL,
    evidence JSON,
    decided_by VARCHAR,
    occurred_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE lifecycle_events IS 'What somebody decided about a system, a model or a run: promotions, demotions, statuses, quarantines; see current_promotions and current_model_statuses';
COMMENT ON COLUMN lifecycle_events.event IS 'promoted, demoted, status, quarantined, released';
COMMENT ON COLUMN lifecycle_events.subject_kind IS 'system, model or run';
COMMENT ON COLUMN lifecycle_events.subject IS 'Key of the system, or id of the model or run';
COMMENT ON COLUMN lifecycle_events.use_case IS 'For which a system is promoted; NULL: the event is about no use case';
COMMENT ON COLUMN lifecycle_events.system_before IS 'What was promoted for the use case until then; NULL: nothing';
COMMENT ON COLUMN lifecycle_events.system_after IS 'What is promoted for it from then on; NULL: nothing';
COMMENT ON COLUMN lifecycle_events.evidence IS 'What it rests on: {"runs": [...], "fingerprints": [...], ...}, which are never pruned, and the figures';
COMMENT ON COLUMN lifecycle_events.decided_by IS 'Account of whoever decided it';
COMMENT ON COLUMN lifecycle_events.sequence IS 'In which order the lab took them down, whatever clocks said';
COMMENT ON COLUMN lifecycle_events.source IS 'Record the row comes from: the event''s id';

CREATE TABLE verifications (
    model VARCHAR NOT NULL,
    random_weights BOOLEAN,
    passed BOOLEAN NOT NULL,
    answers JSON NOT NULL,
    weights_sha256 VARCHAR,
    runtime VARCHAR NOT NULL,
    runtime_version VARCHAR NOT NULL,
    adapter_version INTEGER NOT NULL,
    device VARCHAR NOT NULL,
    compute_type VARCHAR NOT NULL,
    threads INTEGER NOT NULL,
    machine VARCHAR,
    load_s DOUBLE NOT NULL,
    audio_s DOUBLE,
    inference_s DOUBLE NOT NULL,
    peak_mib DOUBLE NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE verifications IS 'What came of examining a model with modellab models verify; see latest_verifications';
COMMENT ON COLUMN verifications.random_weights IS 'Whether its weights were random numbers: that verifies no model';
COMMENT ON COLUMN verifications.answers IS 'In order: [{"surface", "question", "passed", "said"}]';
COMMENT ON COLUMN verifications.machine IS 'Where it ran: hosts.machine';
COMMENT ON COLUMN verifications.audio_s IS 'Seconds of the sound that inference_s is about, of a voice of that which it made; NULL where there is none';
COMMENT ON COLUMN verifications.peak_mib IS 'Of the process, the model in it';
COMMENT ON COLUMN verifications.sequence IS 'In which order the lab took them down, whatever clocks said';
COMMENT ON COLUMN verifications.source IS 'Record the row comes from';

CREATE TABLE baselines (
    baseline VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    cases INTEGER NOT NULL,
    set_by VARCHAR,
    reason VARCHAR NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE baselines IS 'What the regression gate holds systems against; the newest counts: current_baselines';
COMMENT ON COLUMN baselines.version IS 'Of the dataset';
COMMENT ON COLUMN baselines.set_by IS 'Account of whoever accepted it';
COMMENT ON COLUMN baselines.sequence IS 'In which order the lab took them down, whatever clocks said';
COMMENT ON COLUMN baselines.source IS 'Record the row comes from';

CREATE TABLE baseline_figures (
    baseline VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    better VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    scorer_version VARCHAR NOT NULL,
    case_id VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    reference_sha256 VARCHAR,
    numerator DOUBLE,
    denominator DOUBLE,
    error VARCHAR,
    fingerprint VARCHAR,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE baseline_figures IS 'The figures of baselines, case by case';
COMMENT ON COLUMN baseline_figures.error IS 'Why there is no figure';
COMMENT ON COLUMN baseline_figures.fingerprint IS 'The result that was judged';
COMMENT ON COLUMN baseline_figures.source IS 'Record the row comes from';

CREATE TABLE gates (
    gate VARCHAR NOT NULL,
    sweep VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    version VARCHAR,
    system VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    why VARCHAR,
    changed VARCHAR[] NOT NULL,
    baseline VARCHAR,
    recorded_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE gates IS 'What the regression gate said of a system on a dataset, each time';
COMMENT ON COLUMN gates.sweep IS 'Shared by all that were judged together';
COMMENT ON COLUMN gates.status IS 'production, candidate or experimental: the least of the system''s models';
COMMENT ON COLUMN gates.verdict IS 'kept, doubtful, regressed, no baseline or not measured';
COMMENT ON COLUMN gates.why IS 'Why it was not measured';
COMMENT ON COLUMN gates.changed IS 'What was another thing than in the baseline: weights, versions, machines, the dataset';
COMMENT ON COLUMN gates.baseline IS 'What it was held against; NULL where there was none';
COMMENT ON COLUMN gates.sequence IS 'In which order the lab took them down, whatever clocks said';
COMMENT ON COLUMN gates.source IS 'Record the row comes from';

CREATE TABLE gate_findings (
    gate VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    said VARCHAR NOT NULL,
    baseline_value DOUBLE,
    value DOUBLE,
    difference DOUBLE,
    low DOUBLE,
    high DOUBLE,
    p DOUBLE,
    n INTEGER,
    tolerance DOUBLE,
    slices VARCHAR[] NOT NULL,
    cases VARCHAR[] NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE gate_findings IS 'What a gate found, figure by figure';
COMMENT ON COLUMN gate_findings.metric IS 'Its name; speed is seconds of inference for each second of sound';
COMMENT ON COLUMN gate_findings.kind IS 'unchanged, kept, better, faster, doubtful, regressed or not comparable';
COMMENT ON COLUMN gate_findings.said IS 'In a sentence';
COMMENT ON COLUMN gate_findings.difference IS 'Now less then, in the metric''s unit; low and high: its 95 % interval';
COMMENT ON COLUMN gate_findings.tolerance IS 'By how much it might have got worse';
COMMENT ON COLUMN gate_findings.slices IS 'Those in which it got worse: noise=street';
COMMENT ON COLUMN gate_findings.cases IS 'Cases that got worse, the worst first';
COMMENT ON COLUMN gate_findings.source IS 'Record the row comes from';

CREATE TABLE experiments (
    experiment VARCHAR NOT NULL,
    deleted BOOLEAN NOT NULL,
    datasets VARCHAR[],
    systems VARCHAR[],
    metric VARCHAR,
    budget_s DOUBLE,
    question VARCHAR,
    hypothesis VARCHAR,
    set_by VARCHAR,
    recorded_at TIMESTAMPTZ NOT NULL,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE experiments IS 'Definitions of experiments, and their deletions; current_experiments has those there are';
COMMENT ON COLUMN experiments.systems IS 'Their keys';
COMMENT ON COLUMN experiments.metric IS 'The main one; NULL: the first that all its systems have';
COMMENT ON COLUMN experiments.budget_s IS 'How long a start may take; NULL: as long as it takes';
COMMENT ON COLUMN experiments.hypothesis IS 'What whoever defined it expected';
COMMENT ON COLUMN experiments.set_by IS 'Account of whoever defined or deleted it';
COMMENT ON COLUMN experiments.source IS 'Record the row comes from';

CREATE TABLE sweeps (
    sweep VARCHAR NOT NULL,
    experiment VARCHAR,
    dataset VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    budget_s DOUBLE,
    wall_s DOUBLE NOT NULL,
    metric VARCHAR,
    protocol VARCHAR,
    looks INTEGER NOT NULL,
    risk DOUBLE,
    level DOUBLE,
    failed INTEGER NOT NULL,
    unavailable INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    sequence BIGINT,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE sweeps IS 'Sweeps that came to their end, a row for each dataset; figures are in scores';
COMMENT ON COLUMN sweeps.sweep IS 'Shared by the datasets that were measured together';
COMMENT ON COLUMN sweeps.experiment IS 'NULL: of none';
COMMENT ON COLUMN sweeps.budget_s IS 'NULL: there was none, and no system was left out';
COMMENT ON COLUMN sweeps.wall_s IS 'Of all its datasets together';
COMMENT ON COLUMN sweeps.metric IS 'By which systems were left out; NULL: no look was made';
COMMENT ON COLUMN sweeps.looks IS 'After how many rounds it was asked which systems are surely worse';
COMMENT ON COLUMN sweeps.risk IS 'The chance that a system was left out that is as good as the others is at most this';
COMMENT ON COLUMN sweeps.level IS 'What the p value of a pair must not exceed at a look';
COMMENT ON COLUMN sweeps.failed IS 'Runs that did not complete';
COMMENT ON COLUMN sweeps.unavailable IS 'Cases that could not be had';
COMMENT ON COLUMN sweeps.sequence IS 'In which order the lab took them down, whatever clocks said';
COMMENT ON COLUMN sweeps.source IS 'Record the row comes from';

CREATE TABLE sweep_systems (
    sweep VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    system VARCHAR NOT NULL,
    fate VARCHAR NOT NULL,
    inputs INTEGER NOT NULL,
    inputs_of INTEGER NOT NULL,
    look INTEGER,
    against VARCHAR,
    cases INTEGER,
    difference DOUBLE,
    low DOUBLE,
    high DOUBLE,
    p DOUBLE,
    source VARCHAR NOT NULL
);
COMMENT ON TABLE sweep_systems IS 'What became of each system of a sweep';
COMMENT ON COLUMN sweep_systems.fate IS 'measured, ruled out (surely worse, so the rest was left out) or not finished (the budget ended)';
COMMENT ON COLUMN sweep_systems.inputs IS 'That it was put to, of inputs_of';
COMMENT ON COLUMN sweep_systems.look IS 'Which look left it out, from 1; NULL: none';
COMMENT ON COLUMN sweep_systems.against IS 'The system that it is worse than, by difference (its figure less that one''s) over cases';
COMMENT ON COLUMN sweep_systems.low IS 'Limits of the interval of the difference at the level of the sweep';
COMMENT ON COLUMN sweep_systems.source IS 'Record the row comes from';
