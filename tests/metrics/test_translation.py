"""BLEU and chrF: the very figures of sacrebleu, of recordings and of corpora, and what moves them."""

import random

import pytest
import sacrebleu

from modellab.datasets.reference import Reference
from modellab.metrics.formulas import BLEU, CHRF, Formula
from modellab.metrics.score import Score
from modellab.metrics.suites.translate import scores
from modellab.metrics.translation import Pair, translation_scores
from modellab.surfaces.results import Segment
from modellab.surfaces.translations import TranslatedUtterance, Translation

REFERENCES = [
    "Die Pumpe ist im Januar eingefroren, und niemand hat es bemerkt.",
    "Ich rufe morgen den Klempner an.",
    "Wer bezahlt das eigentlich?",
    "Das weiß ich noch nicht, aber wir finden es heraus.",
    "Gut, dann bis Donnerstag.",
    "Nein.",
]
TRANSLATIONS = [
    "Die Pumpe ist im Januar eingefroren, und niemand hat das gemerkt.",
    "Morgen rufe ich den Klempner an.",
    "Wer zahlt das eigentlich?",
    "Das weiß ich noch nicht, aber wir werden es herausfinden, denke ich.",
    "",
    "Nein!",
]
EN_DE = Pair("en", "de")


def summed(references: list[str], translations: list[str], pair: Pair = EN_DE) -> dict[str, Score]:
    """A corpus's scores: those of its recordings added up."""
    each = [translation_scores(*texts, pair) for texts in zip(references, translations, strict=True)]
    return {of_one[0].metric.name: sum(of_one[1:], start=of_one[0]) for of_one in zip(*each, strict=True)}


def theirs(references: list[str], translations: list[str], tokenize: str = "13a") -> dict[str, float]:
    """sacrebleu's own figures of the corpus."""
    bleu = sacrebleu.corpus_bleu(translations, [references], tokenize=tokenize)
    return {"bleu": bleu.score, "chrf": sacrebleu.corpus_chrf(translations, [references]).score}


def values(found: dict[str, Score]) -> dict[str, float | None]:
    return {name: score.value for name, score in found.items()}


def test_a_corpus_has_sacrebleus_figures_and_no_mean_of_its_recordings() -> None:
    found = summed(REFERENCES, TRANSLATIONS)
    assert values(found) == pytest.approx(theirs(REFERENCES, TRANSLATIONS), abs=1e-12)
    assert found["bleu"].value == pytest.approx(52.787673895794)
    each = [translation_scores(*texts, EN_DE)[0].value for texts in zip(REFERENCES, TRANSLATIONS, strict=True)]
    assert sum(value or 0.0 for value in each) / len(each) != pytest.approx(found["bleu"].value, abs=1.0)


@pytest.mark.parametrize("seed", range(40))
def test_figures_are_sacrebleus_of_whatever_is_said(seed: int) -> None:
    """Also of few words, of no match of a length, and of more or less than was said."""
    chance = random.Random(seed)
    words = ["eins", "zwei", "drei", "vier", "fünf", ",", "."]
    sides = [[" ".join(chance.choices(words, k=chance.randint(1, 9))) for _ in range(4)] for _ in range(2)]
    sides[1][chance.randrange(4)] = ""
    assert values(summed(*sides)) == pytest.approx(theirs(*sides), abs=1e-12)


@pytest.mark.parametrize(
    ("target", "tokenize", "reference", "translation"),
    [
        ("zh", "zh", "水泵在一月份冻住了，没有人注意到。", "水泵一月冻住了，没有人发现。"),
        ("ja", "char", "ポンプは一月に凍りました。", "ポンプが一月に凍った。"),
        ("th", "char", "ปั๊มแข็งตัวในเดือนมกราคม", "ปั๊มแข็งในเดือนมกราคม"),
        ("fr", "13a", "La pompe a gelé en janvier.", "La pompe gela en janvier."),
    ],
)
def test_languages_without_spaces_are_counted_by_characters(
    target: str, tokenize: str, reference: str, translation: str
) -> None:
    found = summed([reference], [translation], Pair("en", target))
    assert values(found) == pytest.approx(theirs([reference], [translation], tokenize), abs=1e-12)
    assert f"|tok:{tokenize}|" in found["bleu"].metric.protocol


