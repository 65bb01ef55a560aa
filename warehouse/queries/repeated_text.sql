-- Utterances whose text compresses too well: the sign of a model that repeats itself.
SELECT latest.input, latest.system, segments.start_s, segments.end_s, segments.compression_ratio, segments.text
FROM latest_artifacts AS latest
JOIN segments USING (fingerprint)
WHERE segments.kind = 'utterance' AND segments.compression_ratio > 2.4
ORDER BY segments.compression_ratio DESC;
