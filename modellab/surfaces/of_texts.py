"""Which surfaces are of texts alone; importing this costs nothing."""

TEXT_SURFACES = frozenset({"embed", "chat"})
"""What helper models do: they work on texts inside steps that are about something else. No step is theirs alone, so no
system is, and there is nothing to score."""
