"""Whether models run on this machine as it is, and what to do about those that don't: found without loading, importing
or downloading anything."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from modellab.errors import (
    EnvironmentMissing,
    EnvironmentOutdated,
    LabError,
    ModelConfigError,
    NativeCodeFails,
    PackageMissing,
    ServerRefused,
    ServerUnreachable,
)
from modellab.legible import legible
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.cpu import this_cpu
from modellab.registry.devices import choose_device
from modellab.registry.environments import Environment, Environments
from modellab.registry.hosts.remotes import Remotes
from modellab.registry.identity import runtime_version
from modellab.registry.native import NativeProbes, Verdict
from modellab.registry.registry import ModelRegistry
from modellab.registry.services import access_to, address_of, leaving, missing_in_short
from modellab.registry.weight_sources import FoundWeights
from modellab.registry.weights import WeightStore
from modellab.settings import Lab

_MISSING: dict[type[LabError], str] = {
    PackageMissing: "package missing",
    EnvironmentMissing: "environment missing",
    EnvironmentOutdated: "environment outdated",
    ModelConfigError: "folder broken",
    ServerUnreachable: "server not reached",
    ServerRefused: "not served there",
}
"""What keeps a model from running, in a few words."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a model can run on this machine as it is."""

    ok: bool
    reason: str
    """Why not, in one line; empty when it can."""
    weights: str
    """Where its weights lie, would come from, or that it has none."""
    device: str | None
    """Kind of device it would run on; None when there is none for it."""
    to_download: bool = False
    """Whether its weights are not on this machine, and would be asked for at the hub."""
    missing: str = ""
    """What is missing, in a few words for a table, such as `needs AVX-512`; empty when nothing is."""
    page: str = ""
    """The reason in several lines: what is missing, what to do, and what was found, place by place."""
    server: str | None = None
    """`host:port` of the server that it runs on; None for here."""
    service: str | None = None
    """Address of the service that it is; None of a model that runs here or on a server."""
    leaves: str = ""
    """Of a service, what of a recording leaves this machine, in a sentence."""

    @property
    def ready(self) -> bool:
        """Whether it runs as things stand, with nothing to be fetched first."""
        return self.ok and not self.to_download


@dataclass(frozen=True, slots=True)
class _Looked:
    """An availability that says nothing of other models yet."""

    availability: Availability
    native: bool
    """Whether native code stands in the way, so that only another model, or another machine, helps."""


