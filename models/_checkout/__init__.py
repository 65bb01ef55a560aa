"""What models that run from a checkout of their makers' source share."""
