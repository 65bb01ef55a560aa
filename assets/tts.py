"""The asset `tts`: a text as a voice says it."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset, right_more_than_wrong
from assets._page import duration, level, table
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.media.decode import no_numbers
from modellab.metrics.synthesis import letters_of, plausible_s
from modellab.steps import scorers
from modellab.steps.tts import STEP
from modellab.surfaces.results import SpokenPiece, SpokenText
from modellab.units import clock, plural
from resources.engine import StepResult

_SHOWN_PIECES = 40
_CLIPPED_FRACTION = 1e-4
"""More samples at full scale than this are clipping, as for recordings."""
_QUIETEST_DBFS = -50.0
"""A piece that never gets louder says nothing that anybody hears; voices speak at -20."""
_LOUDEST_END_DB = -15.0
"""Speech has faded by more than this when a voice has finished; in the middle of a vowel it is at -3."""


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform with the pieces of the text beneath it, the text with its times, and what is known of the sound."""
    audio = CanonicalAudio.open(result.artifact)
    spoken = result.artifact.read(SpokenText)
    levels = audio.info.levels
    letters = letters_of(spoken.text)
    rows: list[list[object]] = [
        ["voice", f"{spoken.voice}, language {spoken.language}"],
        ["asked for", f"speed {spoken.speed:g}, seed {spoken.seed}"],
        ["file", audio.info.audio_file],
        ["length", duration(spoken.duration_s)],
        ["sample rate", f"{spoken.sample_rate_hz} Hz"],
        ["pace", f"{letters / spoken.duration_s:.1f} letters a second"],
        ["peak", level(levels.peak_dbfs, "dBFS")],
        ["loudness", level(levels.loudness_lufs, "LUFS")],
    ]
    # Every other piece in a lane of its own: neighbours touch, and would look like one.
    lanes = [Lane(name, [(p.start_s, p.end_s) for p in spoken.pieces[first::2]]) for first, name in _LANES]
    # With spaces that do not break, or the UI spreads a length over two lines.
    lines = [
        [clock(piece.start_s, 1), duration(piece.duration_s).replace(" ", "\u00a0"), piece.text]
        for piece in spoken.pieces
    ]
    shown = {
        "waveform": dg.MetadataValue.md(timeline(audio.envelope(), [lane for lane in lanes if lane.spans])),
        "sound": dg.MetadataValue.md(table(["", ""], rows)),
        "text": dg.MetadataValue.md(table(["time", "length", "text"], lines[:_SHOWN_PIECES])),
        "duration_s": round(spoken.duration_s, 3),
        "dagster/row_count": len(spoken.pieces),
    }
    if audio.info.warnings:
        shown["warnings"] = dg.MetadataValue.md("\n".join(f"- {warning}" for warning in audio.info.warnings))
    return shown


_LANES = ((0, "text"), (1, ""))


def _pieces(result: StepResult) -> list[SpokenPiece]:
    return result.artifact.read(SpokenText).pieces


def _said(pieces: list[SpokenPiece], well: str) -> tuple[str, list[str]]:
    """What is said of the pieces in which something is wrong, and where they are."""
    places = [f"{clock(piece.start_s, 1)} {piece.text[:60]}" for piece in pieces[:10]]
    return (f"{plural(len(pieces), 'piece')}, the first at {places[0]}" if places else well), places


def _is_loud(piece: SpokenPiece) -> bool:
    return piece.level_dbfs is not None and piece.level_dbfs >= _QUIETEST_DBFS


def _is_heard(result: StepResult) -> Verdict:
    silent = [piece for piece in _pieces(result) if not _is_loud(piece)]
    said, places = _said(silent, "there is sound in every piece")
    return Verdict(not silent, said, {"at": places, "quietest_dbfs": _QUIETEST_DBFS})


def _is_plausibly_long(result: StepResult) -> Verdict:
    wrong = []
    for piece in _pieces(result):
        shortest_s, longest_s = plausible_s(piece.text)
        if not shortest_s <= piece.duration_s <= longest_s:
            wrong.append(piece)
    said, places = _said(wrong, "every piece takes about as long as its letters do")
    return Verdict(not wrong, said, {"at": places})


def _is_not_cut_off(result: StepResult) -> Verdict:
    heard = (piece for piece in _pieces(result) if _is_loud(piece))
    cut = [piece for piece in heard if piece.end_db is not None and piece.end_db > _LOUDEST_END_DB]
    said, places = _said(cut, "the sound of every piece fades before it ends")
    return Verdict(not cut, said, {"at": places, "loudest_end_db": _LOUDEST_END_DB})


def _is_not_clipped(result: StepResult) -> Verdict:
    fraction = CanonicalAudio.open(result.artifact).info.source.full_scale_fraction
    return Verdict(
        fraction <= _CLIPPED_FRACTION,
        f"{fraction:.4%} of the samples are at full scale or beyond",
        {"full_scale_fraction": fraction, "allowed": _CLIPPED_FRACTION},
    )


def _is_all_numbers(result: StepResult) -> Verdict:
    odd = CanonicalAudio.open(result.artifact).info.source.non_finite_samples
    return Verdict(not odd, no_numbers(odd) if odd else "every sample is a number", {"non_finite_samples": odd})


TTS = step_asset(
    STEP,
    group="speech",
    kinds={"python", "file"},
    page=page,
    checks=[
        Check("is_heard", "No piece of the text is silent.", _is_heard),
        Check("is_plausibly_long", "Every piece takes about as long as its letters do.", _is_plausibly_long),
        Check("is_not_cut_off", "The sound fades before it ends, at the end of every piece.", _is_not_cut_off),
        Check("is_not_clipped", "The voice does not go beyond full scale.", _is_not_clipped),
        Check("is_all_numbers", "Every sample is a number.", _is_all_numbers, dg.AssetCheckSeverity.ERROR),
    ],
)

TTS_METRICS = metrics_asset(scorers.TTS_METRICS, checks=[right_more_than_wrong("roundtrip_wer")])
