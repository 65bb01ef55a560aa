-- What the word errors of each system on each dataset are made of, over all cases that it has a figure of.
SELECT
    dataset, system, device, part.key AS component, sum(part.value) AS words,
    sum(part.value) / nullif(sum(denominator), 0) AS share
FROM (SELECT *, unnest(map_entries(components)) AS part FROM latest_scores WHERE metric = 'wer')
WHERE part.key <> 'length'
GROUP BY dataset, system, device, protocol, scorer_version, part.key
ORDER BY dataset, system, words DESC;
