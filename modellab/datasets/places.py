"""Where a dataset's files lie, as manifests name them.

Each place is told by its key: a file beside the manifest, inside an installed Python package, in a folder that the user
names, at an address, in a data set on the Hugging Face hub; and a text that is written in the manifest itself.
"""

from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _inside(path: str) -> str:
    parts = path.split("/")
    if not path or "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError("a path below its folder, with / between names, no `.` and no `..`")
    return path


def _address(url: str) -> str:
    split = urlsplit(url)
    if split.scheme not in ("http", "https") or not split.hostname:
        raise ValueError("an address that begins with https:// or http://")
    if split.username is not None or split.password is not None:
        raise ValueError("an address without credentials in it, for manifests are passed on")
    return url


InsidePath = Annotated[str, AfterValidator(_inside)]
"""A relative path that leads nowhere but below its folder."""
Address = Annotated[str, AfterValidator(_address)]


class Strict(BaseModel):
    """A part of a manifest: what it does not know is an error, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Place(Strict):
    sha256: Sha256 | None = Field(None, description="of the file's bytes; media must have it, and what is fetched")


class FilePlace(_Place):
    """A file beside the manifest, or in a folder there."""

    file: InsidePath

    @property
    def name(self) -> str:
        """The file's name, for people."""
        return PurePosixPath(self.file).name

    def __str__(self) -> str:
        return self.file


class PackagePlace(FilePlace):
    """A file inside an installed Python package."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$", description="import name at the top level")]

    def __str__(self) -> str:
        return f"{self.file} of the Python package {self.package}"


class FolderPlace(FilePlace):
    """A file in a folder that the user names."""

    folder: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]

    def __str__(self) -> str:
        return f"{self.file} of the folder {self.folder}"


class UrlPlace(_Place):
    """A file at an address."""

    url: Address
    sha256: Sha256

    @property
    def name(self) -> str:
        return PurePosixPath(unquote(urlsplit(self.url).path)).name or "file"

    def __str__(self) -> str:
        return self.url


class HubPlace(FilePlace):
    """A file of a data set on the Hugging Face hub."""

    hub: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)?$", description="owner/name of the data set")]
    revision: Annotated[str, Field(pattern=r"^[\w./-]+$")] = "main"
    sha256: Sha256

    def __str__(self) -> str:
        return f"{self.file} of the hub's data set {self.hub} at {self.revision}"


class TextPlace(Strict):
    """A text to be spoken, as it is written in the manifest."""

    text: str = Field(min_length=1)

    def __str__(self) -> str:
        return "the text in the manifest"


Located = FilePlace | PackagePlace | FolderPlace | UrlPlace | HubPlace
"""A file somewhere."""

_KEYS = ("text", "url", "hub", "package", "folder", "file")
_KINDS: dict[type, str] = {
    TextPlace: "text",
    UrlPlace: "url",
    HubPlace: "hub",
    PackagePlace: "package",
    FolderPlace: "folder",
    FilePlace: "file",
}


def place_key(value: Any) -> str | None:
    """The key by which a place is told, of a mapping or a place; marked, so that errors can leave it out."""
    if isinstance(value, dict):
        found = next((key for key in _KEYS if key in value), None)
        # Nothing at all is told of as a file that is missing.
        return f"<{found or 'file'}>"
    kind = _KINDS.get(type(value))
    return f"<{kind}>" if kind else None


FileSource = Annotated[
    Annotated[UrlPlace, Tag("<url>")]
    | Annotated[HubPlace, Tag("<hub>")]
    | Annotated[PackagePlace, Tag("<package>")]
    | Annotated[FolderPlace, Tag("<folder>")]
    | Annotated[FilePlace, Tag("<file>")],
    Discriminator(
        place_key,
        custom_error_type="place",
        custom_error_message=(
            "a mapping with `file`, and `package`, `folder` or `hub` where it is not beside the manifest; or with `url`"
        ),
    ),
]
Source = Annotated[
    Annotated[UrlPlace, Tag("<url>")]
    | Annotated[HubPlace, Tag("<hub>")]
    | Annotated[PackagePlace, Tag("<package>")]
    | Annotated[FolderPlace, Tag("<folder>")]
    | Annotated[FilePlace, Tag("<file>")]
    | Annotated[TextPlace, Tag("<text>")],
    Discriminator(
        place_key,
        custom_error_type="place",
        custom_error_message=(
            "a mapping with `file`, and `package`, `folder` or `hub` where it is not beside the manifest; "
            "or with `url`; or with `text`"
        ),
    ),
]
