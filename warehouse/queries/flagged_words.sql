-- Words that were probably never said, in the transcripts as they are now: where to listen, and why.
SELECT latest.input, latest.system, flags.start_s, flags.kind, flags.strength, flags.text, flags.why
FROM latest_results AS latest
JOIN flags USING (fingerprint)
WHERE latest.kind = 'flags'
ORDER BY flags.strength, latest.input, latest.system, flags.start_s;
