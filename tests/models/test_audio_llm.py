"""Language models that hear: what each adapter gives against what transformers gives when called as the model's card
does, with tiny random checkpoints in the real formats."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from modellab.errors import StepFailed, UnknownName, UsageError, WeightsCorrupt, WeightsMissing
from modellab.media.audio import Samples, Waveform
from modellab.registry.config import ModelRef
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.surfaces.results import Segment, Transcript, Turn, Word
from models._audio_llm import writing
from models._audio_llm.keywords import WithKeywords
from models.granite_speech.timed_words import timed_words
from models.vibevoice_asr.told import Told, told

pytestmark = pytest.mark.random_weights

REGISTRY = ModelRegistry()
GRANITE_4 = "<|audio|>transcribe the speech with proper punctuation and capitalization."
GRANITE_3 = "<|audio|>can you transcribe the German speech into a written format?"
PLUS = (
    "<|audio|> Timestamps: Transcribe the speech. After each word, add a timestamp tag showing the end time in "
    "centiseconds, e.g. hello [T:45] world [T:82]"
)
SYSTEM = (
    "Knowledge Cutoff Date: April 2024.\nToday's Date: December 19, 2024.\n"
    "You are Granite, developed by IBM. You are a helpful AI assistant"
)


def _request(**asked: Any) -> Callable[[Any, Samples], Any]:
    return lambda processor, sound: processor.apply_transcription_request(sound, **asked)


def _chat(instruction: str, system: str | None = None) -> Callable[[Any, Samples], Any]:
    def inputs(processor: Any, sound: Samples) -> Any:
        chat = [{"role": "system", "content": system}] if system else []
        chat.append({"role": "user", "content": instruction})
        text = processor.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        return processor(text, sound, return_tensors="pt")

    return inputs


def _decoded(processor: Any, tokens: Any) -> str:
    return str(processor.batch_decode(tokens, skip_special_tokens=True)[0])


def _qwen_text(processor: Any, tokens: Any) -> str:
    return str(processor.decode(tokens, return_format="transcription_only")[0])


@dataclass(frozen=True)
class Card:
    """How a model's makers call it."""

    name: str
    asked: dict[str, Any]
    inputs: Callable[[Any, Samples], Any]
    read: Callable[[Any, Any], str] = _decoded
    settings: tuple[tuple[str, Any], ...] = ()
    tokens_per_s: float = writing.TOKENS_PER_S


_VOXTRAL = {"model_id": "mistralai/Voxtral-Mini-3B-2507", "sampling_rate": 16_000, "format": "WAV"}
CARDS = [
    Card("glm_asr_nano_2512", {}, _request()),
    Card("voxtral", {}, _request(**_VOXTRAL)),
    Card("voxtral", {"language": "fr"}, _request(**_VOXTRAL, language="fr")),
    Card("qwen3_asr", {}, _request(), _qwen_text),
    Card("qwen3_asr", {"language": "de", "hotwords": "Zoe"}, _request(language="German", prompt="Zoe"), _qwen_text),
    Card("fun_asr_nano", {}, _request()),
    Card(
        "fun_asr_nano",
        {"language": "en", "hotwords": "Zoe, Acme Ltd"},
        _request(language="English", keywords=["Zoe", "Acme Ltd"]),
    ),
    Card("granite_speech:4.1-2b", {}, _chat(GRANITE_4)),
    Card(
        "granite_speech:4.0-1b",
        {"hotwords": "Zoe,Acme"},
        _chat("<|audio|>transcribe the speech to text. Keywords: Zoe, Acme"),
    ),
    Card("granite_speech:3.3-2b", {"language": "de"}, _chat(GRANITE_3, f"{SYSTEM}.")),
    Card("granite_speech:4.1-2b-plus", {}, _chat(PLUS, SYSTEM), tokens_per_s=45.0),
    Card(
        "vibevoice_asr", {"hotwords": "Zoe"}, _request(prompt="Zoe"), settings=(("sample", False),), tokens_per_s=10.0
    ),
]


