"""How sure a figure and a difference are: intervals, p values, verdicts."""
