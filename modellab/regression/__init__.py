"""The regression gate: what systems measure now against the baseline that somebody accepted."""
