import itertools

import pytest

from modellab.bundle.palette import DARK, LIGHT, Theme, colour_index


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_text_colour_meets_aa_on_every_background(theme: Theme) -> None:
    texts = [theme.text, theme.muted, theme.accent, *theme.speakers]
    pairs = [*itertools.product(texts, (theme.background, theme.surface)), (theme.text, theme.highlight)]
    pairs.append((theme.on_accent, theme.accent))
    low = {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5}
    assert not low


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_edges_of_controls_meet_aa(theme: Theme) -> None:
    assert contrast(theme.field, theme.background) >= 3.0
    assert contrast(theme.field, theme.surface) >= 3.0


def test_both_themes_have_the_same_distinct_speakers() -> None:
    assert len(set(LIGHT.speakers)) == len(LIGHT.speakers) == len(set(DARK.speakers)) == len(DARK.speakers) == 12
    assert [colour_index(n) for n in (0, 11, 12, 29)] == [0, 11, 0, 5]