@dataclass
class Loaded:
    """An adapter with its checkpoint, and the same checkpoint as transformers has it."""

    adapter: Any
    folder: Path
    processor: Any
    model: Any
    rate_hz: int


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def loaded(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Loaded]]:
    lab = Lab(Settings(_env_file=None, home=tmp_path_factory.mktemp("home"), weights=weights, offline=True))
    known: dict[ModelRef, Loaded] = {}
    with Models(lab, REGISTRY) as models:

        def load(name: str) -> Loaded:
            config, ref = REGISTRY.resolve(name)
            if ref not in known:
                folder = checkpoint(weights, ref)
                adapter = models.acquire(ref).model
                import torch
                from transformers import AutoModelForMultimodalLM, AutoProcessor

                dtype = getattr(torch, config.compute_types["cpu"])
                known[ref] = Loaded(
                    adapter,
                    folder,
                    AutoProcessor.from_pretrained(str(folder)),
                    AutoModelForMultimodalLM.from_pretrained(str(folder), dtype=dtype).eval(),
                    config.sample_rate_hz or 0,
                )
            return known[ref]

        yield load


def checkpoint(weights: Path, ref: ModelRef) -> Path:
    """A random one of a model, in its place."""
    folder = weights / ref.id / ref.variant
    folder.mkdir(parents=True)
    importlib.import_module(f"models.{ref.id}.random_weights").write(folder, ref.variant)
    return folder


def noise(seconds: float, rate_hz: int, seed: int = 0) -> Samples:
    """Noise, or of another seed a tone in noise."""
    samples = np.random.default_rng(seed).normal(0, 0.1, int(seconds * rate_hz))
    tone = np.sin(2 * np.pi * 150 * seed**2 * np.arange(len(samples)) / rate_hz)
    return (samples + (0.3 * tone if seed else 0.0)).astype(np.float32)


def by_card(card: Card, found: Loaded, sound: Samples, limit: int) -> str:
    """The text as the makers would have it."""
    import torch

    inputs = card.inputs(found.processor, sound).to(dtype=found.model.dtype)
    with torch.inference_mode():
        output = found.model.generate(**inputs, max_new_tokens=limit, do_sample=False, **dict(card.settings))
    return card.read(found.processor, output[:, inputs["input_ids"].shape[1] :])


def heard(found: Loaded, sound: Samples, asked: dict[str, Any] | None = None, **more: Any) -> Transcript:
    audio = Waveform(sound, found.rate_hz)
    speech = [Segment(0.0, audio.duration_s)]
    transcript: Transcript = found.adapter.transcribe(audio, speech, {**(asked or {}), **more}, lambda fraction: None)
    return transcript


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.name}-{'-'.join(card.asked)}")
def test_it_writes_what_its_card_gives(loaded: Callable[[str], Loaded], card: Card) -> None:
    found = loaded(card.name)
    texts = []
    for seed in range(3):
        sound = noise(0.6 + 0.4 * seed, found.rate_hz, seed)
        expected = by_card(card, found, sound, writing.token_limit(len(sound) / found.rate_hz, card.tokens_per_s))
        assert words(heard(found, sound, card.asked).text) == words(expected)
        texts.append(expected)
    assert len(set(texts)) > 1, "what it writes must depend on what it hears, or this shows nothing"


@pytest.mark.parametrize("name", ["glm_asr_nano_2512", "voxtral"])
def test_a_batch_gives_what_its_pieces_give(loaded: Callable[[str], Loaded], name: str) -> None:
    found = loaded(name)
    adapter = found.adapter
    sounds = [noise(seconds, found.rate_hz, seed) for seed, seconds in enumerate((0.9, 0.6, 0.8))]
    asked = adapter.ASKED()

    def hear(batch: list[Samples]) -> list[Any]:
        return list(adapter._hear(asked, None, batch, lambda fraction: None))

    alone = [hear([sound])[0] for sound in sounds]
    together = hear(sounds)
    assert [each.text for each in together] == [each.text for each in alone]
    assert [each.average_log_probability for each in together] == pytest.approx(
        [each.average_log_probability for each in alone], abs=1e-4
    )


