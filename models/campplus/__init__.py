"""CAM++: voices as vectors."""
