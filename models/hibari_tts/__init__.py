"""hibari: English speech on a CPU."""
