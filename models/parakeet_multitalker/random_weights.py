"""A tiny random Parakeet in a file of NeMo's: for tests of the loader, never for what it says."""

import runpy
import tempfile
from pathlib import Path
from typing import Any

_LAB = Path(__file__).parents[2] / "modellab"
_HIDDEN = 32
_PIECES = 40
_NAME = "multitalker-parakeet-streaming-0.6b-v1.nemo"
_SENTENCES = ("an ox is up if we go to it", "my ewe is in at by on of us")
_MODULES = "nemo.collections.asr.modules"


def write(folder: Path, variant: str) -> None:
    """Write a model of two layers and a tokenizer."""
    # Nothing of the lab can be imported here; this file of it needs no more than torch.
    runpy.run_path(str(_LAB / "registry" / "torchaudio_cpu.py"))["make_importable"]()
    import torch
    from nemo.collections.asr.models.multitalker_asr_models import EncDecMultiTalkerRNNTBPEModel
    from omegaconf import OmegaConf

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as place:
        _write_tokenizer(Path(place))
        model = EncDecMultiTalkerRNNTBPEModel(cfg=OmegaConf.create(_described(place)))
        with torch.no_grad():
            # So that one token leads to another.
            for parameter in [*model.decoder.parameters(), *model.joint.parameters()]:
                parameter.mul_(4)
        model.save_to(str(folder / _NAME))


def _write_tokenizer(place: Path) -> None:
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    text = place / "text.txt"
    text.write_text("\n".join(_SENTENCES * 20))
    SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(place / "tokenizer"),
        vocab_size=_PIECES,
        model_type="bpe",
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    pieces = SentencePieceProcessor(model_file=str(place / "tokenizer.model"))
    (place / "vocab.txt").write_text("\n".join(pieces.id_to_piece(number) for number in range(len(pieces))))


def _described(tokenizer: str) -> dict[str, Any]:
    return {
        "sample_rate": 16000,
        "spk_kernel_type": "ff",
        "spk_kernel_layers": [0],
        "add_bg_spk_kernel": True,
        "tokenizer": {"dir": tokenizer, "type": "bpe"},
        "model_defaults": {"enc_hidden": _HIDDEN, "pred_hidden": 16, "joint_hidden": 16},
        "preprocessor": {
            "_target_": f"{_MODULES}.AudioToMelSpectrogramPreprocessor",
            "sample_rate": 16000,
            "normalize": "NA",
            "window_size": 0.025,
            "window_stride": 0.01,
            "window": "hann",
            "features": 80,
            "n_fft": 512,
            "dither": 0.0,
            "pad_to": 0,
        },
        "encoder": {
            "_target_": f"{_MODULES}.ConformerEncoder",
            "feat_in": 80,
            "feat_out": -1,
            "n_layers": 2,
            "d_model": _HIDDEN,
            "subsampling": "dw_striding",
            "subsampling_factor": 8,
            "subsampling_conv_channels": 8,
            "causal_downsampling": True,
            "ff_expansion_factor": 2,
            "self_attention_model": "rel_pos",
            "n_heads": 2,
            "att_context_size": [70, 1],
            "att_context_style": "chunked_limited",
            "conv_kernel_size": 9,
            "conv_norm_type": "layer_norm",
            "conv_context_size": "causal",
            "dropout": 0.0,
            "dropout_emb": 0.0,
            "dropout_att": 0.0,
            "dropout_pre_encoder": 0.0,
        },
        "decoder": {
            "_target_": f"{_MODULES}.RNNTDecoder",
            "normalization_mode": None,
            "random_state_sampling": False,
            "blank_as_pad": True,
            "prednet": {"pred_hidden": 16, "pred_rnn_layers": 1, "t_max": None, "dropout": 0.0},
        },
        "joint": {
            "_target_": f"{_MODULES}.RNNTJoint",
            "log_softmax": None,
            "fuse_loss_wer": False,
            "fused_batch_size": 4,
            "jointnet": {"joint_hidden": 16, "activation": "relu", "dropout": 0.0},
        },
        "decoding": {"strategy": "greedy_batch", "greedy": {"max_symbols": 5}},
        "loss": {"loss_name": "default"},
        "optim": {"name": "adamw", "lr": 1e-3},
    }
