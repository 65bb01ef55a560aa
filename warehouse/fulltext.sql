-- The index that `modellab search` asks (modellab/search/). It follows from the tables segments, artifacts and steps; the
-- builder keeps it in the same file, so that database and index are always of the same moment.

CREATE SCHEMA fulltext;

CREATE TABLE fulltext.made (digest VARCHAR NOT NULL);
COMMENT ON TABLE fulltext.made IS 'SHA-256 of all that decides what is in the index';

CREATE TABLE fulltext.transcripts (
    transcript INTEGER NOT NULL,
    fingerprint VARCHAR NOT NULL,
    language VARCHAR,
    has_speakers BOOLEAN NOT NULL
);
COMMENT ON TABLE fulltext.transcripts IS 'Results whose utterances are in the index';
COMMENT ON COLUMN fulltext.transcripts.language IS 'ISO 639-1, by whose rules words have their stems; NULL where nobody knows';

CREATE TABLE fulltext.utterances (
    utterance INTEGER NOT NULL,
    transcript INTEGER NOT NULL,
    position INTEGER NOT NULL,
    first_place BIGINT NOT NULL,
    words INTEGER NOT NULL
);
COMMENT ON COLUMN fulltext.utterances.position IS 'segments.position';
COMMENT ON COLUMN fulltext.utterances.first_place IS 'Of its first word: places go on from one utterance of a transcript to the next, and leave one out before the next transcript';

CREATE TABLE fulltext.terms (
    term INTEGER NOT NULL,
    language VARCHAR NOT NULL,
    word VARCHAR NOT NULL,
    stem VARCHAR NOT NULL,
    plain_stem VARCHAR NOT NULL
);
COMMENT ON TABLE fulltext.terms IS 'Words in small letters, once for each language';
COMMENT ON COLUMN fulltext.terms.language IS 'Empty where nobody knows';
COMMENT ON COLUMN fulltext.terms.stem IS 'Its stem, without accents';
COMMENT ON COLUMN fulltext.terms.plain_stem IS 'The stem of the word without accents';

CREATE TABLE fulltext.postings (
    term INTEGER NOT NULL,
    place BIGINT NOT NULL,
    utterance INTEGER NOT NULL
);
COMMENT ON TABLE fulltext.postings IS 'Where words are said';
