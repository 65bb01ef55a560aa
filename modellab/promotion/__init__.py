"""Which system is in use for what: promoted on evidence, followed, watched, and taken back."""
