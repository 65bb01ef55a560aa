"""The arsenal as files, in the style of the report on a dataset; what is from outside is escaped."""

from dataclasses import asdict
from pathlib import Path

from markupsafe import Markup

from modellab.arsenal.inventory import Arsenal
from modellab.arsenal.statements import gaps, verified
from modellab.bundle import palette
from modellab.bundle.page import environment, escape_markdown
from modellab.evaluation.report.page import STYLE
from modellab.evaluation.report.plain import name_of
from modellab.legible import one_line
from modellab.units import plural

_TEMPLATES = Path(__file__).parent / "templates"


def render_html(found: Arsenal) -> str:
    """One file with its style in it, without script or network."""
    themes = {"light": asdict(palette.LIGHT), "dark": asdict(palette.DARK)}
    own = (_TEMPLATES / "arsenal.css").read_text(encoding="utf-8")
    style = Markup(STYLE.read_text(encoding="utf-8") + own)
    return _rendered("arsenal.html.j2", found, autoescape=True, style=style, themes=themes)


def render_markdown(found: Arsenal) -> str:
    """CommonMark with GitHub's tables."""
    return _rendered("arsenal.md.j2", found, autoescape=False)


def _rendered(template: str, found: Arsenal, *, autoescape: bool, **more: object) -> str:
    jinja = environment(_TEMPLATES, autoescape=autoescape)
    jinja.filters.update({"line": one_line, "md": _as_markdown})
    text: str = jinja.get_template(template).render(
        arsenal=found,
        verified=verified(found),
        gaps=gaps(found),
        plural=plural,
        name_of=name_of,
        day=found.made_at[:10],
        **more,
    )
    return text


def _as_markdown(text: object) -> str:
    return escape_markdown(one_line(str(text)))
