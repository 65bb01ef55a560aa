-- Words the model was least sure of, in the transcripts as they are now: where to listen first.
SELECT latest.input, latest.system, words.start_s, words.text, words.probability
FROM latest_results AS latest
JOIN words USING (fingerprint)
WHERE latest.kind = 'recognition' AND words.probability < 0.5
ORDER BY words.probability
LIMIT 50;
