"""The Meeting Pack: what the people who were in the meeting are sent. Formats, the HTML page, audio, manifest, zip."""
