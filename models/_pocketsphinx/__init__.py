"""What models of PocketSphinx share."""
