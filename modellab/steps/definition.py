"""What a pipeline step is."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from modellab.artifacts.store import Artifact
from modellab.inputs.registered import InputKind, RegisteredInput, check_copy, require_kind
from modellab.inputs.texts import read_input_text
from modellab.registry.loaded import ExecutionFacts, LoadedModel
from modellab.registry.threads import torch_threads
from modellab.settings import Lab, Settings
from modellab.steps.timed import Stopwatch, TimedModel
from modellab.surfaces.contracts import Progress

Row = Mapping[str, Any]
NO_STEP = "The pipeline has no step for it."
"""Why an optional role is absent when nothing failed (`StepContext.absent`)."""


class StepParameters(BaseModel):
    """Base of a step's parameters: unknown names are refused, values are validated, descriptions are the help."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Kind(StrEnum):
    """What a step can give, and others read. A step that gives a kind which there is already is wired with a line."""

    RECORDING = "recording"
    """The whole recording as canonical audio, whatever is made of it later."""
    AUDIO = "audio"
    """Canonical audio for models to hear."""
    STEMS = "stems"
    """A mixture taken apart: a file for each stem."""
    ENHANCED = "enhanced"
    """Canonical audio with less noise."""
    SPOKEN = "spoken"
    """What a voice made of a text: canonical audio, and `SpokenText`."""
    SPEECH = "speech"
    """Where there is speech: `SpeechSegments`."""
    TURNS = "turns"
    """Who speaks when: `Diarization`."""
    RECOGNITION = "recognition"
    """The words as a model heard them, whatever is made of them later: `Transcript`."""
    TRANSCRIPT = "transcript"
    """The words, as well as they are known: `Transcript`."""
    FLAGS = "flags"
    """Words of the transcript that were probably never said: `Hallucinations`."""
    LABELS = "labels"
    """What is heard: `Classification`."""
    VECTORS = "vectors"
    """What voices or sounds are like: `SoundVectors`."""
    KNOWN_VOICES = "known_voices"
    """Which speakers are people whose voices are known: `KnownVoices`."""
    NOTES = "notes"
    """What is played: `Notes`."""
    TURN_ENDS = "turn_ends"
    """At each pause, whether a turn was over: `TurnEnds`."""
    REPLY = "reply"
    """What a model answers to the recording: `SpokenReply`, and its sound, which is no `AUDIO`: its times are not the
    recording's."""
    TRANSLATION = "translation"
    """What was said, in another language: `Translation`."""
    CHAPTERS = "chapters"
    SUMMARY = "summary"
    ACTION_ITEMS = "action_items"
    PACK = "pack"
    """A Meeting Pack."""


@dataclass(frozen=True, slots=True)
class Read:
    """One thing a step reads: the result of the latest step before it in the pipeline that gives a kind."""

    role: str
    kind: Kind
    required: bool = True
    fall_back: bool = False
    """Whether the next earlier step that gives the kind and has a result stands in for one that has none. For results
    of which the earlier is a plainer form of the later: words without speakers will do, a recording that was to be
    enhanced will not."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Where an outside read finds its value."""

    lab: Lab
    input: RegisteredInput
    parameters: StepParameters
    reads: Mapping[str, str | None]
    """What the step reads from other steps, as in `StepIdentity.reads`."""


@dataclass(frozen=True, slots=True)
class OutsideRead:
    """One thing that a step reads from outside the pipeline: its input, names that people gave, a voice, a prompt."""

    role: str
    """Its name in `StepIdentity.reads` and `StepContext.outside`: none of the step's `Read`s has it."""
    what: str
    """Where it comes from, for people: `the recording`."""
    value: Callable[[Outside], str | None]
    """What the result depends on, in text: the thing itself where it is short, else its SHA-256. None where it decides
    nothing this time; then it is no part of the result's identity, and the step does not get it."""
    required: bool = False
    """Whether there is nothing for the step to do without a value."""


@dataclass(frozen=True, slots=True)
class Helper:
    """A model that a step uses for a part of its work, beside the one of its slot: an embedder, a language model."""

    surface: str
    """What the step asks of it."""
    model: str
    """`id` or `id:variant`."""
    parameter: str
    """The step's parameter that names it. The model's identity stands for it in the result's."""
    folder: Path | None = None
    """Where its weights lie, if the parameter names that."""


@dataclass(slots=True)
class Timings:
    """Where a step's time went, in seconds; `other_s` is the rest of the wall time."""

    load_s: float = 0.0
    ahead_s: float = 0.0
    """How much of `load_s` was over before the step began: its model was loaded ahead."""
    inference_s: float = 0.0
    first_inference: bool | None = None
    """Whether the inference was the first since its model was loaded, which is slower: kernels are chosen, memory is
    taken, code is compiled. None when there was none, or it is not known."""


