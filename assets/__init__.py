"""Dagster assets, thin: one module per pipeline step, with what the UI shows of its results and its checks."""

import warnings

import dagster as dg

# Multi-dimensional partitions, single-run backfills and checks per partition are what the lab is built on; the pinned
# Dagster still calls them beta or preview.
for _category in (dg.BetaWarning, dg.PreviewWarning):
    warnings.filterwarnings("ignore", category=_category, module=r"(assets|modellab_dagster|dagster)\.")
