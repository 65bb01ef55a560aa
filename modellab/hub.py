"""What all who fetch from the Hugging Face hub have in common: the token, and why it gave nothing."""

from modellab.settings import Settings

QUESTION_TIMEOUT_S = 5.0
"""How long the hub may take to answer the first question before it counts as out of reach."""


def hub_token(settings: Settings) -> str | None:
    """The token from `HF_TOKEN`, or the one that `hf auth login` stored."""
    if settings.hf_token:
        return settings.hf_token.get_secret_value()
    from huggingface_hub import get_token

    stored: str | None = get_token()
    return stored


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
