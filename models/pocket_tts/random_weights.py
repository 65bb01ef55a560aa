"""A tiny random Pocket TTS in the package's own files: for tests of the loader, never for its sound."""

from pathlib import Path
from string import ascii_letters, digits

import yaml

_SIZE = 16
_CODEC = {
    "dimension": _SIZE,
    "channels": 1,
    "n_filters": 2,
    "n_residual_layers": 1,
    "ratios": [6, 5, 4],
    "kernel_size": 7,
    "residual_kernel_size": 3,
    "last_kernel_size": 3,
    "dilation_base": 2,
    "pad_mode": "constant",
    "compress": 2,
}
_TRANSFORMER = {
    "d_model": _SIZE,
    "num_heads": 2,
    "num_layers": 1,
    "layer_scale": 0.01,
    "context": 250,
    "dim_feedforward": 32,
    "input_dimension": _SIZE,
    "output_dimensions": [_SIZE],
}


def write(folder: Path, variant: str) -> None:
    """Write a model of one layer, a tokenizer of letters and two voices below a folder, as the hub's are laid out."""
    import torch
    from pocket_tts import TTSModel
    from pocket_tts.models.mimi import build_mimi
    from pocket_tts.models.model_state import export_model_state
    from pocket_tts.models.tts_model import stamp_state_names
    from pocket_tts.utils.config import Config
    from safetensors.torch import save_file

    voices = folder / "voices" / "languages" / variant / "embeddings"
    network = folder / "languages" / variant / "model.safetensors"
    tokenizer = folder / "tokenizer" / "languages" / variant / "tokenizer.json"
    for path in (voices, network.parent, tokenizer.parent):
        path.mkdir(parents=True)
    pieces = _write_tokenizer(tokenizer)
    told = {
        "default_temperature": 0.3,
        "flow_lm": {
            "insert_bos_before_voice": True,
            "dtype": "float32",
            "flow": {"depth": 1, "dim": _SIZE},
            "transformer": {"d_model": _SIZE, "hidden_scale": 2, "max_period": 10000, "num_heads": 2, "num_layers": 1},
            "lookup_table": {
                "dim": _SIZE,
                "n_bins": pieces,
                "tokenizer": "tokenizers",
                "tokenizer_path": str(tokenizer),
            },
        },
        "mimi": {
            "dtype": "float32",
            "sample_rate": 24000,
            "inner_dim": 4,
            "outer_dim": _SIZE,
            "channels": 1,
            "frame_rate": 12.5,
            "seanet": _CODEC,
            "transformer": _TRANSFORMER,
            "quantizer": {"dimension": 4, "output_dimension": _SIZE},
        },
    }
    config = Config(**told)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = TTSModel._from_pydantic_config(config, 0.3, 1, None, config.default_eos_threshold, None)
        model.flow_lm.speaker_proj_weight = torch.nn.Parameter(torch.randn(_SIZE, 4))
        model.mimi = build_mimi(config.mimi).eval()
        # As it is made, the embedding of texts and others are not set to anything.
        for weight in model.parameters():
            torch.nn.init.normal_(weight, std=0.1)
        stamp_state_names(model)
        for name in ("alba", "marius"):
            state = model.get_state_for_audio_prompt(torch.randn(1, 24_000) * 0.1)
            export_model_state(state, voices / f"{name}.safetensors")
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, network)
    (folder / "config.yaml").write_text(yaml.safe_dump(told), "utf-8")


def _write_tokenizer(path: Path) -> int:
    """A word piece for each letter, digit and mark; returns how many."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {piece: number for number, piece in enumerate(["<unk>", *ascii_letters, *digits, *" .,!?…'"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.save(str(path))
    return len(vocabulary)
