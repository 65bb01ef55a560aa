"""Which folders are watched, and what is done with what is dropped there: `<home>/inboxes/<name>.yaml`, and the folders
of `MODELLAB_INBOX` with nothing but defaults."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from modellab.errors import InboxError, UsageError
from modellab.files import write_atomic
from modellab.forms import read_form
from modellab.inputs.keys import slug
from modellab.legible import as_text
from modellab.media.folders import is_folder, is_within
from modellab.names import unknown_name
from modellab.promotion.following import followed_by
from modellab.settings import Lab

DEFAULT_PIPELINE = "meeting"
NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}$")
NAME_RULE = "up to 64 small letters, digits, - and _, the first a letter or digit"


class InboxOptions(BaseModel):
    """What the YAML file of an inbox says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="what is watched: an absolute path")
    pipeline: str = Field(
        DEFAULT_PIPELINE, min_length=1, description="what runs on it: a pipeline, also with other models, or a model"
    )
    use_case: str | None = Field(
        None,
        min_length=1,
        description="in the pipeline's place: what is promoted for this use case when a file is taken",
    )
    subfolders: bool = Field(True, description="whether folders in it are watched too")
    steady_s: float = Field(
        5.0, ge=0.0, le=86400.0, description="a file is complete when its size and time stayed the same for so long"
    )
    beside: Literal["nothing", "transcript", "pack"] = Field(
        "nothing", description="what is put beside a file when its run is done: its transcript, or its Meeting Pack"
    )
    refused: Literal["leave", "move"] = Field(
        "leave", description="what can't be used stays where it is, or is moved to the folder `refused` in this one"
    )

    @field_validator("folder")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        folder = folder.expanduser()
        if not folder.is_absolute():
            raise ValueError(f"{folder} is a relative path; allowed: an absolute one, such as /home/me/recordings")
        return folder

    @model_validator(mode="after")
    def _one_of_both(self) -> "InboxOptions":
        if self.use_case is not None and "pipeline" in self.model_fields_set:
            raise ValueError("it names a pipeline and a use case; allowed: one of them")
        return self

    @property
    def runs(self) -> str:
        """What runs, for people: a pipeline, or what a use case has."""
        return self.pipeline if self.use_case is None else f"what is promoted for {self.use_case}"


@dataclass(frozen=True, slots=True)
class Inbox:
    """One watched folder."""

    name: str
    options: InboxOptions
    folder: Path
    """Resolved: what counts where two names are given to one folder."""
    file: Path | None
    """Its YAML; None of one that `MODELLAB_INBOX` names."""

    @property
    def key(self) -> str:
        """By what files of it are remembered: its folder, whatever it is called."""
        return str(self.folder)


@dataclass(frozen=True, slots=True)
class BrokenInbox:
    """A file that describes no inbox, or a folder that can't be one."""

    name: str
    error: InboxError


