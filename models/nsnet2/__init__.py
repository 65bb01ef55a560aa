"""NSNet2: Microsoft's baseline of noise suppression."""
