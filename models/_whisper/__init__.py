"""What the Whispers have in common, whatever they run on."""
