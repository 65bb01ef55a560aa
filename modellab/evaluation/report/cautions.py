"""What not to conclude: of any measurement, and what the page of each metric says of it."""

import re
from functools import cache

from modellab.evaluation.standing import Standing
from modellab.settings import PROJECT_ROOT

_PAGES = PROJECT_ROOT / "docs" / "metrics"
_HEADING = "## What not to conclude"
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def general(standing: Standing, *, with_speed: bool = True) -> list[str]:
    """What holds of every report."""
    found = [
        "How a system does on other recordings than these: intervals say what chance does among recordings of this"
        " kind, nothing about other rooms, accents, languages or subjects.",
        "That two systems are equally good because they can't be told apart: more recordings might tell them.",
    ]
    if len(standing.systems) > 2:
        found.append(
            "That a difference holds because one p value is small: those shown are corrected for the number of pairs."
        )
    if with_speed:
        found.append(
            "How fast it is elsewhere: speeds are of these machines, settings and recordings, and of what else ran"
            " then."
        )
    return found


@cache
def of_metric(metric: str) -> tuple[str, ...]:
    """The sentences of a metric's page below `What not to conclude`, links as their text; none where it has none."""
    page = _PAGES / f"{metric}.md"
    if not page.is_file():
        return ()
    _, _, behind = page.read_text(encoding="utf-8").partition(f"\n{_HEADING}\n")
    own = behind.partition("\n## ")[0]
    points = [" ".join(point.split()) for point in re.split(r"^- ", own, flags=re.MULTILINE)[1:]]
    return tuple(_LINK.sub(r"\1", point).replace("`", "") for point in points)