def test_long_speech_is_heard_in_pieces(loaded: Callable[[str], Loaded]) -> None:
    found = loaded("fun_asr_nano")
    sound = noise(40.0, found.rate_hz)
    quiet_s = 24.0
    sound[int(quiet_s * found.rate_hz) : int((quiet_s + 0.1) * found.rate_hz)] = 0.0
    cut = int((quiet_s + 0.05) * found.rate_hz)
    card = CARDS[5]
    expected = [
        by_card(card, found, part, writing.token_limit(len(part) / found.rate_hz))
        for part in (sound[:cut], sound[cut:])
    ]
    transcript = heard(found, sound)
    assert words(transcript.text) == words(" ".join(expected))
    ends = [cut / found.rate_hz if expected[0].split() else 0.0]
    assert all(not utterance.start_s < ends[0] < utterance.end_s for utterance in transcript.utterances)


def test_words_without_times_are_marked(loaded: Callable[[str], Loaded]) -> None:
    found = loaded("glm_asr_nano_2512")
    transcript = heard(found, noise(0.7, found.rate_hz))
    assert transcript.words and all(word.estimated for word in transcript.words)


def test_what_it_writes_without_an_end_is_stopped_and_told(
    loaded: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = loaded("granite_speech:4.1-2b")
    monkeypatch.setattr(found.adapter.model.generation_config, "eos_token_id", None)
    sound = noise(2.0, found.rate_hz)
    told: list[float] = []
    audio, speech = Waveform(sound, found.rate_hz), [Segment(0.0, 2.0)]
    monkeypatch.setattr(writing, "LEAST_TOKENS", 0)
    transcript = found.adapter.transcribe(audio, speech, {}, told.append)
    assert transcript.cut_short == [Segment(0.0, 2.0)]
    assert len(told) == 30 + 1 and told == sorted(told) and told[-2:] == [1.0, 1.0], "15 tokens a second, then the end"
    assert heard(loaded("granite_speech:4.0-1b"), sound).cut_short == []


def test_it_can_be_stopped_while_it_writes(loaded: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded("granite_speech:4.1-2b")
    before = heard(found, noise(0.7, found.rate_hz))
    told: list[float] = []

    def stop(fraction: float) -> None:
        told.append(fraction)
        if len(told) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(found.adapter.model.generation_config, "eos_token_id", None)
        audio = Waveform(noise(0.7, found.rate_hz), found.rate_hz)
        with pytest.raises(KeyboardInterrupt):
            found.adapter.transcribe(audio, [Segment(0.0, 0.7)], {}, stop)
    assert len(told) == 4, "it went no further"
    assert heard(found, noise(0.7, found.rate_hz)) == before


def test_how_likely_it_finds_its_words(loaded: Callable[[str], Loaded]) -> None:
    import torch

    found = loaded("fun_asr_nano")
    inputs = found.processor.apply_transcription_request(noise(0.7, found.rate_hz, 1))
    [written] = writing.write(found.model, inputs, 20, lambda fraction: None)
    with torch.inference_mode():
        output = found.model.generate(
            **inputs, max_new_tokens=20, do_sample=False, output_scores=True, return_dict_in_generate=True
        )
        tokens = output.sequences[0, inputs["input_ids"].shape[1] :]
        scores = found.model.compute_transition_scores(output.sequences, output.scores, normalize_logits=True)[0]
    assert written.average_log_probability == pytest.approx(float(scores.mean()), abs=1e-5)
    assert written.tokens == tuple(tokens[: -1 if written.finished else None].tolist())


@pytest.mark.parametrize("duration_s", [0.0, 0.1, 30.0, 3600.0])
def test_the_limit_grows_with_the_audio(duration_s: float) -> None:
    assert writing.token_limit(duration_s) == 40 + int(np.ceil(15 * duration_s))


# --- what can be asked -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [
        ("glm_asr_nano_2512", {"hotwords": "Zoe"}, "glm_asr_nano_2512:base can't be asked for that: hotwords"),
        ("qwen3_asr", {"batch_size": 2}, "qwen3_asr:1.7b hears one piece at a time: in a batch"),
        ("voxtral", {"beam_size": 5}, "voxtral:mini-3b-2507 can't be asked for that: beam_size"),
        ("granite_speech:3.3-2b", {"hotwords": "Zoe"}, "granite_speech:3.3-2b takes no keywords; found hotwords=Zoe"),
        ("granite_speech:4.1-2b-plus", {"hotwords": "Zoe"}, "granite_speech:4.1-2b-plus takes no keywords"),
        ("qwen3_asr", {"initial_prompt": "x"}, "qwen3_asr:1.7b can't be asked for that: initial_prompt"),
        ("vibevoice_asr", {"retry": True}, "vibevoice_asr:7b can't be asked for that: retry"),
    ],
)
def test_what_it_can_not_do_is_refused(
    loaded: Callable[[str], Loaded], name: str, asked: dict[str, Any], said: str
) -> None:
    found = loaded(name)
    with pytest.raises(UsageError) as caught:
        heard(found, noise(0.2, found.rate_hz), asked)
    assert said in str(caught.value)