@dataclass(slots=True)
class Inboxes:
    """Those of a lab. A broken one stands in nobody's way."""

    usable: list[Inbox] = field(default_factory=list)
    broken: list[BrokenInbox] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Of all, those that work first."""
        return [one.name for one in self.usable] + [one.name for one in self.broken]

    def get(self, name: str) -> Inbox:
        """The inbox of a name.

        Raises:
            UnknownName: there is none; names the nearest.
            InboxError: it is broken.
        """
        for inbox in self.usable:
            if inbox.name == name:
                return inbox
        for one in self.broken:
            if one.name == name:
                raise one.error
        raise unknown_name("inbox", name, self.names)

    def _add(self, name: str, options: InboxOptions, file: Path | None, lab: Lab) -> None:
        folder = options.folder.resolve()
        other = next((one for one in self.usable if one.folder == folder), None)
        try:
            if other is not None and file is not None:
                raise InboxError(
                    f"the inbox {name} watches a folder that another one watches",
                    found=f"{folder}, the folder of {other.name}",
                    hint="Keep one of the two: modellab inbox remove NAME",
                )
            if other is None:
                require_usable(name, folder, lab)
                self.usable.append(Inbox(name, options, folder, file))
        except InboxError as error:
            self.broken.append(BrokenInbox(name, error))


def system_of(lab: Lab, inbox: Inbox) -> str:
    """What runs on a file that an inbox takes now: its pipeline, or what is promoted for its use case.

    Raises:
        UsageError: nothing is promoted for it.
        UnknownName: no such use case.
    """
    if inbox.options.use_case is None:
        return inbox.options.pipeline
    return followed_by(lab, inbox.options.use_case, f"the inbox {inbox.name}").system


def inboxes_of(lab: Lab) -> Inboxes:
    """Every inbox of a lab: those with a YAML file by name, then those that `MODELLAB_INBOX` names."""
    found = Inboxes()
    for file in sorted(lab.inboxes.glob("*.yaml")):
        try:
            found._add(file.stem, read_inbox(file), file, lab)
        except InboxError as error:
            found.broken.append(BrokenInbox(file.stem, error))
    taken = set(found.names)
    for folder in lab.settings.inbox:
        name = next(name for name in _names_for(folder) if name not in taken)
        taken.add(name)
        found._add(name, InboxOptions(folder=folder.expanduser().absolute()), None, lab)
    return found


def read_inbox(file: Path) -> InboxOptions:
    """What the file of an inbox says.

    Raises:
        InboxError: not readable, not YAML, not valid. Names every problem.
    """
    return read_form(file, InboxOptions, InboxError, "does not describe an inbox", "docs/inbox.md")


def require_usable(name: str, folder: Path, lab: Lab) -> None:
    """Refuse a folder that can't be watched.

    Raises:
        InboxError: it is the lab's home or lies in it, or its name is no text.
    """
    if as_text(str(folder)) != str(folder):
        raise InboxError(
            f"the inbox {name} has a folder whose name is not UTF-8", found=str(folder), hint="Give it another name."
        )
    if is_within(folder, lab.home):
        raise InboxError(
            f"the inbox {name} can't be in the lab's own home",
            found=str(folder),
            allowed=f"a folder outside {lab.home}",
        )


def add_inbox(lab: Lab, name: str | None, options: InboxOptions) -> Inbox:
    """Write the file of a new inbox; a name that is not given follows from the folder's.

    Raises:
        UsageError: the name can't be one, or is taken, or there is no such folder.
        InboxError: the folder can't be watched, or is watched already.
    """
    folder = options.folder.resolve()
    known = inboxes_of(lab)
    name = name or next(each for each in _names_for(folder) if each not in known.names)
    if not NAME.match(name):
        raise UsageError(f"{name!r} can't be the name of an inbox", allowed=NAME_RULE)
    file = lab.inboxes / f"{name}.yaml"
    if file.exists():
        raise UsageError(f"there is an inbox {name} already", found=str(file), hint="Give yours another name: --name")
    if not is_folder(folder):
        raise UsageError(f"there is no folder {folder}", hint="Make it first: what is to be watched must be there.")
    require_usable(name, folder, lab)
    other = next((one for one in known.usable if one.folder == folder and one.file is not None), None)
    if other is not None:
        raise InboxError(
            f"{folder} is watched already", found=f"the inbox {other.name}", hint=f"Change its file: {other.file}"
        )
    said = {
        "folder": str(folder),
        **options.model_dump(mode="json", exclude={"folder", "use_case" if options.use_case is None else "pipeline"}),
    }
    write_atomic(file, yaml.safe_dump(said, sort_keys=False, allow_unicode=True))
    return Inbox(name, options, folder, file)


def remove_inbox(lab: Lab, name: str) -> Path:
    """Delete the file of an inbox, broken or not; returns its folder's file. What it took stays in the lab.

    Raises:
        UnknownName: there is none of that name.
        UsageError: `MODELLAB_INBOX` names it.
    """
    file = lab.inboxes / f"{name}.yaml"
    if NAME.match(name) and file.is_file():
        file.unlink()
        return file
    inbox = inboxes_of(lab).get(name)
    raise UsageError(
        f"the inbox {name} has no file that could be removed",
        found=f"MODELLAB_INBOX names {inbox.folder}",
        hint="Take it out of that setting.",
    )


def _names_for(folder: Path) -> Iterator[str]:
    """Names that a folder's own suggests, the nicest first."""
    base = slug(os.fsdecode(folder.name))
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
