"""Speech recognised while it is spoken."""
