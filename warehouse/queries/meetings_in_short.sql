-- What each recording is about: the lines of its summary, and the chapter each line falls into.
SELECT inputs.name, latest.system, lines.position, lines.text, lines.start_s, chapters.title AS chapter
FROM latest_artifacts AS latest
JOIN summary_lines AS lines USING (fingerprint)
LEFT JOIN latest_results AS parts
    ON parts.input = latest.input AND parts.system = latest.system AND parts.kind = 'chapters'
LEFT JOIN chapters
    ON chapters.fingerprint = parts.fingerprint AND lines.start_s >= chapters.start_s AND lines.start_s < chapters.end_s
LEFT JOIN inputs ON inputs.input = latest.input
WHERE lines.about = 'recording'
ORDER BY inputs.name, latest.system, lines.position;
