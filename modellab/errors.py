"""The lab's typed errors.

Every error says what went wrong, what was found, what is allowed and what to do about it, and holds no secret. The
command line prints `str(error)` and exits with `exit_code`; a Dagster step records the same words.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from modellab.legible import legible
from modellab.redaction import redact

E = TypeVar("E", bound="LabError")


class LabError(Exception):
    """Base of every error a user can cause or meet.

    Args:
        what: one sentence naming the thing that failed.
        found: what was there; where several places were looked at, what each had.
        allowed: what would have been accepted.
        hint: what to do next; several sentences where there are several ways.
    """

    exit_code: ClassVar[int] = 1
    in_short: ClassVar[str] = "it failed"
    """What a pack tells others of a step that ended so. The error's own words may quote servers, and paths of the
    machine: they stay in the lab."""

    def __init__(
        self,
        what: str,
        *,
        found: str | Sequence[str] | None = None,
        allowed: str | None = None,
        hint: str | Sequence[str] | None = None,
    ) -> None:
        self.what, self.allowed = redact(what), allowed and redact(allowed)
        self.places = _each(found)
        """What was found, place by place."""
        self.ways = _each(hint)
        """What to do, one way each."""
        super().__init__(self.what)

    @property
    def found(self) -> str | None:
        """What was there, in one line."""
        return "; ".join(self.places) or None

    @property
    def hint(self) -> str | None:
        """What to do, in one line."""
        return " ".join(self.ways) or None

    def page(self) -> str:
        """The same for a page: what failed, what to do about it, then a line for each thing that was found."""
        lines = [f"{self.what.rstrip('.')}.", *(f"→ {way}" for way in self.ways)]
        if len(self.places) > 1:
            lines += ["Looked at:", *(f"  - {place}" for place in self.places)]
        else:
            lines += [f"Found: {place}" for place in self.places]
        if self.allowed is not None:
            lines.append(f"Allowed: {self.allowed}")
        return "\n".join(map(legible, lines))

    def told(self) -> str:
        """The same for a terminal: in one line, or as for a page where there are several places or several ways."""
        return self.page() if max(len(self.places), len(self.ways)) > 1 else str(self)

    def __str__(self) -> str:
        parts = [self.what.rstrip(".")]
        if self.found is not None:
            parts.append(f"found {self.found}".rstrip("."))
        if self.allowed is not None:
            parts.append(f"allowed: {self.allowed}".rstrip("."))
        text = "; ".join(parts) + "."
        # Names and other programs' words are in it: fit for a record, and for a terminal.
        return legible(f"{text} {self.hint}" if self.hint else text)

    def become(self, kind: type[E], before: str = "") -> E:
        """The same words as an error of another kind.

        Args:
            before: put before them, such as `template `.
        """
        return kind(f"{before}{self.what}", found=self.places, allowed=self.allowed, hint=self.ways)


def _each(said: str | Sequence[str] | None) -> tuple[str, ...]:
    if said is None:
        return ()
    return tuple(map(redact, (said,) if isinstance(said, str) else said))


class UsageError(LabError):
    """The command or a setting was given wrongly; nothing was started."""

    exit_code: ClassVar[int] = 2


class InputRefused(LabError):
    """A file can't become an input: missing, empty, not media, no audio stream, no samples."""

    in_short: ClassVar[str] = "the recording can't be read"


class InputDamaged(LabError):
    """The lab's copy of a recording is not what was registered."""


class StorageError(LabError):
    """The disk, its permissions or a database of Dagster's refuse: full, read-only, damaged, locked."""


class Interrupted(LabError):
    """Someone stopped the command: Ctrl-C or SIGTERM.

    Args:
        finished: what the command's JSON document would hold of what was finished.
    """

    def __init__(self, finished: Mapping[str, Any] | None = None) -> None:
        self.finished = finished or {}
        super().__init__("interrupted", hint="What was finished is kept: the same command goes on from there.")


class UnknownName(UsageError):
    """A model, variant, template, step, operator, input or run that does not exist; lists the nearest names."""


class TemplateError(UsageError):
    """A pipeline template or a system key that does not resolve."""


class ModelConfigError(LabError):
    """A model folder whose `config.yaml` is invalid, or two folders claiming one id."""


class WeightsMissing(LabError):
    """No source has a model's weights."""

    in_short: ClassVar[str] = "the weights of its model were not found"


class WeightsCorrupt(LabError):
    """Weights were found, but their SHA-256 is not the one the model's config names."""

    in_short: ClassVar[str] = "the weights of its model are not those that it needs"


