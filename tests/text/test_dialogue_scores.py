"""The figures that docs/text-steps.md shows must not get worse."""

import importlib.util
from pathlib import Path
from types import ModuleType

from modellab.settings import PROJECT_ROOT
from modellab.text.dialogues import load_dialogues


def benchmark(name: str) -> ModuleType:
    path: Path = PROJECT_ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_action_items_on_the_held_out_dialogues() -> None:
    bench = benchmark("action_items")
    rules, naive = bench.corpus("test", bench.rules), bench.corpus("test", bench.keywords)
    assert rules["action_recall"]["labelled"] == naive["action_recall"]["labelled"] == 41
    assert rules["action_precision"].value >= 0.9 and rules["action_recall"].value >= 0.9
    assert rules["assignee_accuracy"].value >= 0.9
    assert rules["action_f1"].value > naive["action_f1"].value + 0.15


def test_the_scorer_counts_a_duplicate_and_a_wrong_assignee_as_errors() -> None:
    bench = benchmark("action_items")
    dialogue = next(d for d in load_dialogues("dev") if d.id == "app_release")
    good = bench.rules(dialogue.transcript(), dialogue.recorded_on)
    counts = bench.score(dialogue, lambda t, d: [*good, good[0]])["action_f1"]
    assert (counts["found"], counts["labelled"], counts["matched"]) == (6, 5, 5)
    wrong = [item.__class__(item.task, "Zoe", None, None, None, item.evidence) for item in good]
    assert bench.score(dialogue, lambda t, d: wrong)["assignee_accuracy"]["right"] == 0


def test_chapters_beat_texttiling_and_even_splits_on_joined_topics() -> None:
    bench = benchmark("chapters")
    documents = list(bench.joined("test", 6))
    means = {
        name: sum(bench.score(document, find(document))[0] for document in documents) / len(documents)
        for name, find in bench.METHODS.items()
    }
    assert means["chapters step"] < means["TextTiling"]
    assert means["chapters step"] < means["even splits"]
    perfect = documents[0]
    assert bench.score(perfect, sorted(perfect.boundaries)) == (0.0, 0.0)
