"""What is said, and what is planted: the YAML files beside this one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Voice:
    """A voice and what a listener hears of it."""

    id: str
    engine: str
    voice: str
    speed: float
    accent: str
    sex: str


@dataclass(frozen=True)
class Utterance:
    """What one voice says without a break."""

    id: str
    voice: Voice
    text: str
    domain: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A turn of a talk."""

    speaker: str
    gap_s: float
    """From the end of the turn before to its start; below zero they overlap."""
    utterance: Utterance


@dataclass(frozen=True)
class Topic:
    """A topic and its first turn."""

    title: str
    turn: int


@dataclass(frozen=True)
class Action:
    """An action item, with the numbers of the turns that agree on it."""

    task: str
    who: str | None
    date: str | None
    turns: tuple[int, ...]


@dataclass(frozen=True)
class Talk:
    """A conversation."""

    id: str
    description: str
    turns: tuple[Turn, ...]
    topics: tuple[Topic, ...]
    actions: tuple[Action, ...]
    summary: str | None
    names: tuple[str, ...]


@cache
def voices() -> Mapping[str, Voice]:
    """The voices by id."""
    return {name: Voice(name, **given) for name, given in _read("voices.yaml").items()}


@cache
def utterances() -> tuple[Utterance, ...]:
    """Those of utterances.yaml."""
    return _utterances("utterances.yaml")


@cache
def repeats() -> tuple[Utterance, ...]:
    """Those of repeats.yaml."""
    return _utterances("repeats.yaml")


@cache
def plants() -> tuple[dict[str, Any], ...]:
    """The entries of plants.yaml."""
    return tuple(_read("plants.yaml"))


@cache
def talks() -> Mapping[str, Talk]:
    """The conversations by id."""
    return {name: _talk(name, given) for name, given in _read("talks.yaml").items()}


def spoken() -> Iterator[Utterance]:
    """Everything that a voice says."""
    yield from utterances()
    yield from repeats()
    for talk in talks().values():
        yield from (turn.utterance for turn in talk.turns)


def _talk(name: str, given: Mapping[str, Any]) -> Talk:
    turns: list[Turn] = []
    topics, actions = [], []
    for entry in given["turns"]:
        if isinstance(entry, list):
            speaker, gap_s, text = entry
            voice = voices()[given["speakers"][speaker]]
            turns.append(Turn(speaker, gap_s, Utterance(f"{name}-{len(turns):02d}", voice, text, "meeting")))
        elif "topic" in entry:
            topics.append(Topic(entry["topic"], len(turns)))
        else:
            item = entry["action"]
            behind = len(turns)
            date = item["date"].isoformat() if item["date"] else None
            actions.append(
                Action(item["task"], item["who"], date, tuple(range(behind - entry.get("turns", 1), behind)))
            )
    return Talk(
        name,
        given["description"],
        tuple(turns),
        tuple(topics),
        tuple(actions),
        given.get("summary"),
        tuple(given.get("names", ())),
    )


def _utterances(name: str) -> tuple[Utterance, ...]:
    return tuple(
        Utterance(each, voices()[each.partition("-")[0]], given["text"], given["domain"], tuple(given.get("names", ())))
        for each, given in _read(name).items()
    )


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
