"""Models of one process: what identifies them, loading them, and keeping the loaded ones."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from modellab.artifacts.fingerprint import ModelIdentity
from modellab.errors import (
    EnvironmentMissing,
    KeyMissing,
    LabError,
    ModelUnavailable,
    NativeCodeFails,
    PackageMissing,
    ServiceOffline,
    WeightsMissing,
)
from modellab.memory import collect_garbage
from modellab.registry.availability import Availabilities, Availability
from modellab.registry.config import ModelConfig, ModelRef
from modellab.registry.cpu import this_cpu
from modellab.registry.devices import choose_device, choose_threads
from modellab.registry.hosts.conversation import Conversation
from modellab.registry.hosts.remotes import Remotes, require_remote
from modellab.registry.hosts.worker import Worker
from modellab.registry.identity import install_hint, model_identity, runtime_version
from modellab.registry.loaded import Eviction, ExecutionFacts, LoadedModel, LoadRequest, load_with
from modellab.registry.registry import ModelRegistry
from modellab.registry.services import access_to, service_identity
from modellab.registry.threads import torch_threads
from modellab.registry.weight_sources import FoundWeights
from modellab.registry.weights import WeightStore
from modellab.settings import Lab

_MIB_PER_GIB = 1024
_BYTES_PER_MIB = 1 << 20


@dataclass(slots=True, eq=False)
class _Kept:
    model: Any
    facts: ExecutionFacts
    memory_mib: int
    """Of this machine's."""
    rates_hz: Mapping[str, int | None]
    """Surface -> rate of the audio that it takes; None for texts."""
    host: Conversation | None = None
    """The process or server it runs in, if that is not this process."""
    weights_sha256: str | None = None
    """Digest of weights that lie in a folder of a person's, who may have put others there since."""
    leases: int = 0
    """How many hold it just now; changed under the lock of `Models`."""
    called: bool = False
    """Whether anybody began an inference with it."""
    ahead_s: float = 0.0
    """Seconds that loading it took, while nobody has it yet for whom it was loaded ahead."""

    @property
    def usable(self) -> bool:
        return self.host is None or self.host.alive

    def close(self) -> None:
        if self.host is not None:
            self.host.close()
        elif callable(close := getattr(self.model, "close", None)):
            close()


