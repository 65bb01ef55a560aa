"""The report of a dataset: one HTML page that needs no network, and the same as Markdown, from what is stored."""
