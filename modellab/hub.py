"""What all who fetch from the Hugging Face hub have in common: the token, and why it gave nothing."""

import os
import sys
from pathlib import Path

from modellab.settings import Settings

QUESTION_TIMEOUT_S = 5.0
"""How long the hub may take to answer the first question before it counts as out of reach."""
_TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE")
"""What the hub's client takes a token from, besides its file and a notebook's vault."""


def hub_token(settings: Settings) -> str | None:
    """The token from `HF_TOKEN`, or the one that `hf auth login` stored."""
    if settings.hf_token:
        return settings.hf_token.get_secret_value()
    return stored_token()


def stored_token() -> str | None:
    """The token that the hub's own client knows of besides `HF_TOKEN`: the one that `hf auth login` stored, say.

    Its client is asked only where there is something for it to find: importing that takes 0.1 s.
    """
    from huggingface_hub import constants

    named = any(os.environ.get(name) for name in _TOKEN_VARIABLES)
    if not (named or Path(constants.HF_TOKEN_PATH).exists() or "IPython" in sys.modules):
        return None
    from huggingface_hub import get_token

    return str(get_token() or "") or None


def refused_by_hub(repository: str, error: Exception) -> str | None:
    """Why the hub does not give a repository; None where it could not be reached at all."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        return f"{repository} is gated and this token has no access to it"
    if isinstance(error, RepositoryNotFoundError):
        return f"{repository} does not exist, or is private or gated and needs a token"
    return f"{repository}: {_first_line(error)}" if isinstance(error, HfHubHTTPError) else None


def unreachable(error: Exception) -> str:
    """In words, that nobody answered."""
    return f"can't be reached ({type(error).__name__}: {_first_line(error)})"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
