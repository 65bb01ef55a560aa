"""Separation: SDR, SIR and SAR by BSS Eval, and SI-SDR of the stems and of the mixture they were taken from.

Each is the mean over the stems, and its components hold every stem's own (`stem_vocals_db`). All compare mono, at the
rate of the separated audio. Nothing is moved in time. A stem is judged where it sounds: in pieces within 40 dB of its
loudest.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from modellab.datasets.reference import Reference
from modellab.metrics.distortion import MOST_DB, SCORER_VERSION, SiSdr
from modellab.metrics.mean import gain, named
from modellab.metrics.piecewise import NotComputable
from modellab.metrics.score import Metric, Score
from modellab.metrics.separation import (
    RATIOS,
    Match,
    Sources,
    best_match,
    bss_eval,
    by_name,
    over_stems,
    over_stems_score,
    ratio_metrics,
)
from modellab.metrics.sounds import PIECE_S, Opener, Sound, SummedSound, pieces, power, spread
from modellab.surfaces.results import Segment

METRICS: tuple[str, ...] = (*RATIOS, "si_sdr", "si_sdr_before", "si_sdr_gain")
_MOST_PIECES = 18
"""Three minutes: BSS Eval of four stems takes most of a second for each second of music."""
_SILENT = 1e-4
"""40 dB below its loudest piece a stem does not sound."""
_MOST_APART_S = 0.05


def scores(
    reference: Reference, mixture: Sound, found: Mapping[str, Sound], *, rate_hz: int, opened: Opener
) -> list[Score]:
    """How well the stems of one recording were told apart; nothing where the reference has none.

    Args:
        mixture: what was taken apart.
        found: name of a stem -> what the model made of it.
        rate_hz: of the separated audio.
        opened: gives a stem of the reference.
    """
    if not reference.stems:
        return []
    where = f"{rate_hz / 1000:g} kHz, mono"
    try:
        true = {name: opened(sound) for name, sound in sorted(reference.stems.items())}
        _check_lengths(mixture, true, found)
        matched = by_name(list(true), list(found)) or _best(true, found, rate_hz)
    except NotComputable as error:
        stems = sorted(reference.stems)
        metrics = [*ratio_metrics(_ratios_where(where, "not matched"), stems).values(), _si_sdr(where, "", stems)]
        failed = {metric.name: Score(metric, {}, str(error)) for metric in metrics}
        return [*(failed[name] for name in RATIOS), *_three(failed["si_sdr"], failed["si_sdr"])]
    answers: dict[str, Sound] = {
        name: SummedSound([found[part] for part in parts]) for name, parts in matched.pairs.items()
    }
    distortion = _si_sdrs(true, answers, mixture, rate_hz, _si_sdr(where, matched.how, list(true)))
    return [*_ratios(true, answers, rate_hz, _ratios_where(where, matched.how)), *distortion]


def _ratios_where(where: str, how: str) -> str:
    return f"BSS Eval of 512 taps, {where}, {how}, pieces of {PIECE_S} s, at most {_MOST_PIECES}"


def _si_sdr(where: str, how: str, stems: list[str]) -> Metric:
    protocol = f"{where}, {how}, whole recording, mean kept, within {MOST_DB:g} dB"
    return over_stems("si_sdr", protocol, stems, SCORER_VERSION)


def _three(before: Score, after: Score) -> list[Score]:
    return [after, named(before, f"{before.metric.name}_before"), gain(before, after)]


def _check_lengths(mixture: Sound, true: Mapping[str, Sound], found: Mapping[str, Sound]) -> None:
    """Raises NotComputable where samples can't be compared one with one."""
    for kind, sounds in (("reference", true), ("model", found)):
        for name, sound in sounds.items():
            if abs(sound.duration_s - mixture.duration_s) > _MOST_APART_S:
                raise NotComputable(
                    f"the {kind}'s stem {name} is {sound.duration_s:.2f} s long and the recording "
                    f"{mixture.duration_s:.2f} s"
                )


def _read(sounds: Sequence[Sound], piece: Segment, rate_hz: int) -> Sources:
    """Shape `(sounds, samples)`, of the samples that all have."""
    waves = [sound.waveform(rate_hz, piece.start_s, piece.end_s).samples for sound in sounds]
    length = min(map(len, waves))
    return np.stack([wave[:length] for wave in waves]).astype(np.float64)


