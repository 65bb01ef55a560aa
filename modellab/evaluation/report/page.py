"""The report as files. Everything from outside is escaped by Jinja's autoescape; the page's content security policy
allows no network and no script at all."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from modellab.bundle import palette
from modellab.bundle.page import environment, escape_markdown
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.report import chart, lanes, plain
from modellab.evaluation.report.content import Report
from modellab.evaluation.standing import Figure, SystemStanding
from modellab.evaluation.wording import comparison_sentence
from modellab.legible import one_line
from modellab.units import clock, length, plural

_TEMPLATES = Path(__file__).parent / "templates"
STYLE = _TEMPLATES / "report.css"
"""Of all pages about what was measured."""


def render_html(found: Report) -> str:
    """The page: one file with style, drawing and sound in it."""
    style = Markup(STYLE.read_text(encoding="utf-8"))
    themes = {"light": asdict(palette.LIGHT), "dark": asdict(palette.DARK)}
    return _rendered("report.html.j2", found, autoescape=True, style=style, themes=themes)


def render_markdown(found: Report) -> str:
    """CommonMark with GitHub's tables; without the drawing and without sound."""
    return _rendered("report.md.j2", found, autoescape=False)


def _rendered(template: str, found: Report, *, autoescape: bool, **more: object) -> str:
    jinja = environment(_TEMPLATES, autoescape=autoescape)
    jinja.filters.update({"line": one_line, "md": _as_markdown, "duration": length, "clock": clock})
    helpers: Mapping[str, Any] = {
        "amount": plain.amount,
        "limits": plain.limits,
        "name_of": plain.name_of,
        "named": plain.names_of(found.main),
        "times": plain.times,
        "which_is_better": plain.which_is_better,
        "sentence": comparison_sentence,
        "figure_of": _figure_of,
        "others": _other_figures(found),
        "best_of": {measure: _best(found, measure) for measure in found.main},
        "fronts": _fronts(found),
        "chart_size": (chart.WIDTH, chart.HEIGHT),
        "lanes_width": lanes.WIDTH,
        "plural": plural,
        "day": found.newest[:10],
    }
    text: str = jinja.get_template(template).render(report=found, **helpers, **more)
    return text


def _as_markdown(text: object) -> str:
    """Text from outside as one line that CommonMark shows as it is."""
    return escape_markdown(one_line(str(text)))


def _figure_of(system: SystemStanding, measure: Measure) -> Figure | None:
    return next((one for one in system.figures if one.measure == measure), None)


def _other_figures(found: Report) -> list[Measure]:
    """Metrics that explain those that decide, in order."""
    every = dict.fromkeys(one.measure for system in found.standing.systems for one in system.figures)
    return sorted((one for one in every if one not in found.main), key=lambda one: (one.step, one.metric, one.protocol))


def _best(found: Report, measure: Measure) -> float | None:
    """The best of all figures by a metric."""
    figures = (_figure_of(system, measure) for system in found.standing.systems)
    values = [one.interval.value for one in figures if one is not None and one.interval.value is not None]
    pick = min if measure.better == "lower" else max
    return pick(values, default=None)


def _fronts(found: Report) -> dict[str, list[str]]:
    """System -> metrics by which it lies on the Pareto front."""
    named = plain.names_of(found.main)
    return {
        system.system: [
            named[drawn.measure]
            for drawn in found.charts
            if any(spot.system == system.system and spot.on_front for spot in drawn.spots)
        ]
        for system in found.standing.systems
    }
