"""What an alert is: one or more things that went wrong, found together."""

import json
import platform
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from modellab.legible import one_line
from modellab.outside import parse_json
from modellab.redaction import redact
from modellab.settings import Lab
from modellab.units import plural

Topic = Literal["failures", "regressions", "drops"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
Severity = Literal["error", "warning"]

KEPT_DETAILS = 5
"""So many lines are said of one finding; the others are counted."""
KEPT_FINDINGS = 10
"""So many findings are said in one alert; the others are counted."""
_LONGEST = 400
"""Characters of a line: models quote whole pages of their libraries."""
_SEVERAL: Mapping[Topic, tuple[str, str]] = {
    "failures": ("run failed", "runs failed"),
    "regressions": ("system got worse or could not be measured", "systems got worse or could not be measured"),
    "drops": ("dropped file was of no use", "dropped files were of no use"),
}
_HINTS: Mapping[Topic, str] = {
    "failures": "modellab runs list --status failed",
    "regressions": "modellab sql 'FROM regressions'",
    "drops": "modellab inbox status",
}


def line(text: str) -> str:
    """Words of others as an alert may say them: one line of limited length, without secrets."""
    said = one_line(redact(text.strip().replace("\n", " ")))
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that went wrong, and is said once."""

    key: str
    """By which it is known: a second one with the same key is the same thing."""
    topics: tuple[Topic, ...]
    """What it is about; the first says what it is called."""
    severity: Severity
    what: str
    """In a sentence without its full stop."""
    details: tuple[str, ...] = ()
    """The first few, a line each."""
    more: int = 0
    """Further details."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Names by which programs find more: run, dagster_run_id, gate, drop, ..."""

    @classmethod
    def of(
        cls,
        key: str,
        topics: Sequence[Topic],
        severity: Severity,
        what: str,
        details: Sequence[str] = (),
        **facts: Any,
    ) -> "Finding":
        """With its words made fit to be sent, and no more of them than are said."""
        kept = tuple(map(line, details[:KEPT_DETAILS]))
        return cls(key, tuple(topics), severity, line(what), kept, len(details) - len(kept), facts)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Finding":
        """From what `asdict` made of it."""
        return cls(**{**document, "topics": tuple(document["topics"]), "details": tuple(document["details"])})


@dataclass(frozen=True, slots=True)
class Alert:
    """What goes out as one message."""

    id: str
    """A receiver that gets it twice tells by this."""
    topics: tuple[Topic, ...]
    severity: Severity
    title: str
    made_at: str
    """ISO 8601, UTC."""
    lab: str
    """The lab's home."""
    host: str
    count: int
    """How many things went wrong."""
    findings: tuple[Finding, ...]
    """The first of them."""

    @property
    def left_out(self) -> int:
        """How many findings are counted and not said."""
        return self.count - len(self.findings)

    @property
    def hint(self) -> str:
        """The command that shows more."""
        return _HINTS[self.topics[0]]

    def document(self) -> dict[str, Any]:
        """As webhooks and `--json` have it."""
        return {**asdict(self), "left_out": self.left_out, "hint": self.hint}

    def stored(self) -> str:
        """As the outbox keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, stored: str) -> "Alert":
        """From what `stored` made of it."""
        document = parse_json(stored, "an alert of the outbox")
        findings = tuple(map(Finding.read, document["findings"]))
        return cls(**{**document, "topics": tuple(document["topics"]), "findings": findings})

    def text(self) -> str:
        """For people: the title, a line for each finding with its details below, and where there is more."""
        lines = [self.title]
        if self.count > 1:
            lines.append("")
        for one in self.findings:
            if self.count > 1:
                lines.append(f"- {one.what}")
            lines += [f"  {detail}" for detail in one.details]
            if one.more:
                lines.append(f"  and {one.more} more")
        if self.left_out:
            lines.append(f"and {self.left_out} more")
        return "\n".join([*lines, "", f"Lab {self.lab} on {self.host}. See: {self.hint}"])


def make_alert(findings: Sequence[Finding], lab: Lab, made_at: str) -> Alert:
    """One alert of findings about the same topics; there is at least one."""
    topics = findings[0].topics
    title = findings[0].what if len(findings) == 1 else plural(len(findings), *_SEVERAL[topics[0]])
    worst: Severity = "error" if any(one.severity == "error" for one in findings) else "warning"
    first = sorted(findings, key=lambda one: one.severity != "error")[:KEPT_FINDINGS]
    return Alert(
        id=uuid.uuid4().hex,
        topics=topics,
        severity=worst,
        title=title,
        made_at=made_at,
        lab=line(str(lab.home)),
        host=line(platform.node()),
        count=len(findings),
        findings=tuple(first),
    )
