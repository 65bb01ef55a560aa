"""CLAP by LAION."""
