"""Which of several tables is meant."""

from modellab.errors import UsageError
from modellab.names import did_you_mean, nearest


def chosen(tables: dict[str, str], split: str | None) -> str:
    """The table of a split, or the only one.

    Args:
        tables: name of a split -> its table.
        split: as the user named it; None: not named.

    Raises:
        UsageError: there are several and none was named, none of that name, or none at all.
    """
    if not tables:
        raise UsageError("the folder has no list of recordings that the format knows", hint="Say another: --format.")
    if split is None and len(tables) == 1:
        return next(iter(tables.values()))
    if split in tables:
        return tables[split]
    names = ", ".join(tables)
    if split is None:
        raise UsageError(
            "the folder has several tables of recordings", found=names, hint=f"Say which: --split {next(iter(tables))}"
        )
    raise UsageError(
        f"there is no table of the split {split!r}", allowed=names, hint=did_you_mean(nearest(split, tables))
    )
