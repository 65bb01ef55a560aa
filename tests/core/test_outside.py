"""Text from outside: what is read, what is refused, and that nothing else reads YAML or JSON by itself."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from modellab.errors import TextRefused
from modellab.outside import Limits, parse_json, parse_yaml, read_json, read_yaml
from modellab.settings import PROJECT_ROOT

_MULTIPLYING = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""Nine lines that stand for a thousand million values."""


def test_plain_text_is_read_as_its_parsers_read_it(tmp_path: Path) -> None:
    content = {"name": "Grüße 😀", "list": [1, 2.5, True, None, {"deep": [[[]]]}], "empty": {}}
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(content, ensure_ascii=False).encode())
    (tmp_path / "b.json").write_text(json.dumps(content))
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(content, allow_unicode=True))
    assert read_json(tmp_path / "a.json") == read_json(tmp_path / "b.json") == content
    assert read_yaml(tmp_path / "c.yaml") == content
    assert parse_yaml("a: &it {x: 1}\nb: *it\nc: {<<: *it, y: 2}\n", "it")["c"] == {"x": 1, "y": 2}
    assert parse_yaml("", "it") is None
    assert parse_json('["[{[{", "\\"[[", "\\\\"]', "it", Limits(bytes=100, depth=1)) == ["[{[{", '"[[', "\\"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[" * 100_000, "nested too deeply; allowed: 64 lists or mappings"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested too deeply"),
        (b"[" + b"[]," * 300_000 + b"1]", "too many values; allowed: 250,000"),
        (b" " * (5 << 20), "too large; allowed: 4,194,304 bytes"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' twice"),
        (b"[NaN]", "found NaN"),
        (b"[-Infinity]", "found -Infinity"),
        (b"[1e999]", "a number that is none; found inf"),
        (b"9" * 5000, "Exceeds the limit"),
        (b"[18446744073709551616]", "a number that is too large; found 65 bits"),
        (b'["\\ud800"]', r"half a character; found '\\ud800'"),
        (b'{"\\udfff": 1}', "half a character"),
        (b'["\xff"]', "not UTF-8; found the byte 0xff at 2"),
        ("[1]".encode("utf-16"), "not UTF-8"),
        (b"", "not JSON; found Expecting value"),
        (b"[1", "not JSON"),
        (b'["' + b"\\" * 1001, "not JSON"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else "",
)
def test_json_that_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(TextRefused, match=rf"^the file can't be read: .*{words}"):
        parse_json(text, "the file")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_MULTIPLYING, "too many values in line 4, column .*; allowed: 10,000, each counted as often"),
        ("a: &a [*a]", "a value contains itself in line 1"),
        ("a: &a\n  b: {c: *a}", "a value contains itself in line 2"),
        ("[" * 50_000, "nested too deeply in line 1, column 65; allowed: 64"),
        ("- " * 30_000, "nested too deeply"),
        ("? " * 30_000, "nested too deeply"),
        ("x" * 70_000, "too large; allowed: 65,536 bytes"),
        ("- a\n" * 11_000, "too many values"),
        ("a: 1\nb: {c: 1, c: 2}", "a key is there twice; found 'c' in line 2"),
        ("!!python/object/apply:os.system [x]", "could not determine a constructor"),
        ("2026-99-99", "not YAML: month must be in 1..12"),
        ("!!bool x", "not YAML: KeyError"),
        ("!!timestamp x", "not YAML: AttributeError"),
        ("!!int ''", "not YAML: IndexError"),
        ('"\\UFFFFFFFF"', "not YAML: "),
        ('"\\uD800"', "half a character"),
        (".nan", "a number that is none"),
        ("0x" + "f" * 6000, "a number that is too large; found 24000 bits"),
        ("9" * 6000, "not YAML: Exceeds the limit"),
        ("a: 1\n--- \nb: 1", "expected a single document"),
        ("a: \x00", "not YAML: .*special characters are not allowed"),
        ("{[1]: 2}", "unhashable key"),
    ],
    ids=lambda value: ascii(value[:20]),
)
def test_yaml_that_is_refused(text: str, words: str) -> None:
    with pytest.raises(TextRefused, match=rf"^the file can't be read: .*{words}"):
        parse_yaml(text, "the file")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    for read, name in ((read_yaml, "pipe.yaml"), (read_json, "endless.json")):
        with pytest.raises(TextRefused, match="not a file"):
            read(tmp_path / name)


def test_both_parsers_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [
        path for folder in ("models", "pipelines", "use-cases") for path in (PROJECT_ROOT / folder).rglob("*.yaml")
    ]
    assert len(files) > 50
    quick = [read_yaml(path) for path in files]
    monkeypatch.setattr("modellab.outside._Quick", None)
    assert quick == [read_yaml(path) for path in files]


def test_nothing_else_reads_yaml_or_json() -> None:
    """A reader of its own would have no limits."""
    reading = re.compile(r"\b(?:json\.loads?|yaml\.(?:safe_|full_|unsafe_)?load|yaml\.compose)\b")
    found = {
        str(path.relative_to(PROJECT_ROOT))
        for folder in ("modellab", "models", "assets", "resources", "modellab_dagster")
        for path in (PROJECT_ROOT / folder).rglob("*.py")
        if reading.search(path.read_text("utf-8"))
    }
    # Messages between the lab and a model's process may hold what no file may: halves of characters, infinities.
    assert found == {"modellab/outside.py", "modellab/registry/hosts/codec.py"}
