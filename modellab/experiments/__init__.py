"""Sweeps that plan, within a budget where there is one, and experiments: sweeps that are written down beforehand."""
