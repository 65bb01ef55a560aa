"""SeamlessM4T."""
