"""Text from outside (templates, records, descriptions of weights, answers of servers): one reader each for YAML and
JSON, with limits that are checked before memory, time or the stack run out.

What a file says of itself is never believed: its size is measured while it is read, depth and repetition are counted
while it is parsed, and what comes out is plain data that any JSON can hold: no NaN, no infinity, no half characters, no
numbers beyond 64 bits. Whoever reads turns `TextRefused` into an error of their own where they can say more.
"""

import codecs
import json
import math
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from modellab.errors import TextRefused


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a text is read."""

    bytes: int
    depth: int = 64
    """Lists and mappings inside each other; Python's own stack ends at a few hundred."""
    nodes: int = 1_000_000
    """Values in all. In YAML a repeated one (`*alias`) counts as often as it is repeated."""


YAML = Limits(bytes=64 << 10, nodes=10_000)
"""Hand-written files. The parser is in Python: this much takes it a second or two."""
JSON = Limits(bytes=4 << 20, nodes=250_000)
RESULT = Limits(bytes=1 << 30)
"""A result of a step, such as every word of a day-long recording."""

_TOO_DEEP, _TOO_MANY = "nested too deeply", "too many values"
_MOST_BITS = 64
_INSIDE_OR_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def read_text(path: Path, limits: Limits) -> str:
    """A file's text, which must be UTF-8, with or without a byte order mark.

    Raises:
        TextRefused: it is larger than the limit, or not UTF-8.
        OSError: it can't be read.
    """
    return _decoded(read_bytes(path, limits), str(path))


def parse_text(data: bytes, name: str, limits: Limits) -> str:
    """A text from its bytes, which must be UTF-8, with or without a byte order mark.

    Args:
        name: what to call the text in errors.

    Raises:
        TextRefused: it is larger than the limit, or not UTF-8.
    """
    if len(data) > limits.bytes:
        raise _too_large(name, limits)
    return _decoded(data, name)


def read_marked_text(path: Path, limits: Limits) -> str:
    """A file's text, in UTF-8, or in UTF-16 if its first two bytes say so, as Windows' programs and Praat write it.

    Raises:
        TextRefused: it is larger than the limit, or in neither.
        OSError: it can't be read.
    """
    data = read_bytes(path, limits)
    if not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data, str(path))
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise TextRefused(
            f"{path} can't be read: not UTF-16, as its first two bytes say",
            found=f"{error.reason} at byte {error.start}",
            hint="Save it as UTF-8.",
        ) from error


def read_bytes(path: Path, limits: Limits) -> bytes:
    """A file's bytes.

    Raises:
        TextRefused: it is larger than the limit, or no file of a disk.
        OSError: it can't be read.
    """
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        # A pipe that nobody writes to would be waited for, and a device has no end.
        raise TextRefused(f"{path} can't be read: not a file")
    if facts.st_size > limits.bytes:
        raise _too_large(str(path), limits)
    with path.open("rb") as file:
        # No more than there is: as much memory is taken as is asked for. A file may grow meanwhile.
        data = file.read(facts.st_size + 1)
    if len(data) > limits.bytes:
        raise _too_large(str(path), limits)
    return data


def read_json(path: Path, limits: Limits = JSON) -> Any:
    """What a JSON file holds.

    Raises:
        TextRefused: it is not JSON, or more than the limits allow.
        OSError: it can't be read.
    """
    return parse_json(read_bytes(path, limits), str(path), limits)


def parse_json(data: bytes | str, name: str, limits: Limits = JSON) -> Any:
    """What a JSON text holds.

    Args:
        name: what to call the text in errors.

    Raises:
        TextRefused: it is not JSON, or more than the limits allow.
    """
    raw = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    check_json(raw, name, limits)
    text = _decoded(raw, name)

    def refuse(found: str) -> NoReturn:
        raise TextRefused(f"{name} can't be read: not usable JSON", found=found)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            refuse(f"the key {next(key for key in keys if keys.count(key) > 1)!r} twice")
        return content

    try:
        content = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise TextRefused(f"{name} can't be read: not JSON", found=str(error)) from error
    _check_values(content, name, limits, strings=_HALF_CHARACTER.search(text) is not None)
    return content


