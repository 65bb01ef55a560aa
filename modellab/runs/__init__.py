"""Runs: launching them, what came of them, those of the past, and the meetings that they tell of."""
