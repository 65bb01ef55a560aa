"""The asset `channels`: who speaks when, where each channel is one speaker's."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets import diarization
from assets._checks import Check, Verdict
from assets._page import duration, table
from assets._step import step_asset
from modellab.steps.channels import STEP, ChannelSpeakers
from modellab.units import plural
from resources.engine import StepResult


def page(result: StepResult) -> Mapping[str, Any]:
    """What the diarization's page shows, and how much leaked into each channel."""
    rows: list[list[object]] = [
        [known.channel + 1, known.speaker, duration(known.speech_s), duration(known.leaked_s)]
        for known in result.artifact.read(ChannelSpeakers).channels
    ]
    return {
        **diarization.page(result),
        "channels": dg.MetadataValue.md(table(["channel", "speaker", "talks", "leaked in"], rows)),
    }


def _all_channels_speak(result: StepResult) -> Verdict:
    known = result.artifact.read(ChannelSpeakers).channels
    silent = [speaker.speaker for speaker in known if not speaker.speech_s]
    return Verdict(not silent, f"{plural(len(known), 'channel')}; without speech: {', '.join(silent) or 'none'}")


CHANNELS = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "turns_inside",
            "Every turn has a length and lies inside the recording.",
            diarization.turns_inside,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("all_channels_speak", "There is speech in every channel.", _all_channels_speak),
    ],
)