@pytest.mark.parametrize(("name", "language"), [("voxtral", "ja"), ("fun_asr_nano", "de"), ("granite_speech", "it")])
def test_a_language_that_it_does_not_know_is_refused(loaded: Callable[[str], Loaded], name: str, language: str) -> None:
    found = loaded(name)
    with pytest.raises(UnknownName, match=language):
        heard(found, noise(0.2, found.rate_hz), {"language": language})


def test_keywords_are_parted_by_commas() -> None:
    assert WithKeywords(hotwords=" Zoe, Acme  Ltd ,,Zoe").keywords == ["Zoe", "Acme Ltd"]
    assert WithKeywords().keywords == []


# --- checkpoints that are not what they should be ----------------------------------------------------------------


@pytest.fixture
def broken(tmp_path: Path) -> Callable[[Callable[[Path], None]], str]:
    """What is said of a Fun-ASR-Nano whose folder something was done to."""

    def said(do: Callable[[Path], None]) -> str:
        _, ref = REGISTRY.resolve("fun_asr_nano")
        folder = checkpoint(tmp_path / "weights", ref)
        do(folder)
        lab = Lab(Settings(_env_file=None, home=tmp_path / "home", weights=tmp_path / "weights", offline=True))
        with Models(lab, REGISTRY) as models, pytest.raises((WeightsCorrupt, WeightsMissing)) as caught:
            models.acquire(ref)
        return str(caught.value).replace(str(folder), "FOLDER")

    return said


AGAIN = "Fetch the model again, or look whether the folder is of another model."


def test_a_checkpoint_without_some_weights_is_refused(broken: Callable[[Callable[[Path], None]], str]) -> None:
    def without_some(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        for name in [name for name in tensors if "language_model.layers.1.self_attn.q_proj" in name]:
            del tensors[name]
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    assert broken(without_some) == (
        "FOLDER holds only a part of what FunAsrNanoForConditionalGeneration reads; found no weights named "
        f"model.language_model.layers.1.self_attn.q_proj.weight. {AGAIN}"
    )


def test_a_checkpoint_of_another_model_is_refused(broken: Callable[[Callable[[Path], None]], str]) -> None:
    def another(folder: Path) -> None:
        glm = importlib.import_module("models.glm_asr_nano_2512.random_weights")
        for path in folder.iterdir():
            path.unlink()
        glm.write(folder, "base")

    said = broken(another)
    assert said.startswith("FOLDER ") and said.endswith(AGAIN)


def test_a_file_that_is_no_checkpoint_is_refused(broken: Callable[[Callable[[Path], None]], str]) -> None:
    def damaged(folder: Path) -> None:
        whole = (folder / "model.safetensors").read_bytes()
        (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])

    said = broken(damaged)
    assert said.startswith("FOLDER does not hold what FunAsrNanoForConditionalGeneration reads; found ")
    assert said.endswith(AGAIN)