def check_json(data: bytes | bytearray, name: str, limits: Limits) -> None:
    """Refuse what is over the limits before it is parsed: Python's parser calls itself, and lists take much memory.

    Raises:
        TextRefused: it is larger, deeper, or has more lists and mappings than the limits allow.
    """
    if len(data) > limits.bytes:
        raise _too_large(name, limits)
    if data.count(b"[") + data.count(b"{") <= min(limits.depth, limits.nodes):
        return  # however they lie inside each other, and whatever is in strings
    depth = containers = 0
    for found in _INSIDE_OR_STRING.finditer(data):
        first = data[found.start()]
        if first in b"[{":
            depth += 1
            containers += 1
        elif first in b"]}":
            depth -= 1
        if depth > limits.depth:
            raise _too_deep(name, limits)
        if containers > limits.nodes:
            raise _too_many(name, limits)


def read_yaml(path: Path, limits: Limits = YAML) -> Any:
    """What a YAML file holds.

    Raises:
        TextRefused: it is not YAML, has a key twice, or is more than the limits allow.
        OSError: it can't be read.
    """
    return parse_yaml(read_bytes(path, limits), str(path), limits)


def parse_yaml(data: bytes | str, name: str, limits: Limits = YAML) -> Any:
    """What a YAML text holds.

    Args:
        name: what to call the text in errors.

    Raises:
        TextRefused: it is not YAML, has a key twice, or is more than the limits allow.
    """
    root = compose_yaml(data, name, limits)
    for key in duplicate_keys(root):
        raise TextRefused(
            f"{name} can't be read: a key is there twice", found=f"{key.value!r} in line {key.start_mark.line + 1}"
        )
    return construct_yaml(root, name, limits)


def compose_yaml(data: bytes | str, name: str, limits: Limits = YAML) -> yaml.Node | None:
    """The tree of a YAML text, with its places; None for an empty one.

    Raises:
        TextRefused: it is not YAML, or more than the limits allow. Its cause tells the place, where there is one.
    """
    raw = data.encode(errors="surrogatepass") if isinstance(data, str) else data
    if len(raw) > limits.bytes:
        raise _too_large(name, limits)
    text = _decoded(raw, name)
    try:
        if _Quick is not None:
            with suppress(yaml.YAMLError, ValueError, OverflowError):
                quick: yaml.Node | None = _Quick(text, limits).get_single_node()
                return quick
        # Slower by far, and its words for what is wrong are those that people know.
        return _Composer(text, limits).get_single_node()
    except _OverLimit as error:
        raise TextRefused(f"{name} can't be read: {_in_one_line(error)}", allowed=error.allowed) from error
    except yaml.YAMLError as error:
        raise TextRefused(f"{name} can't be read: not YAML: {_in_one_line(error)}") from error
    except (ValueError, OverflowError) as error:  # an escape that is no character
        raise TextRefused(f"{name} can't be read: not YAML: {error}") from error


def construct_yaml(root: yaml.Node | None, name: str, limits: Limits = YAML) -> Any:
    """The plain data of a composed tree; where a key is there twice, its last value.

    Raises:
        TextRefused: a value can't be made, such as a date with a month 99.
    """
    if root is None:
        return None
    try:
        content = yaml.SafeLoader("").construct_document(root)
    except yaml.YAMLError as error:
        raise TextRefused(f"{name} can't be read: not YAML: {_in_one_line(error)}") from error
    except Exception as error:  # PyYAML fails in many ways on values that are not of the type that a tag claims
        words = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise TextRefused(f"{name} can't be read: not YAML: {words}") from error
    _check_values(content, name, limits, strings=True)
    return content


