"""What an inventory made by hand comes to in sentences, and how it is shown."""

from dataclasses import replace
from typing import Any

from modellab.arsenal.inventory import Arsenal, DatasetEntry, ModelEntry, PipelineEntry, Score, UseCaseEntry
from modellab.arsenal.page import render_html, render_markdown
from modellab.arsenal.statements import gaps, verified

SCORE = Score("calls", "1", "wer", "12.0 % (9.0 to 15.0 %)", 24, 30, "2026-11-30")


def model(name: str, **values: Any) -> ModelEntry:
    known: dict[str, Any] = {"keys": {"asr": name}, "status": "production", "licence": "MIT", "here": "here"}
    empty: dict[str, Any] = {"inputs": 0, "last": None, "weights": (), "scores": (), "judged_in": (), "claims": {}}
    return ModelEntry(name, **{**known, **empty, **values})


FOUND = Arsenal(
    "2026-11-30T12:00:00.000+00:00",
    (
        model("a:v", inputs=30, last="2026-11-30", weights=("abcdef012345",), scores=(SCORE,)),
        model("b:v", inputs=3, last="2026-11-29", claims={"contradicted": 2, "not measured": 1}),
        model("c:v"),
        model("d:v", here="after a download"),
        model("e:v", here="weights missing"),
    ),
    (
        DatasetEntry("calls", "1", ("asr",), "asr", "CC0", 30, 28, 2, ("a:v",), "2026-11-30", ()),
        DatasetEntry("talks", "2", ("asr",), "asr", "CC0", 5, 0, 0, (), None, ("1",)),
    ),
    (
        PipelineEntry("meeting", ("ingest", "asr"), False, "", 4, "2026-11-30", ("calls",)),
        PipelineEntry("mine", ("ingest",), True, "", 0, None, ()),
    ),
    (
        UseCaseEntry("u1", "First", "b:v", "2026-11-30", "overridden", "a:v", "ahead of b:v", 2, 3, ()),
        UseCaseEntry("u2", "Second", None, None, "", None, "nothing was measured", 0, 1, ("modellab bench x",)),
    ),
    ({"dataset": "calls", "system": "a:v", "status": "production", "verdict": "regressed", "at": "2026-11-30"},),
    ("<b>x.yaml is not a valid use case",),
)


def test_what_is_verified_is_counted() -> None:
    assert verified(FOUND) == [
        "5 models in 5 variants: 2 ran here, 1 have scores.",
        "2 datasets: on 1 something was measured.",
        "2 pipelines: 1 ran, 1 have scores.",
        "2 use cases: 1 with a system in use, 1 with evidence for one.",
        "The regression gate, by its last word on 1 system on a dataset: 1 regressed.",
    ]


def test_each_gap_is_named_once_with_what_would_close_it() -> None:
    assert [(one.said, one.command) for one in gaps(FOUND)] == [
        ("b:v is in use for u1 against the evidence", "modellab promotions show u1"),
        ("no system has enough evidence for u2", "modellab bench x"),
        ("a:v (production) got worse on calls on 2026-11-30", "modellab regress -d calls -m a:v"),
        ("ran here and was never scored: b:v", None),
        ("could run here and never did: c:v", None),
        ("would be downloaded first, and never ran: d:v", None),
        ("can't run on this machine: e:v (weights missing)", None),
        ("makers' claims that what was measured contradicts: b:v (2)", "modellab findings"),
        ("1 claim of makers about variants: nothing comparable was measured", "modellab findings"),
        ("2 of 30 cases of calls can't be had", "modellab datasets check calls"),
        (
            "nothing was measured on talks 2, only on version 1",
            "modellab bench --dataset talks --models a:v,b:v,c:v",
        ),
        ("pipelines that were never run: mine", "modellab run FILE --pipeline NAME"),
        ("a file is of no use: <b>x.yaml is not a valid use case", None),
    ]


def test_a_model_scored_within_a_pipeline_alone_is_scored() -> None:
    assert replace(FOUND.models[2], judged_in=("calls",)).verified == "scored"
    assert [one.verified for one in FOUND.models] == [
        *("scored", "ran, never scored", "never run", "never run", "can't run here"),
    ]


def test_the_page_asks_nobody_for_anything_and_escapes_what_is_from_outside() -> None:
    page = render_html(FOUND)
    assert "default-src 'none'" in page and "<script" not in page
    assert not [line for line in page.splitlines() if "http://" in line or "https://" in line]
    assert "&lt;b&gt;x.yaml" in page and "<b>x" not in page
    assert "word error rate 12.0 % (9.0 to 15.0 %)" in page and "calls 1; 24 of 30 cases; 2026-11-30" in page
    assert "abcdef012345" in page
    plain = render_markdown(FOUND)
    assert "\\<b\\>x.yaml" in plain
    assert "word error rate 12.0 % (9.0 to 15.0 %) on calls 1 (24 of 30, 2026-11-30)" in plain