def test_a_missing_file_is_named_before_anything_is_loaded(broken: Callable[[Callable[[Path], None]], str]) -> None:
    assert "FOLDER has no tokenizer.json" in broken(lambda folder: (folder / "tokenizer.json").unlink())


def test_weights_that_lack_beside_a_lora_are_missed_too(tmp_path: Path) -> None:
    _, ref = REGISTRY.resolve("granite_speech:3.3-2b")
    folder = checkpoint(tmp_path / "weights", ref)
    tensors = load_file(folder / "model.safetensors")
    [gone] = [name for name in tensors if "layers.0.self_attn.q_proj" in name]
    del tensors[gone]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    lab = Lab(Settings(_env_file=None, home=tmp_path / "home", weights=tmp_path / "weights", offline=True))
    with Models(lab, REGISTRY) as models, pytest.raises(WeightsCorrupt, match="found no weights named") as caught:
        models.acquire(ref)
    assert "model.language_model.layers.0.self_attn.q_proj.weight" in str(caught.value)


def test_a_lora_takes_effect(loaded: Callable[[str], Loaded], tmp_path: Path) -> None:
    found = loaded("granite_speech:3.3-2b")
    import torch
    from transformers import GraniteSpeechForConditionalGeneration

    for path in found.folder.iterdir():
        if not path.name.startswith("adapter_"):
            (tmp_path / path.name).symlink_to(path)
    without = GraniteSpeechForConditionalGeneration.from_pretrained(str(tmp_path)).eval()
    inputs = _chat(GRANITE_3)(found.processor, noise(0.7, found.rate_hz))
    with torch.inference_mode():
        [one, other] = [each(**inputs).logits for each in (found.adapter.model, without)]
    assert not torch.allclose(one, other, atol=0.1)


# --- Granite's times -------------------------------------------------------------------------------------------------


def test_tags_say_when_words_end() -> None:
    found = timed_words("_ [T:50] hello [T:92] world [T:131] _ [T:400] good bye [T:460]", 5.0)
    assert found.text == "hello world good bye"
    assert found.words == [
        Word("hello", 0.5, 0.92),
        Word("world", 0.92, 1.31),
        Word("good", 4.0, pytest.approx(4.0 + 0.6 * 4 / 7), estimated=True),
        Word("bye", pytest.approx(4.0 + 0.6 * 4 / 7), pytest.approx(4.6), estimated=True),
    ]


def test_times_go_on_after_three_digits() -> None:
    for tags in ((900, 80, 850), (900, 1080, 1850)):
        found = timed_words(" ".join(f"{word} [T:{tag}]" for word, tag in zip("abc", tags, strict=True)), 20.0)
        assert [word.end_s for word in found.words or ()] == [9.0, 10.8, 18.5]


def test_times_that_can_not_be_are_not_believed() -> None:
    found = timed_words("one [T:100] two [T:90] three [T:150] four", 2.0)
    assert found.words is not None
    assert [(word.text, word.start_s, word.end_s) for word in found.words] == [
        ("one", 0.0, 1.0),
        ("two", 1.0, 1.0),
        ("three", 1.0, 1.5),
        ("four", 1.5, 2.0),
    ]


@pytest.mark.parametrize("text", ["hello world", " hello  world [T:", "hello [T: x] world"])
def test_text_without_times_is_text(text: str) -> None:
    found = timed_words(text, 2.0)
    assert (found.text, found.words) == ("hello world", None)


# --- VibeVoice's speakers --------------------------------------------------------------------------------------------


def test_what_vibevoice_tells_is_brought_into_order() -> None:
    said = [
        {"Start": 3.0, "End": 9.0, "Speaker": 1, "Content": "Fine. [Silence]"},
        {"Start": 0, "End": 3.0, "Speaker": 0, "Content": "How are you?"},
        {"Start": 3.5, "End": 4.0, "Content": "[Music]"},
        {"Start": 4.0, "End": "?", "Content": "well"},
        {"Start": 9.0, "End": 12.0, "Speaker": 0, "Content": "never"},
    ]
    assert told(said, 8.0) == [
        Told(0.0, 3.0, "How are you?", "0"),
        Told(3.0, 8.0, "Fine.", "1"),
        Told(4.0, 8.0, "well", None),
    ]
    assert told(" no JSON ", 8.0) == [Told(0.0, 8.0, "no JSON", None)]
    assert told("", 8.0) == []