class Availabilities:
    """Those of the models of one lab, asked from one process.

    Args:
        weights: where their weights come from; None makes what answers that.
        remotes: which of them run on servers; likewise.
    """

    def __init__(
        self, lab: Lab, registry: ModelRegistry, weights: WeightStore | None = None, remotes: Remotes | None = None
    ) -> None:
        self.registry = registry
        self._lab, self._settings = lab, lab.settings
        self._weights = weights or WeightStore(lab, registry)
        self._remotes = remotes or Remotes(lab.settings)
        self._environments = Environments(lab.environments)
        # Nothing is written before there is a home: looking at the models does not make one.
        self._probes = NativeProbes(lab.native_probes if lab.home.is_dir() else None)

    def of(self, ref: ModelRef) -> Availability:
        """Whether a model can run here, found without loading, importing or downloading anything in this process.

        Native code that no child process tried on this machine yet is tried now.
        """
        found = self._look(ref)
        if not found.native:
            return found.availability
        instead, known = self.instead(ref), found.availability
        return replace(known, reason=f"{known.reason} {instead}", page=f"{known.page}\n→ {instead}")

    def _look(self, ref: ModelRef) -> "_Looked":
        config = self.registry.get(ref.id)
        if server := self._remotes.server(ref.id):
            return _Looked(self._look_there(ref, f"{server}"), native=False)
        reasons: list[LabError] = []
        missing: list[str] = []
        device: str | None = None
        native = ""
        try:
            device, verdict = self._able(config, ref)
        except LabError as error:
            reasons.append(error)
            missing.append(_MISSING.get(type(error)) or f"no {self._wanted_device}")
        else:
            native = verdict.reason(config.id, this_cpu())
            reasons += [NativeCodeFails(native)] if native else []
            missing += [verdict.short] if native else []
        weights, to_download = "has none", False
        url, leaves = None, ""
        if config.service is not None:
            weights = "not here"
            try:
                url = address_of(config.service)
                weights, leaves = f"at {url}", leaving(config.service, url)
                access_to(self._lab, config, ref, config.service)
            except LabError as error:
                reasons.append(error)
                missing.append(missing_in_short(error, config) or "not set up")
        if _awaits_folder(config, ref):
            weights = "in a folder that is named where it is used"
        elif config.variants[ref.variant].has_weights:
            looked = self._weights.look(config, ref)
            if isinstance(looked, FoundWeights):
                weights = looked.source
            elif refusal := self._weights.refusal(config, ref):
                weights = "not found"
                reasons.append(self._weights.missing(config, ref, [*looked, refusal]))
                missing.append("weights missing")
            else:
                weights, to_download = "to be downloaded from the Hugging Face hub, when it can be reached", True
        available = Availability(
            ok=not reasons,
            reason=" ".join(map(str, reasons)),
            weights=weights,
            device=device,
            to_download=to_download,
            missing=", ".join(missing),
            page="\n".join(reason.page() for reason in reasons),
            service=url,
            leaves=leaves,
        )
        return _Looked(available, bool(native))

    def able(self, ref: ModelRef) -> bool:
        """Whether this machine has all that a model needs but its weights."""
        try:
            return self._able(self.registry.get(ref.id), ref)[1].outcome == "runs"
        except LabError:
            return False

    def _able(self, config: ModelConfig, ref: ModelRef) -> tuple[str, Verdict]:
        """The device that it would run on, and whether its native code runs; raises what is missing."""
        environment = self.environment(config)
        runtime_version(config, ref.variant, environment)
        device = choose_device(config, self._settings.device, environment)
        self.registry.adapter_file(ref.id)
        return device, self.verdict(config)

    def _look_there(self, ref: ModelRef, server: str) -> Availability:
        try:
            served = self._remotes.look(ref)
        except LabError as error:
            short = _MISSING.get(type(error), "server not understood")
            return Availability(
                False, str(error), f"on {server}", None, missing=short, page=error.page(), server=server
            )
        return Availability(True, "", f"on {server}: {legible(served.weights)}", served.facts.device, server=server)

    def verdict(self, config: ModelConfig) -> Verdict:
        """Whether a model's native code runs; tried now if nobody did yet."""
        return self._probes.verdict(config, self.registry.folder(config.id), self.environment(config))

    def installed_environment(self, config: ModelConfig) -> Environment | None:
        """A model's own environment, where it has one that can be used."""
        try:
            return self.environment(config)
        except EnvironmentMissing:
            return None

    def environment(self, config: ModelConfig) -> Environment | None:
        """A model's own environment; None for a model that takes the lab's packages. Raises as `Environments.of`."""
        return self._environments.of(config, self.registry.folder(config.id))

    @property
    def _wanted_device(self) -> str:
        return "device for it" if self._settings.device == "auto" else self._settings.device

    def instead(self, ref: ModelRef) -> str:
        """What runs in place of a model that can't."""
        ready = self._ready_instead(ref)
        return f"Ready to run now: {', '.join(ready)}." if ready else "No other model of its kind is ready."

    def _ready_instead(self, ref: ModelRef) -> list[str]:
        """Other models and variants of the same surfaces that can run without downloading anything."""
        beside = self._variants_beside(self.registry.get(ref.id))
        return [str(other) for other in beside if other != ref and self._is_ready(other)]

    def _variants_beside(self, config: ModelConfig) -> Iterable[ModelRef]:
        for other in self.registry.configs():
            # A service is never what is proposed: audio would leave the machine, and money be spent.
            if other.service is None and set(other.surfaces) & set(config.surfaces):
                yield from (ModelRef(id=other.id, variant=name) for name in other.variants)

    def _is_ready(self, ref: ModelRef) -> bool:
        config = self.registry.get(ref.id)
        available = self._look(ref).availability
        if not available.ok or _awaits_folder(config, ref):
            return False
        if available.server:
            return True
        return not config.variants[ref.variant].has_weights or isinstance(self._weights.look(config, ref), FoundWeights)


def _awaits_folder(config: ModelConfig, ref: ModelRef) -> bool:
    """Whether a variant's weights lie in a folder that is named where it is used, and nothing names one here."""
    return config.variants[ref.variant].given is not None and ref.folder is None
