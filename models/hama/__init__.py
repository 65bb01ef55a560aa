"""hama: phones heard and phones spelled, as an aligner."""
