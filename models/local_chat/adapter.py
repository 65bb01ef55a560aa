"""A chat model in a local folder, run by transformers in this process."""

from typing import Any

from modellab.errors import ModelUnavailable, StepFailed
from modellab.registry.loaded import LoadRequest
from models._transformers.loading import import_transformers, refuse_what_lies_elsewhere


class LocalChat:
    """Greedy decoding, so the same prompt gives the same answer; offers the surface `chat`."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
        self.name = f"local {model.config.model_type} model of {millions:,.1f} million parameters"

    def complete(self, system: str, user: str, answer_tokens: int) -> str:
        """Its answer. Raises StepFailed where question and answer are longer than it can attend to."""
        import torch

        inputs = self._tokenizer(self._prompt(system, user), return_tensors="pt", add_special_tokens=False)
        longest = getattr(self._model.config, "max_position_embeddings", None)
        length = inputs["input_ids"].shape[1]
        if longest is not None and length + answer_tokens > longest:
            raise StepFailed(
                f"the request is too long for the {self.name}",
                found=f"{length} tokens and up to {answer_tokens} for the answer",
                allowed=f"{longest} tokens together",
                hint="Lower chunk_words or answer_tokens.",
            )
        with torch.inference_mode():
            output = self._model.generate(**inputs, max_new_tokens=answer_tokens, do_sample=False)
        return str(self._tokenizer.decode(output[0, length:], skip_special_tokens=True))

    def _prompt(self, system: str, user: str) -> str:
        if self._tokenizer.chat_template is None:
            return f"{system}\n\n{user}\n"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def load(request: LoadRequest) -> LocalChat:
    """Load the model of a folder. Only files of that folder are read, and none is run or unpickled.

    Raises:
        ModelUnavailable: the folder holds no such model, or one that needs what lies elsewhere.
    """
    folder = request.weights
    if folder is None:
        raise ValueError("a chat model has weights")
    refuse_what_lies_elsewhere(folder)
    transformers = import_transformers()
    try:
        # Code that a folder brings is never run, and its weights are never a pickle, which could hold some.
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except Exception as error:  # a folder that is not what it says fails in many ways
        raise ModelUnavailable(
            f"the language model in {folder} can't be loaded",
            found=(str(error).strip().splitlines() or [type(error).__name__])[0],
            hint="It must be a transformers model without code of its own, with its weights as safetensors.",
        ) from error
    model.eval()
    return LocalChat(model, tokenizer)
