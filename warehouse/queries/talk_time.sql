-- Who talks how much in each recording.
SELECT name, system, coalesce(given_name, name_by_voice, speaker) AS speaker, turns, round(talk_s, 1) AS talk_s, round(100 * share, 1) AS percent
FROM speaker_talk_time
ORDER BY name, system, talk_s DESC;
