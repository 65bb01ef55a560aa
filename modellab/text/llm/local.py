"""A chat model in a local folder, run by transformers in this process."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from modellab.errors import ModelUnavailable, StepFailed
from modellab.registry.torchaudio_cpu import make_importable
from modellab.text.llm.backends import BackendSettings


class LocalModel:
    """Greedy decoding, so the same prompt gives the same answer. Only local files are read."""

    def __init__(self, settings: BackendSettings) -> None:
        assert settings.model is not None
        self._folder, self._answer_tokens = Path(settings.model).expanduser(), settings.answer_tokens
        self.name = f"local model {self._folder.name}"

    def complete(self, system: str, user: str, schema: Mapping[str, Any]) -> str:
        import torch

        model, tokenizer = _load(self._folder)
        prompt = _prompt(tokenizer, system, user)
        inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
        longest = getattr(model.config, "max_position_embeddings", None)
        length = inputs["input_ids"].shape[1]
        if longest is not None and length + self._answer_tokens > longest:
            raise StepFailed(
                f"the request is too long for {self.name}",
                found=f"{length} tokens and up to {self._answer_tokens} for the answer",
                allowed=f"{longest} tokens together",
                hint="Lower chunk_words or answer_tokens.",
            )
        with torch.inference_mode():
            output = model.generate(**inputs, max_new_tokens=self._answer_tokens, do_sample=False)
        return str(tokenizer.decode(output[0, length:], skip_special_tokens=True))


def _prompt(tokenizer: Any, system: str, user: str) -> str:
    if tokenizer.chat_template is None:
        return f"{system}\n\n{user}\n"
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


@cache
def _load(folder: Path) -> tuple[Any, Any]:
    if not (folder / "config.json").is_file():
        raise ModelUnavailable(
            f"there is no language model in {folder}",
            found="no config.json" if folder.is_dir() else "no such folder",
            hint="Give the folder of a downloaded transformers chat model.",
        )
    make_importable()
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as error:
        raise ModelUnavailable(
            "a local language model needs transformers", found=str(error), hint="Run: pip install transformers==5.23.0"
        ) from error
    try:
        # Code that a folder brings is never run, and its weights are never a pickle, which could hold some.
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except Exception as error:  # a folder that is not what it says fails in many ways
        raise ModelUnavailable(
            f"the language model in {folder} can't be loaded",
            found=(str(error).strip().splitlines() or [type(error).__name__])[0],
            hint="It must be a transformers model without code of its own, with its weights as safetensors.",
        ) from error
    model.eval()
    return model, tokenizer
