"""A tiny random Sortformer in a file of NeMo's: for tests of the loader, never for its turns."""

import runpy
from pathlib import Path
from typing import Any

_LAB = Path(__file__).parents[2] / "modellab"
_HIDDEN = 32
_SPEAKERS = 4
_FILES = {
    "4spk-v1": "diar_sortformer_4spk-v1.nemo",
    "streaming-4spk-v2": "diar_streaming_sortformer_4spk-v2.nemo",
    "streaming-4spk-v2.1": "diar_streaming_sortformer_4spk-v2.1.nemo",
}
_MODULES = "nemo.collections.asr.modules"


def write(folder: Path, variant: str) -> None:
    """Write a network of one layer of each kind."""
    # Nothing of the lab can be imported here; this file of it needs no more than torch.
    runpy.run_path(str(_LAB / "registry" / "torchaudio_cpu.py"))["make_importable"]()
    import torch
    from nemo.collections.asr.models import SortformerEncLabelModel
    from omegaconf import OmegaConf

    torch.manual_seed(0)
    streaming = variant.startswith("streaming")
    model = SortformerEncLabelModel(cfg=OmegaConf.create(_described(streaming)))
    with torch.no_grad():
        # So that speakers come and go.
        for weight in model.parameters():
            if weight.dim() > 1:
                torch.nn.init.normal_(weight, std=0.5)
    model.save_to(str(folder / _FILES[variant]))


def _described(streaming: bool) -> dict[str, Any]:
    return {
        "sample_rate": 16000,
        "max_num_of_spks": _SPEAKERS,
        "pil_weight": 0.5,
        "ats_weight": 0.5,
        "streaming_mode": streaming,
        "model_defaults": {"fc_d_model": _HIDDEN, "tf_d_model": 16},
        "preprocessor": {
            "_target_": f"{_MODULES}.AudioToMelSpectrogramPreprocessor",
            "sample_rate": 16000,
            "normalize": "NA" if streaming else "per_feature",
            "window_size": 0.025,
            "window_stride": 0.01,
            "window": "hann",
            "features": 128 if streaming else 80,
            "n_fft": 512,
            "dither": 1e-05,
        },
        "sortformer_modules": {
            "_target_": f"{_MODULES}.sortformer_modules.SortformerModules",
            "num_spks": _SPEAKERS,
            "fc_d_model": _HIDDEN,
            "tf_d_model": 16,
        },
        "encoder": {
            "_target_": f"{_MODULES}.ConformerEncoder",
            "feat_in": 128 if streaming else 80,
            "feat_out": -1,
            "n_layers": 1,
            "d_model": _HIDDEN,
            "subsampling": "dw_striding",
            "subsampling_factor": 8,
            "subsampling_conv_channels": 8,
            "ff_expansion_factor": 2,
            "self_attention_model": "rel_pos",
            "n_heads": 2,
            "att_context_size": [-1, -1],
            "conv_kernel_size": 9,
            "xscaling": True,
        },
        "transformer_encoder": {
            "_target_": f"{_MODULES}.transformer.transformer_encoders.TransformerEncoder",
            "num_layers": 1,
            "hidden_size": 16,
            "inner_size": 32,
            "num_attention_heads": 2,
        },
        "loss": {"_target_": "nemo.collections.asr.losses.bce_loss.BCELoss", "reduction": "mean"},
        "optim": {"name": "adamw", "lr": 1e-4},
    }