class ModelUnavailable(LabError):
    """A model can't run here: a package is not installed, or no supported device is present."""

    in_short: ClassVar[str] = "its model can't run on that machine"


class CpuUnsupported(LabError):
    """This machine's CPU lacks what the lab itself is compiled for."""


class PackageMissing(ModelUnavailable):
    """A package that a model needs is not installed."""


class EnvironmentMissing(ModelUnavailable):
    """The environment of its own that a model runs in was not built."""


class EnvironmentOutdated(EnvironmentMissing):
    """It was built for other requirements than the model has now."""


class EnvironmentFailed(LabError):
    """A model's own environment can't be built, replaced or removed."""


class NativeCodeFails(ModelUnavailable):
    """A model's compiled code can't be run on this machine: it asks for what the CPU lacks, or dies when called."""


class WorkerDied(LabError):
    """The process in which a model runs ended while it was at work: its native code killed it, say."""


class ServerUnreachable(ModelUnavailable):
    """The server on which a model is to run does not answer, or is none."""

    in_short: ClassVar[str] = "the server of its model could not be reached"


class ServerRefused(ModelUnavailable):
    """The server on which a model is to run does not serve it, or not to this lab: token, version, no room."""

    in_short: ClassVar[str] = "the server of its model did not serve it"


class ServerLost(LabError):
    """The connection to the server on which a model runs was lost while it was at work."""

    in_short: ClassVar[str] = "the connection to the server of its model was lost"


class KeyMissing(ModelUnavailable):
    """A model is a service, and the key that it wants is not set."""

    in_short: ClassVar[str] = "the key of its model's service is not set"


class ServiceOffline(ModelUnavailable):
    """A model is a service, and the lab is to stay offline."""

    in_short: ClassVar[str] = "its model is a service, and that lab stays offline"


class PricesError(LabError):
    """The file that says what services cost can't be read, or is not valid."""


class DatasetError(LabError):
    """A dataset's manifest that can't be read, is not valid, or whose id is taken."""


class UseCaseError(LabError):
    """A use case's file that can't be read, is not valid, or whose id is taken."""


class PromotionRefused(LabError):
    """The evidence does not allow a system to be promoted."""


class InboxError(LabError):
    """A watched folder whose file can't be read or is not valid, or that can't be watched or looked into."""


class AlertsError(LabError):
    """What says where alerts go can't be read, or is not valid."""


class MediaMissing(LabError):
    """A file that a dataset names is not where it should be, and can't be fetched."""


class MediaChanged(LabError):
    """A file that a dataset names was found, but its SHA-256 is not the one the manifest states."""


class ArtifactMissing(LabError):
    """A step asked for a result that has not been made."""

    in_short: ClassVar[str] = "a result that it needs has not been made"


class ArtifactCorrupt(LabError):
    """An artifact's files do not match its manifest."""

    in_short: ClassVar[str] = "a result that it needs is damaged"


class StepFailed(LabError):
    """A step ran and failed; carries the words of the cause."""


class ServiceFailed(StepFailed):
    """A service gave no answer, or none that could be understood."""

    in_short: ClassVar[str] = "the service of its model did not answer"


class ServiceRefused(ServiceFailed):
    """A service does not accept the key, or what it was asked."""

    in_short: ClassVar[str] = "the service of its model refused"


class TextRefused(LabError):
    """Text from outside that is not YAML or JSON, or larger, deeper or more repetitive than what is read."""


class StreamMisused(LabError):
    """A call that a live stream does not allow as it is: audio before its start or after its end, say."""


class NoUsableAnswer(StepFailed):
    """A language model gave no answer, or none that could be used."""

    in_short: ClassVar[str] = "the language model gave no answer that could be used"


class PathRefused(LabError):
    """A path from outside leads out of the folder it is confined to."""


class WarehouseError(LabError):
    """Rows that don't fit the warehouse's tables, or a database that can't be built."""


class QueryError(LabError):
    """A SQL statement that the warehouse refused."""


def in_short(error_type: str) -> str:
    """What a pack tells others of an error of that type, by its name."""
    return error_class(error_type).in_short


def error_class(name: str) -> type[LabError]:
    """The class of the lab's errors with that name; their base where there is none."""
    todo: list[type[LabError]] = [LabError]
    while todo:
        kind = todo.pop()
        if kind.__name__ == name:
            return kind
        todo += kind.__subclasses__()
    return LabError