@dataclass
class StepContext:
    """What a running step is given. The model is loaded when it is first used, so a step without one loads nothing."""

    input: RegisteredInput
    system: str
    """Key of the system that runs."""
    parameters: StepParameters
    reads: Mapping[str, Artifact]
    """Role -> artifact; optional roles that are absent are missing here."""
    absent: Mapping[str, str]
    """Optional role -> why it is absent. Of a role that fell back: why the better result is."""
    output: Path
    """An empty folder; what the step writes here becomes the artifact."""
    progress: Progress
    timings: Timings
    outside: Mapping[str, str] = field(default_factory=dict)
    """Role -> value of the outside read, of those that decide something."""
    references: Path = Path()
    """Where the lab keeps references, by content: which of them count, an outside read says."""
    voices: Path = Path()
    """Where the lab keeps the voices that the user made known: which of them count, an outside read says."""
    stored: Callable[[str, str], Artifact | None] = lambda step, fingerprint: None
    """A result of another recording, which an outside read names: by its step and fingerprint."""
    longest_s: float | None = None
    """Length beyond which a recording is refused; None for no limit."""
    audio_s: float = 0.0
    """Length of the sound that is worked on; a step that makes sound of something else says it."""
    acquire: Callable[[], LoadedModel] | None = None
    facts: ExecutionFacts | None = None
    """How the model ran; None until it is loaded."""
    helpers: Mapping[str, Callable[[], LoadedModel]] = field(default_factory=dict)
    """Role -> loads that helper model (`StepDefinition.helpers`)."""

    _loaded: LoadedModel | None = None
    _helping: dict[str, LoadedModel] = field(default_factory=dict)

    def recording(self) -> Path:
        """The registered media, found to be what was registered: compared once for each process and copy.

        Raises:
            InputDamaged: the lab's copy is missing or differs.
            InputRefused: the input is none: a text, say.
        """
        require_kind(self.input, "media")
        check_copy(self.input, seen_is_enough=True)
        return self.input.path

    def text(self) -> str:
        """The registered text, found to be what was registered.

        Raises:
            InputDamaged: the lab's copy is missing or differs.
            InputRefused: the input is none: a recording, say.
        """
        require_kind(self.input, "text")
        check_copy(self.input, seen_is_enough=True)
        return read_input_text(self.input.path, self.input.name)

    def load(self) -> LoadedModel:
        """The step's model, loaded now if it was not; the time that takes counts as `load_s`.

        Call it before `model` when what the model is given depends on it (its sample rate, say).
        """
        if self._loaded is None:
            if self.acquire is None:
                raise RuntimeError("this step has no model slot")
            self._loaded = self._acquired(self.acquire)
            self.facts = self._loaded.facts
        return self._loaded

    @contextmanager
    def model(self) -> Iterator[Any]:
        """The loaded model, for inference: the time inside its calls counts as `inference_s`, that between them not.

        Torch's global thread count is the model's own inside the block and what it was before after it.
        """
        with self._running(self.load()) as model:
            yield model

    @contextmanager
    def helper(self, role: str) -> Iterator[Any]:
        """A helper model, loaded when it is first asked for; its times count like those of `model`."""
        with self._running(self._helping_with(role)) as model:
            yield model

    def helper_rate_hz(self, role: str) -> int:
        """Rate of the audio that a helper model takes, loaded now if it was not."""
        return self._helping_with(role).sample_rate_hz

    @property
    def helper_facts(self) -> dict[str, ExecutionFacts]:
        """Role -> how that helper model ran, of those that were loaded."""
        return {role: loaded.facts for role, loaded in self._helping.items()}

    def _helping_with(self, role: str) -> LoadedModel:
        if role not in self._helping:
            self._helping[role] = self._acquired(self.helpers[role])
        return self._helping[role]

    def _acquired(self, acquire: Callable[[], LoadedModel]) -> LoadedModel:
        loaded = acquire()
        self.timings.load_s += loaded.load_s
        self.timings.ahead_s += loaded.ahead_s
        return loaded

    @contextmanager
    def _running(self, loaded: LoadedModel) -> Iterator[Any]:
        if self.timings.first_inference is None:
            self.timings.first_inference = loaded.begin_inference()
        with torch_threads(loaded.facts.threads):
            yield TimedModel(loaded.model, self.inference)

    @cached_property
    def inference(self) -> Stopwatch:
        """The time inside `with context.inference:` counts as `inference_s`: work of no model of the lab's."""
        return Stopwatch(self._add_inference)

    def _add_inference(self, seconds: float) -> None:
        self.timings.inference_s += seconds


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """A step: pure data and two functions. `run` writes files into `context.output` and returns the summary."""

    name: str
    description: str
    code_version: str
    """Raise it whenever the same identity would give another result."""
    reads: tuple[Read, ...]
    parameters: type[StepParameters]
    run: Callable[[StepContext], Mapping[str, Any]]
    packages: tuple[str, ...] = ()
    """Distributions whose version decides its result, beside those of its models."""
    gives: tuple[Kind, ...] = ()
    """What it gives, to those after it that read it."""
    judges: tuple[str, ...] = ()
    """Of a scorer that reads more than it judges: roles of which a system must give one. Empty: any role."""
    outside: tuple[OutsideRead, ...] = ()
    """What it reads from outside the pipeline."""
    takes: InputKind | None = None
    """What it needs the input to be, where that matters to it: a recording, or a text."""
    measured_by: tuple[str, ...] = ()
    """Steps after it without which a model of it can't be measured: a model's own system has them."""
    attached: bool = False
    """Whether every pipeline has it that gives what it requires, without naming it. Such a step has no model."""
    surface: str | None = None
    """What its results are evidence of; None for a step without a model."""
    asks: str | None = None
    """The surface its model must offer, where that is another than `surface`."""
    model_required: bool = True
    """Whether a pipeline must name a model for it, where it has a surface."""
    helpers: Callable[[Any], Mapping[str, Helper]] = field(default=lambda parameters: {})
    """Role -> the helper model that it uses with these parameters. It is loaded when the step first asks for it."""
    tables: Callable[[Artifact], Mapping[str, Iterable[Row]]] = field(default=lambda artifact: {})
    """Warehouse rows that follow from an artifact alone: table -> rows. Used when it is made and by a rebuild."""
    lab_defaults: Callable[[Mapping[str, object], Sequence[str], Settings], Mapping[str, object]] = field(
        default=lambda given, languages, settings: {}
    )
    """Parameters that a lab's settings give where a system does not: of those given, the languages of the step's model
    and the settings. They belong to the result's identity like any other."""

    @property
    def model_surface(self) -> str | None:
        """The surface its model must offer; None for a step without a model."""
        return self.asks or self.surface