def duplicate_keys(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The second and further of equal keys in each mapping of a composed tree."""
    todo, met = [root], set()
    while todo:
        node = todo.pop()
        if id(node) in met:
            continue
        met.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            seen: set[tuple[str, str]] = set()
            for key, value in node.value:
                todo += (key, value)
                if isinstance(key, yaml.ScalarNode):
                    if (key.tag, key.value) in seen:
                        yield key
                    seen.add((key.tag, key.value))


class _OverLimit(yaml.MarkedYAMLError):
    """YAML that is not read further, with the place where it got too much."""

    def __init__(self, problem: str, allowed: str, mark: yaml.Mark) -> None:
        super().__init__(problem=problem, problem_mark=mark)
        self.allowed = allowed


class _Counting(yaml.composer.Composer):
    """Counts while it composes."""

    def count_within(self, limits: Limits) -> None:
        self._limits = limits
        self._depth = self._nodes = 0
        self._nodes_of: dict[int, int] = {}
        """Node -> the values in it, once it is whole."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        before, limits = self._nodes, self._limits
        parser: Any = self
        is_alias = parser.check_event(yaml.AliasEvent)
        mark = parser.peek_event().start_mark
        self._depth += 1
        if self._depth > limits.depth:
            raise _OverLimit(_TOO_DEEP, _depth_allowed(limits), mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if is_alias:
            if id(node) not in self._nodes_of:
                raise _OverLimit("a value contains itself", "aliases of values that are whole", mark)
            self._nodes += self._nodes_of[id(node)]
        else:
            self._nodes += 1
            self._nodes_of[id(node)] = self._nodes - before
        if self._nodes > limits.nodes:
            raise _OverLimit(_TOO_MANY, _nodes_allowed(limits), mark)
        return node


class _Composer(_Counting, yaml.SafeLoader):
    """Of the parser in Python."""

    def __init__(self, text: str, limits: Limits) -> None:
        yaml.SafeLoader.__init__(self, text)
        self.count_within(limits)


_Quick: type[Any] | None = None
"""Of libyaml's parser, where PyYAML was built with it: the same events, five times as fast."""
if yaml.__with_libyaml__:
    from yaml._yaml import CParser

    class _OfEvents(_Counting, CParser, yaml.resolver.Resolver):
        def __init__(self, text: str, limits: Limits) -> None:
            CParser.__init__(self, text)
            yaml.composer.Composer.__init__(self)
            yaml.resolver.Resolver.__init__(self)
            self.count_within(limits)

    _Quick = _OfEvents


def _too_large(name: str, limits: Limits) -> TextRefused:
    return TextRefused(f"{name} can't be read: too large", allowed=f"{limits.bytes:,} bytes")


def _too_deep(name: str, limits: Limits) -> TextRefused:
    return TextRefused(f"{name} can't be read: {_TOO_DEEP}", allowed=_depth_allowed(limits))


def _depth_allowed(limits: Limits) -> str:
    return f"{limits.depth} lists or mappings inside each other"


def _too_many(name: str, limits: Limits) -> TextRefused:
    return TextRefused(f"{name} can't be read: {_TOO_MANY}", allowed=_nodes_allowed(limits))


def _nodes_allowed(limits: Limits) -> str:
    return f"{limits.nodes:,}, each counted as often as it is repeated"


def _in_one_line(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        return f"{what} in line {mark.line + 1}, column {mark.column + 1}" if mark else what
    return " ".join(str(error).split())


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")  # with or without a byte order mark
    except UnicodeDecodeError as error:
        raise TextRefused(
            f"{name} can't be read: not UTF-8",
            found=f"the byte 0x{data[error.start]:02x} at {error.start}",
            hint="Save it as UTF-8.",
        ) from error


def _check_values(content: Any, name: str, limits: Limits, *, strings: bool) -> None:
    """Refuse values that later readers, JSON or DuckDB, can't hold."""
    todo, count = [content], 0
    while todo:
        value = todo.pop()
        count += 1
        if count > limits.nodes:
            raise _too_many(name, limits)
        if type(value) is str and not strings:
            continue  # most values are
        if isinstance(value, dict):
            todo += value.keys()
            todo += value.values()
        elif isinstance(value, list | tuple | set):
            todo += value
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise TextRefused(
                    f"{name} can't be read: a number that is none", found=str(value), allowed="finite numbers"
                )
        elif isinstance(value, int):
            if value.bit_length() > _MOST_BITS:
                raise TextRefused(
                    f"{name} can't be read: a number that is too large", found=f"{value.bit_length()} bits"
                )
        elif strings and isinstance(value, str) and not _is_text(value):
            raise TextRefused(f"{name} can't be read: half a character", found=ascii(value[:40]))


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