class Models:
    """Identifies, loads and keeps the models of one lab, in one process, for any number of threads.

    Loaded models stay in memory for the next recording; when together they would need more than
    `MODELLAB_MODEL_MEMORY_GIB`, the one used longest ago goes first of those that nobody holds.

    Args:
        while_loading: put around each load. A process that does one thing after the other may give `gc_frozen`
            here; one that serves must not, since that freezes what every thread has made so far.
    """

    def __init__(
        self,
        lab: Lab,
        registry: ModelRegistry,
        *,
        while_loading: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.registry = registry
        self._while_loading = while_loading
        self._lock = threading.Lock()
        """Guards `_kept` and its leases; never held while anything is loaded or closed."""
        self._one_load = threading.Lock()
        """One model is loaded at a time: each can see what room there is, and imports wait for each other anyway."""
        self._lab, self._settings = lab, lab.settings
        self._weights = WeightStore(lab, registry)
        self._kept: OrderedDict[ModelRef, _Kept] = OrderedDict()
        self._remotes = Remotes(lab.settings)
        self._here = Availabilities(lab, registry, self._weights, self._remotes)
        require_remote(dict(lab.settings.remote_models), registry)

    def identity(self, ref: ModelRef, surface: str | None = None) -> ModelIdentity:
        """What of a model decides its output. Loads nothing and imports none of the model's packages.

        Args:
            surface: the one that is used; None for its first.

        Raises:
            ModelUnavailable: a package, or the model's own environment, is not installed, or no supported device is
                present.
            WeightsMissing: no source has the weights.
            ServerUnreachable: it runs on a server, which does not answer; ServerRefused: which does not serve it.
        """
        config = self.registry.get(ref.id)
        if self._remotes.server(ref.id):
            return self._remotes.served(ref).identity_for(surface)
        with self._naming_others(ref):
            environment = self._here.environment(config)
            runtime_version(config, ref.variant, environment)  # a missing package is named first, not the weights
        weights = self._find(config, ref) if config.variants[ref.variant].has_weights else None
        digest = self._weights.digest(weights) if weights else None
        return model_identity(
            config,
            ref,
            self._facts(config),
            digest,
            environment=environment,
            surface=surface,
            service=service_identity(config, ref),
        )

    @contextmanager
    def lease(
        self, ref: ModelRef, surface: str | None = None, evicted: Callable[[Eviction], object] = lambda _: None
    ) -> Iterator[LoadedModel]:
        """A model in memory, which stays there while the block runs: the kept one, or loaded now.

        The time that it states for loading includes imports. Threads that want the same model get the same one, loaded
        once, of which only the one that loaded it is told the time. Whether a model can be called from several threads
        at once is its own affair. All its surfaces are loaded as one.

        Args:
            surface: whose sample rate it states; None for its first.
            evicted: told of each model that goes from memory for this one, also where this one then can't be loaded.

        Raises:
            ModelUnavailable: a package is missing, no device is present, or the adapter gave something that does not
                offer what its surfaces ask for.
            NativeCodeFails: its native code is known not to run on this machine.
            WorkerDied: the process it runs in died while it was loaded.
            WeightsMissing: no source has the weights.
            WeightsCorrupt: the weights are not those that the config names.
            ServerUnreachable: it runs on a server, which does not answer; ServerRefused: which does not serve it.
        """
        config = self.registry.get(ref.id)
        kept, load_s, ahead_s = self._take(config, ref, evicted)
        try:
            rate_hz = kept.rates_hz[surface or config.surfaces[0]] or 0
            begin, is_service = partial(self._begin, kept), config.service is not None
            yield LoadedModel(kept.model, load_s, kept.facts, rate_hz, ahead_s, begin, is_service)
        finally:
            with self._lock:
                kept.leases -= 1

    def acquire(self, ref: ModelRef, surface: str | None = None) -> LoadedModel:
        """A model in memory without a lease: it may be dropped as soon as another one is wanted. Raises as `lease`."""
        with self.lease(ref, surface) as loaded:
            return loaded

    def load_ahead(self, ref: ModelRef) -> None:
        """Load a model that is sure to be wanted, where it fits beside those in memory; its time is told to whoever has
        it first.

        Raises as `lease`.
        """
        config = self.registry.get(ref.id)
        if config.variants[ref.variant].given is not None or self._remotes.server(ref.id):
            return  # what is not of this machine, or may be changed until it is wanted, is left to that moment
        with self._one_load:
            with self._lock:
                loads = ref not in self._kept and self._fits(config.memory_of(ref.variant))
            if loads:
                self._loaded_now(config, ref, None, lambda _: None, ahead=True)

    def _take(
        self, config: ModelConfig, ref: ModelRef, evicted: Callable[[Eviction], object]
    ) -> tuple[_Kept, float, float]:
        """A kept model with one more lease; the seconds that loading it took, and how many of them were over before."""
        asked = time.perf_counter()
        given = self._given_weights(config, ref)
        kept = self._take_kept(ref, given, evicted)
        if kept is None:
            with self._one_load:
                # Whoever had the lock before may have loaded it.
                kept = self._take_kept(ref, given, evicted)
                if kept is None:
                    return *self._loaded_now(config, ref, given, evicted), 0.0
        with self._lock:
            load_s, kept.ahead_s = kept.ahead_s, 0.0
        waited_s = time.perf_counter() - asked
        return kept, load_s, max(0.0, load_s - waited_s)

    def _given_weights(self, config: ModelConfig, ref: ModelRef) -> str | None:
        """Digest of the weights in a folder that a person named; None for a model whose weights come otherwise."""
        given = config.variants[ref.variant].given is not None
        return self._weights.digest(self._find(config, ref)) if given else None

    def _take_kept(self, ref: ModelRef, given: str | None, evicted: Callable[[Eviction], object]) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(ref)
            if kept is None:
                return None
            if not kept.usable or kept.weights_sha256 != given:
                why: Literal["ended", "other weights"] = "other weights" if kept.usable else "ended"
                evicted(self._eviction(ref, why, ref, kept.memory_mib))
                del self._kept[ref]
                return None
            kept.leases += 1
            self._kept.move_to_end(ref)
            return kept

    def _loaded_now(
        self,
        config: ModelConfig,
        ref: ModelRef,
        given: str | None,
        evicted: Callable[[Eviction], object],
        *,
        ahead: bool = False,
    ) -> tuple[_Kept, float]:
        """A model with one lease, or none where it is loaded ahead, and the seconds that loading it took."""
        if self._remotes.server(ref.id) is None:
            self._make_room(ref, self._memory_mib(config, ref), evicted)
        started = time.perf_counter()
        kept = self._load(config, ref)
        load_s = time.perf_counter() - started
        kept.leases, kept.ahead_s, kept.weights_sha256 = (0, load_s, given) if ahead else (1, 0.0, given)
        with self._lock:
            self._kept[ref] = kept
        return kept, load_s

    def _memory_mib(self, config: ModelConfig, ref: ModelRef) -> int:
        """Rough memory of a loaded variant. Its config can't know the weights that a person puts into a folder."""
        memory_mib = config.memory_of(ref.variant)
        if config.variants[ref.variant].given is None:
            return memory_mib
        return memory_mib + self._find(config, ref).bytes // _BYTES_PER_MIB

    def _begin(self, kept: _Kept) -> bool:
        """Somebody begins an inference; whether it is the first since the model was loaded."""
        with self._lock:
            first, kept.called = not kept.called, True
        return first

    @property
    def loaded(self) -> list[ModelRef]:
        """Models in memory, the one used longest ago first; a dead worker's or a lost server's is not."""
        with self._lock:
            return [ref for ref, kept in self._kept.items() if kept.usable]

    def availability(self, ref: ModelRef) -> Availability:
        """Whether a model can run here; see `Availabilities.of`."""
        return self._here.of(ref)

    def able(self, ref: ModelRef) -> bool:
        """Whether this machine has all that a model needs but its weights."""
        return self._here.able(ref)

    def close(self) -> None:
        """Let every loaded model go, also those that somebody holds: for the end of a process or a test."""
        with self._lock:
            going = list(self._kept.values())
            self._kept.clear()
        for kept in going:
            kept.close()
        self._remotes.close()

    def __enter__(self) -> "Models":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def request(self, ref: ModelRef) -> LoadRequest:
        """What a model's adapter is asked for; its weights are then in place, checked.

        Raises:
            ModelUnavailable: a package is not installed, or no supported device is present.
            WeightsMissing: no source has the weights.
            WeightsCorrupt: the weights are not those that the config names.
            KeyMissing, ServiceOffline: it is a service that can't be asked.
        """
        config = self.registry.get(ref.id)
        with self._naming_others(ref):
            runtime_version(config, ref.variant, self._here.environment(config))
        self._refuse_native(config, ref)
        variant = config.variants[ref.variant]
        folder = self._weights.folder(ref, self._find(config, ref)) if variant.has_weights else None
        with self._naming_others(ref):
            service = access_to(self._lab, config, ref, config.service) if config.service else None
        return LoadRequest(config, ref, variant, folder, self._facts(config), service)

    def _refuse_native(self, config: ModelConfig, ref: ModelRef) -> None:
        """Raises NativeCodeFails where the model's native code is known not to run here."""
        verdict = self._here.verdict(config)
        if verdict.outcome != "runs":
            raise NativeCodeFails(verdict.reason(str(ref), this_cpu()), hint=self._here.instead(ref))

    def _load(self, config: ModelConfig, ref: ModelRef) -> _Kept:
        if self._remotes.server(ref.id):
            there = self._remotes.open(ref, config)
            return _Kept(there.model, there.served.facts, 0, there.served.rates_hz, there, called=there.warm)
        request = self.request(ref)
        facts = request.facts
        worker: Worker | None = None
        with torch_threads(facts.threads), self._while_loading():
            try:
                if config.host == "worker":
                    place, environment = self.registry.place(ref.id), self._here.environment(config)
                    worker = Worker(request, place, lambda: self._here.instead(ref), environment)
                    model = worker.model
                else:
                    model = load_with(self.registry.adapter(ref.id), request)
            except ImportError as error:
                raise ModelUnavailable(
                    f"model {ref} needs a package that can't be imported", found=str(error), hint=install_hint(config)
                ) from error
            except LabError:
                raise
            except (Exception, SystemExit) as error:  # packages end in many ways on weights that they did not expect
                raise ModelUnavailable(
                    f"model {ref} can't be loaded",
                    found=f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}",
                    hint=f"Its weights: {request.weights}. Fetch them again, or take another model.",
                ) from error
        return _Kept(model, facts, self._memory_mib(config, ref), config.rates_hz, worker)

    def _facts(self, config: ModelConfig) -> ExecutionFacts:
        device = choose_device(config, self._settings.device, self._here.environment(config))
        return ExecutionFacts(
            device=device,
            compute_type=config.compute_types[device],
            threads=choose_threads(config, self._settings.threads),
            batch_size=config.batch_size.get(device),
        )

    def _find(self, config: ModelConfig, ref: ModelRef) -> FoundWeights:
        with self._naming_others(ref):
            return self._weights.find(config, ref)

    @contextmanager
    def _naming_others(self, ref: ModelRef) -> Iterator[None]:
        """Adds what runs in its place to the error of a model that lacks something."""
        try:
            yield
        except (WeightsMissing, PackageMissing, EnvironmentMissing, KeyMissing, ServiceOffline) as error:
            raise type(error)(
                error.what, found=error.places, allowed=error.allowed, hint=[*error.ways, self._here.instead(ref)]
            ) from error

    def _fits(self, needed_mib: int) -> bool:
        """Whether there is room for another model beside those in memory; the caller holds the lock."""
        return self._held_mib + needed_mib <= self._budget_mib

    @property
    def _held_mib(self) -> int:
        """Rough memory of all models; the caller holds the lock."""
        return sum(kept.memory_mib for kept in self._kept.values())

    @property
    def _budget_mib(self) -> float:
        return self._settings.model_memory_gib * _MIB_PER_GIB

    def _eviction(
        self, ref: ModelRef, why: Literal["budget", "ended", "other weights"], wanted: ModelRef, wanted_mib: int
    ) -> Eviction:
        """What is said of a model that is still in memory and goes now; the caller holds the lock."""
        kept = self._kept[ref]
        facts, held = kept.facts, self._held_mib
        return Eviction(str(ref), why, facts.device, kept.memory_mib, str(wanted), wanted_mib, held, self._budget_mib)

    def _make_room(self, wanted: ModelRef, needed_mib: int, evicted: Callable[[Eviction], object]) -> None:
        """Let models go that nobody holds until another fits; one that never would is loaded all the same."""
        going: list[_Kept] = []
        with self._lock:
            for ref in list(self._kept):
                if self._fits(needed_mib):
                    break
                if self._kept[ref].leases == 0 and self._kept[ref].memory_mib:
                    evicted(self._eviction(ref, "budget", wanted, needed_mib))
                    going.append(self._kept.pop(ref))
        if going:
            while going:
                going.pop().close()
            collect_garbage()
