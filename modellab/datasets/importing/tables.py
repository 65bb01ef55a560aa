"""Tables and lists from outside, line by line: what can't be read is told with its line, and the rest is read all the
same."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import Account, Given, Place
from modellab.errors import TextRefused
from modellab.outside import Limits, parse_json, read_bytes

_TABLE = Limits(bytes=1 << 30)
_LINE = Limits(bytes=16 << 20, nodes=500_000)
"""A line of JSON: a cut with every word's time of a whole meeting."""
_HEAD_BYTES = 1 << 16


def lines(given: Given, file: str) -> Iterator[tuple[Place, str]]:
    """A text's lines that are not empty, in UTF-8 (or UTF-16 by its mark); packed if its name ends with `.gz`."""
    try:
        data = _unpacked(given.folder, file) if file.endswith(".gz") else read_bytes(given.folder.path(file), _TABLE)
    except (OSError, EOFError, zlib.error, TextRefused) as error:
        given.account.problem(Place(file), f"can't be read: {error}")
        return
    yield from _decoded_lines(data, file, given.account)


def head(folder: Folder, file: str) -> str:
    """A text's first line that is not empty, to see what it is; empty where there is none to be read."""
    try:
        path = folder.path(file)
        with gzip.open(path) if file.endswith(".gz") else path.open("rb") as handle:
            data = handle.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return ""
    return next((line for _, line in _decoded_lines(data, file, Account())), "")


def columns_of(folder: Folder, file: str) -> list[str]:
    """Names of a table's columns, by its first line; tabs separate those of `.tsv`, commas those of `.csv`."""
    first = head(folder, file)
    if file.lower().endswith(".tsv"):
        return [name.strip() for name in first.split("\t")]
    return [name.strip() for name in next(csv.reader([first]), [])]


def rows(given: Given, file: str, needed: Collection[str]) -> Iterator[tuple[Place, dict[str, str]]]:
    """A table's rows by column, white space around values taken off. Lines of `.tsv` have no quoting, as Common Voice
    writes them; those of `.csv` have it."""
    found = _split_tabs(given, file) if file.lower().endswith(".tsv") else _split_commas(given, file)
    _, names = next(found, (Place(file), []))
    names = [name.strip() for name in names]
    if missing := [name for name in needed if name not in names]:
        given.account.problem(Place(file, 1), f"the column {', '.join(missing)} is missing; there are {names}")
        return
    for place, values in found:
        if len(values) != len(names):
            given.account.problem(place, f"has {len(values)} columns where there are {len(names)} names of columns")
            continue
        yield place, {name: value.strip() for name, value in zip(names, values, strict=True)}


def objects(given: Given, file: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """A list of JSON objects, one a line."""
    for place, line in lines(given, file):
        try:
            value = parse_json(line, "the line", _LINE)
        except TextRefused as error:
            given.account.problem(place, str(error))
            continue
        if isinstance(value, dict):
            yield place, value
        else:
            given.account.problem(place, "is not a JSON object")


def seconds_of(value: object) -> float | None:
    """A number of seconds from 0 on, however it is written; None where it is none."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if 0.0 <= number < float("inf") else None


def text_of(value: Mapping[str, Any], *keys: str) -> str | None:
    """The first of some fields that holds a text or a number, as text without white space around; None without one."""
    for key in keys:
        found = value.get(key)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return str(found)
        if isinstance(found, str):
            return found.strip()
    return None


def _split_tabs(given: Given, file: str) -> Iterator[tuple[Place, list[str]]]:
    return ((place, line.split("\t")) for place, line in lines(given, file))


def _split_commas(given: Given, file: str) -> Iterator[tuple[Place, list[str]]]:
    """Values of `.csv`, in which quotation marks may hold commas and ends of lines; a row's place is its last line."""
    kept = list(lines(given, file))
    reader = csv.reader(io.StringIO("\n".join(line for _, line in kept), newline=""), strict=True)
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            given.account.problem(kept[reader.line_num - 1][0], f"is not CSV: {error}")
            return
        yield kept[reader.line_num - 1][0], values


def _decoded_lines(data: bytes, file: str, account: Account) -> Iterator[tuple[Place, str]]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            account.problem(Place(file), f"is not UTF-16, as its first two bytes say: {error.reason}")
            return
    for number, raw in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        try:
            line = raw.decode().removesuffix("\r")
        except UnicodeDecodeError as error:
            account.problem(Place(file, number), f"is not UTF-8: byte 0x{raw[error.start]:02x}; save the file as UTF-8")
            continue
        if line.strip():
            yield Place(file, number), line


def _unpacked(folder: Folder, file: str) -> bytes:
    with gzip.open(folder.path(file)) as handle:
        data = handle.read(_TABLE.bytes + 1)
    if len(data) > _TABLE.bytes:
        raise TextRefused("too large", allowed=f"{_TABLE.bytes:,} bytes when it is unpacked")
    return data
