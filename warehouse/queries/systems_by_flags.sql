-- Which systems make words up, by their last results: flagged words of a thousand, and what speaks against them.
SELECT system, recordings, recordings_with_flags, words, flagged_words, flagged_per_1000_words, flags
FROM flagged_words
ORDER BY flagged_per_1000_words DESC NULLS LAST, system;