def test_the_protocol_is_the_pair_of_languages_and_sacrebleus_signature() -> None:
    bleu, chrf = (score.metric for score in translation_scores("Ja.", "Ja.", Pair("pt-BR", "de")))
    version = sacrebleu.__version__
    assert bleu.protocol == f"pt-de, nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}"
    assert chrf.protocol == f"pt-de, nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{version}"
    assert translation_scores("Ja.", "Ja.", Pair(None, "de"))[0].metric.protocol.startswith("unknown-de, ")
    with pytest.raises(ValueError, match="do not add up"):
        summed(["Ja."], ["Ja."])["bleu"] + summed(["Oui."], ["Oui."], Pair("en", "fr"))["bleu"]


def test_where_nothing_is_said_there_is_no_figure_and_bleu_alone_counts_what_is_invented() -> None:
    invented = "Vielen Dank fürs Zuschauen und bis bald."
    assert values(summed([""], [invented])) == {"bleu": None, "chrf": None}
    both = summed([*REFERENCES, ""], [*TRANSLATIONS, invented])
    assert values(both) == pytest.approx(theirs([*REFERENCES, ""], [*TRANSLATIONS, invented]), abs=1e-12)
    alone = summed(REFERENCES, TRANSLATIONS)
    assert both["bleu"]["found_1"] == alone["bleu"]["found_1"] + 8
    assert values(both)["chrf"] == values(alone)["chrf"], "sacrebleu counts nothing where the reference has nothing"


@pytest.mark.parametrize("formula", [BLEU, CHRF], ids=["bleu", "chrf"])
@pytest.mark.parametrize("without", [0, 1, 2])
def test_slopes_are_by_how_much_the_figure_rises_with_each_count(formula: Formula, without: int) -> None:
    """Against differences of the figure; also where nothing of the longest sequences matched."""
    found = summed(REFERENCES, TRANSLATIONS)["bleu" if formula is BLEU else "chrf"]
    parts = [found[part] for part in formula.parts]
    longest = [place for place, part in enumerate(formula.parts) if part.startswith("matched")][::-1][:without]
    parts = [0.0 if place in longest else part for place, part in enumerate(parts)]
    step = 1e-6
    for place, slope in enumerate(formula.slopes(parts)):
        if place in longest and formula is BLEU:
            assert slope == 0.0, "half a match is none: what is smoothed does not rise"
            continue
        ahead, behind = ([*parts[:place], parts[place] + by, *parts[place + 1 :]] for by in (step, -step))
        assert slope == pytest.approx((formula.figure(ahead) - formula.figure(behind)) / (2 * step), rel=1e-4, abs=1e-6)


def told(*utterances: tuple[float, float, str], language: str = "de") -> Translation:
    return Translation([TranslatedUtterance(*one) for one in utterances], 10.0, language, "en")


def test_a_suite_scores_against_the_reference_in_the_translations_language() -> None:
    reference = Reference(language="en", translations={"de-AT": "Guten Morgen. Wie geht es?", "fr": "Bonjour."})
    found = scores(reference, told((0, 1, "Guten Morgen."), (2, 3, "Wie geht es?")))
    assert [(one.metric.name, one.value) for one in found] == [("bleu", pytest.approx(100)), ("chrf", 100)]
    assert scores(reference, told((0, 1, "Buenos días."), language="es")) == []
    assert scores(Reference(language="en", text="Good morning."), told((0, 1, "Guten Morgen."))) == []


def test_only_what_is_evaluated_counts_and_times_that_are_none_are_said() -> None:
    reference = Reference(language="en", translations={"de": "Wie geht es Ihnen?"}, evaluated=[Segment(2.0, 5.0)])
    spoken = told((0, 2.5, "Guten Morgen."), (2, 3, "Wie geht es Ihnen?"), (4.5, 9, "Danke."))
    assert [one.value for one in scores(reference, spoken)] == [pytest.approx(100), 100]
    wrong = scores(reference, told((3, 2, "Wie geht es Ihnen?")))
    assert [one.error for one in wrong] == ["utterance 1 of 1 ends before it begins: 3 to 2 s"] * 2
