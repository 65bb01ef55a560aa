"""The field's file formats for who spoke when and who said what: read and written here, by everyone who needs them."""