TALK = (
    '[{"Start":0.5,"End":1.5,"Speaker":4,"Content":"How are you?"},'
    '{"Start":1.5,"End":2.0,"Speaker":2,"Content":"Fine, thanks."},{"Start":2.0,"End":2.4,"Content":"[Silence]"},'
    '{"Start":2.4,"End":3.0,"Speaker":4,"Content":"Good."}]'
)


@pytest.fixture
def vibevoice(loaded: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """One that writes the tokens of a conversation; its tokenizer, its processor and all after them are its own."""
    found = loaded("vibevoice_asr")
    tokens = tuple(found.processor.tokenizer(TALK)["input_ids"])

    def write(*_: Any, **__: Any) -> list[writing.Written]:
        return [writing.Written(tokens, -0.1, True)]

    monkeypatch.setattr("models.vibevoice_asr.adapter.write", write)
    return found


def test_vibevoice_says_who_said_what(vibevoice: Loaded) -> None:
    audio = Waveform(noise(6.0, vibevoice.rate_hz), vibevoice.rate_hz)
    # Half a second of speech, then two seconds of silence that it does not get, then the rest.
    speech = [Segment(1.0, 2.0), Segment(4.0, 6.0)]
    transcript = vibevoice.adapter.transcribe(audio, speech, {"speech_pad_ms": 0}, lambda fraction: None)
    assert [(u.text, u.speaker, u.start_s, u.end_s) for u in transcript.utterances] == [
        ("How are you?", "SPEAKER_00", 1.5, pytest.approx(4.5)),
        ("Fine, thanks.", "SPEAKER_01", pytest.approx(4.5), pytest.approx(5.0)),
        ("Good.", "SPEAKER_00", pytest.approx(5.4), pytest.approx(6.0)),
    ]
    assert all(word.estimated and word.speaker == u.speaker for u in transcript.utterances for word in u.words)
    assert all(not 2.0 < word.end_s <= 4.0 for word in transcript.words), "no word in the silence"


def test_vibevoice_tells_the_speakers_of_a_recording(vibevoice: Loaded) -> None:
    audio = Waveform(noise(3.0, vibevoice.rate_hz), vibevoice.rate_hz)
    found = vibevoice.adapter.diarize(audio, {}, lambda fraction: None)
    assert found.turns == [
        Turn(0.5, 1.5, "SPEAKER_00"),
        Turn(1.5, 2.0, "SPEAKER_01"),
        Turn(2.4, 3.0, "SPEAKER_00"),
    ]


def test_vibevoice_says_what_it_can_not_tell_apart(vibevoice: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.vibevoice_asr.adapter.LONGEST_S", 3.0)
    audio = Waveform(noise(6.0, vibevoice.rate_hz), vibevoice.rate_hz)
    with pytest.raises(StepFailed, match=r"found 0:06; allowed: 0:03 at most"):
        vibevoice.adapter.diarize(audio, {}, lambda fraction: None)
    transcript = vibevoice.adapter.transcribe(audio, [Segment(0.0, 6.0)], {}, lambda fraction: None)
    assert len(transcript.utterances) > 3 and {u.speaker for u in transcript.utterances} == {None}
    with pytest.raises(UsageError, match="takes no parameter num_speakers"):
        vibevoice.adapter.diarize(audio, {"num_speakers": 2}, lambda fraction: None)
    monkeypatch.setattr(
        "models.vibevoice_asr.adapter.write", lambda *_, **__: [writing.Written((1, 2), None, finished=False)]
    )
    monkeypatch.setattr("models.vibevoice_asr.adapter.LONGEST_S", 10.0)
    with pytest.raises(StepFailed, match="was stopped"):
        vibevoice.adapter.diarize(audio, {}, lambda fraction: None)