def _sums(pairs: Iterable[tuple[str, Sound, str, Sound]], rate_hz: int) -> dict[tuple[str, str], SiSdr]:
    """True stem and another -> SI-SDR of all of it, read piece by piece."""
    listed = list(pairs)
    sums = {(name, other): SiSdr() for name, _, other, _ in listed}
    for piece in pieces(min(sound.duration_s for _, one, _, two in listed for sound in (one, two))):
        for name, true, other, found in listed:
            of_true, of_found = _read([true, found], piece, rate_hz)
            sums[name, other].add(of_true, of_found)
    return sums


def _best(true: Mapping[str, Sound], found: Mapping[str, Sound], rate_hz: int) -> Match:
    if len(true) != len(found):
        raise NotComputable(
            f"the reference has the stems {', '.join(true)} and the model gives {', '.join(found)}: none has the name "
            "of another, and they are not as many"
        )
    pairs = [(name, one, other, two) for name, one in true.items() for other, two in found.items()]
    similar = {key: -MOST_DB if one.error else one.value_db for key, one in _sums(pairs, rate_hz).items()}
    return best_match(list(true), list(found), similar)


def _si_sdrs(
    true: Mapping[str, Sound], answers: Mapping[str, Sound], mixture: Sound, rate_hz: int, metric: Metric
) -> list[Score]:
    """SI-SDR of the stems, of the mixture held against the same, and the difference."""
    names = list(true)
    pairs = [
        (name, true[name], kind, sound) for name in names for kind, sound in (("", mixture), (name, answers[name]))
    ]
    sums = _sums(pairs, rate_hz)
    judged = [name for name in names if sums[name, name].clean]

    def score(of: Mapping[str, SiSdr]) -> Score:
        if errors := [f"{name}: {one.error}" for name, one in of.items() if one.error]:
            return Score(metric, {}, "; ".join(errors))
        return over_stems_score(metric, names, {name: one.value_db for name, one in of.items()})

    before, after = {name: sums[name, ""] for name in judged}, {name: sums[name, name] for name in judged}
    if any(one.error for one in before.values()):
        return _three(Score(metric, {}, "the recording is silent"), score(after))
    return _three(score(before), score(after))


def _ratios(true: Mapping[str, Sound], answers: Mapping[str, Sound], rate_hz: int, protocol: str) -> list[Score]:
    """SDR, SIR and SAR: of each stem the mean over the pieces in which it sounds."""
    names = list(true)
    metrics = ratio_metrics(protocol, names)
    every = pieces(min(sound.duration_s for sound in (*true.values(), *answers.values())))
    looked_at = [every[number] for number in spread(len(every), _MOST_PIECES)]
    powers = np.array([[power(row) for row in _read(list(true.values()), piece, rate_hz)] for piece in looked_at])
    sounding = powers > _SILENT * powers.max(axis=0)
    figures: dict[str, defaultdict[str, list[float]]] = {name: defaultdict(list) for name in RATIOS}
    for piece, sounds in zip(looked_at, sounding, strict=True):
        here = [name for name, one in zip(names, sounds, strict=True) if one]
        if not here:
            continue
        both = _read([*(true[name] for name in here), *(answers[name] for name in here)], piece, rate_hz)
        try:
            if not np.isfinite(both).all():
                raise NotComputable("it holds samples that are no numbers")
            judged = bss_eval(both[: len(here)], both[len(here) :])
        except NotComputable as error:
            return [Score(metric, {}, f"at {piece.start_s:g} s: {error}") for metric in metrics.values()]
        for ratio, values in judged.items():
            for name, value in zip(here, values, strict=True):
                figures[ratio][name].append(value)
    return [_mean(metrics[ratio], names, figures[ratio], sounding) for ratio in RATIOS]


def _mean(metric: Metric, names: list[str], figures: Mapping[str, list[float]], sounding: Sources) -> Score:
    if not figures and metric.name == "sir" and sounding.any():
        return Score(metric, {}, "no two stems sound at once: there is no interference to measure")
    counts = {"pieces": float(sounding.any(axis=1).sum()), "left_out": float((~sounding.any(axis=1)).sum())}
    return over_stems_score(metric, names, {name: float(np.mean(values)) for name, values in figures.items()}, counts)
