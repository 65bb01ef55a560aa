"""A tiny random Granite Speech, with a LoRA where the real one has one, and a tiny random TurboCTC."""

from pathlib import Path
from typing import Any

from models._audio_llm.tiny import TEXT, WIDTH, ends, randomize, save, tokenizer
from models._transformers.loading import import_transformers
from models._transformers.tiny import letters, seeded, spread_out

_END, _AUDIO = "<|end_of_text|>", "<|audio|>"
_SPECIAL = (_END, _AUDIO, "<|start_of_role|>", "<|end_of_role|>")
_TEMPLATE = (
    "{%- for m in messages -%}<|start_of_role|>{{ m.role }}<|end_of_role|>{{ m.content }}<|end_of_text|>\n"
    "{%- endfor -%}{% if add_generation_prompt %}<|start_of_role|>assistant<|end_of_role|>{% endif %}"
)


def write(folder: Path, variant: str) -> None:
    """Write one in the files of the real one."""
    if variant.startswith("5"):
        _write_turbo_ctc(folder)
        return
    words = tokenizer(_SPECIAL, pad_token=_END, eos_token=_END, bos_token=_END)
    words.chat_template = _TEMPLATE
    transformers = import_transformers()

    processor = transformers.GraniteSpeechProcessor(
        audio_processor=transformers.GraniteSpeechFeatureExtractor(), tokenizer=words
    )
    lora = variant.startswith("3.3")
    model = _model(words, "_plus" if variant.endswith("plus") else "", lora=lora)
    save(folder, model, processor)
    if lora:
        _save_lora(folder, model)


def _write_turbo_ctc(folder: Path) -> None:
    with seeded() as transformers:
        special = ["<pad>", "<unk>"]
        words = transformers.ParakeetTokenizer(
            tokenizer_object=letters(special), unk_token="<unk>", pad_token="<pad>", extra_special_tokens=special
        )
        encoder = {
            **{"vocab_size": len(words), "hidden_size": WIDTH, "intermediate_size": 64, "num_hidden_layers": 4},
            **{"num_attention_heads": 2, "context_size": 32, "max_position_embeddings": 32},
        }
        config = transformers.GraniteSpeech5CTCConfig(vocab_size=len(words), encoder_config=encoder, pad_token_id=0)
        import torch

        model = spread_out(transformers.GraniteSpeech5ForCTC(config), 0.05)
        processor = transformers.GraniteSpeech5Processor(transformers.GraniteSpeech5FeatureExtractor(), words)
        # Else it says one and the same whatever it hears: what all frames have in common goes.
        noise = torch.randn(16_000).numpy()
        with torch.no_grad():
            logits = model(**processor(noise, sampling_rate=16_000, return_tensors="pt")).logits
            model.ctc_head.bias -= logits[0].mean(0)
    save(folder, model, processor)


def _save_lora(folder: Path, model: Any) -> None:
    """Beside a model that was saved already: by itself it would save both, the model under names of its own."""
    from peft import LoraConfig

    transformers = import_transformers()

    model.add_adapter(LoraConfig(r=2, lora_alpha=4, target_modules=r".*language_model.*\.(q_proj|v_proj)"))
    randomize(model, model.generation_config.eos_token_id, seed=1)
    transformers.PreTrainedModel.save_pretrained(model, str(folder))


def _model(words: Any, kind: str, *, lora: bool) -> Any:
    transformers = import_transformers()

    name = f"GraniteSpeech{'Plus' if kind else ''}"
    number = words.convert_tokens_to_ids
    text = {key: value for key, value in TEXT.items() if key != "head_dim"}
    config = getattr(transformers, f"{name}Config")(
        encoder_config={
            "model_type": f"granite_speech{kind}_encoder",
            "num_layers": 2,
            "hidden_dim": WIDTH,
            "num_heads": 2,
            "output_dim": 8,
            "context_size": 50,
            "max_pos_emb": 50,
            "feedforward_mult": 2,
            **({"cat_hidden_layers": [1]} if kind else {}),
        },
        projector_config={
            "model_type": "blip_2_qformer",
            "hidden_size": WIDTH,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 64,
            "encoder_hidden_size": 2 * WIDTH if kind else WIDTH,
            "cross_attention_frequency": 1,
        },
        text_config={
            "model_type": "granite",
            "vocab_size": len(words),
            **{f"{which}_token_id": number(_END) for which in ("bos", "eos", "pad")},
            **text,
        },
        audio_token_index=number(_AUDIO),
        has_lora_adapter=lora,
    )
    model = getattr(transformers, f"{name}ForConditionalGeneration")(config)
    randomize(model, ends(words))
    return model
