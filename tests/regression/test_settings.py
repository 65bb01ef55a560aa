"""`regression.yaml`."""

import pytest

from modellab.errors import UsageError
from modellab.regression.tolerances import Regression, regression_settings
from tests.regression.conftest import WER


def test_without_a_file_there_are_defaults(lab):
    found = regression_settings(lab)
    assert found == Regression()
    assert (found.tolerance(WER, 0.2), found.speed, found.plan) == (0.01, 0.25, [])


def test_a_file_says_what_is_watched_and_what_counts(lab):
    lab.home.mkdir(parents=True, exist_ok=True)
    lab.regression.write_text(
        "plan: [{dataset: my_calls, systems: [meeting]}]\ntolerances: {wer: 0.02}\nspeed: 0.5\n", encoding="utf-8"
    )
    found = regression_settings(lab)
    assert [(one.dataset, one.systems) for one in found.plan] == [("my_calls", ["meeting"])]
    assert (found.tolerance(WER, 0.2), found.speed) == (0.02, 0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tolerances: {weer: 0.1}", "there is no metric 'weer'"),
        ("speed: -1", "speed: Input should be greater than or equal to 0"),
        ("plans: []", "plans: Extra inputs are not permitted"),
        ("plan: [{dataset: x, systems: []}]", "plan.0.systems: List should have at least 1 item"),
        ("[", "not YAML"),
    ],
)
def test_what_is_wrong_with_it_is_named(lab, text, said):
    lab.home.mkdir(parents=True, exist_ok=True)
    lab.regression.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"regression\.yaml") as caught:
        regression_settings(lab)
    assert said in str(caught.value)
