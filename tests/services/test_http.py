"""Asking over HTTP: what passes is tried again, what does not is not, and nobody waits longer than they want to."""

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from modellab.services.http import Answer, Patience, Send, Transient, Unanswered, ask, asked_to_wait, plain_address
from tests.services.played import Played, Reply

PATIENCE = Patience(timeout_s=20.0, attempts=3, first_wait_s=0.01, longest_wait_s=0.02)


def getting(service: Played) -> Send:
    return lambda client: client.stream("GET", f"{service.url}/thing")


def whole(answer: Answer) -> bytes:
    return answer.content


def asked(service: Played, patience: Patience = PATIENCE, pause: Callable[[float], None] | None = None) -> bytes:
    return ask(getting(service), patience, whole, largest_bytes=1000, pause=pause or (lambda seconds: None))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_and_the_answer_says_how_often(service: Played, status: int) -> None:
    service.fail(status)
    service.fail(status)
    service.say("yes")
    waited: list[float] = []
    answer = ask(getting(service), PATIENCE, lambda answer: answer, largest_bytes=1000, pause=waited.append)
    assert (answer.content, answer.attempts, len(service.requests)) == (b'"yes"', 3, 3)
    assert len(waited) == 2 and all(0.0 <= seconds <= 0.02 for seconds in waited)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413, 422, 501])
def test_what_does_not_pass_is_asked_once(service: Played, status: int) -> None:
    service.fail(status, b"because")
    with pytest.raises(Unanswered, match=f"^status {status}: because$") as caught:
        asked(service)
    assert (caught.value.status, caught.value.attempts, len(service.requests)) == (status, 1, 1)


def test_it_gives_up_after_so_many_attempts_and_says_so(service: Played) -> None:
    service.fail(503, b"down for a while")
    with pytest.raises(Unanswered, match=r"^status 503: down for a while, 3 times$"):
        asked(service)
    assert len(service.requests) == 3


def test_as_long_as_it_asks_for_is_waited_for(service: Played) -> None:
    service.fail(429, Retry_After="7")
    service.say("yes")
    waited: list[float] = []
    assert asked(service, pause=waited.append) == b'"yes"'
    assert waited == [7.0]


def test_longer_than_anybody_waits_is_an_error_at_once(service: Played) -> None:
    service.fail(429, b"slow down", Retry_After="3600")
    with pytest.raises(Unanswered, match="status 429: slow down") as caught:
        asked(service)
    assert (caught.value.wait_s, len(service.requests)) == (3600.0, 1)


def test_a_retry_after_is_a_number_or_a_date() -> None:
    assert asked_to_wait(None) is None
    assert asked_to_wait("12.5") == 12.5
    assert asked_to_wait("-1") == 0.0 == asked_to_wait("nan")
    assert asked_to_wait("soon") is None
    later = asked_to_wait(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert later is not None and 90 < later <= 100
    assert asked_to_wait("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_a_connection_that_is_cut_in_the_middle_of_an_answer_is_tried_again(service: Played) -> None:
    service.replies = [Reply(body=b'"a long answer"', cut=True), Reply(body=b'"yes"')]
    assert asked(service) == b'"yes"'
    service.replies = [Reply(body=b'"a long answer"', cut=True)]
    with pytest.raises(Unanswered, match=r"RemoteProtocolError.*, 3 times") as caught:
        asked(service)
    assert caught.value.status is None and not caught.value.silent


def test_nobody_there_is_tried_again_and_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Unanswered, match=r"ConnectError.*, 3 times") as caught:
            ask(lambda client: client.stream("GET", address), PATIENCE, whole, largest_bytes=1, pause=lambda s: None)
    assert caught.value.status is None


@pytest.mark.parametrize(("passes", "asked_times"), [(True, 3), (False, 1)])
def test_a_silence_is_tried_again_only_where_that_costs_nothing(
    service: Played, passes: bool, asked_times: int
) -> None:
    service.replies = [Reply(after=threading.Event())]
    patience = Patience(timeout_s=0.1, attempts=3, first_wait_s=0.01, longest_wait_s=0.02, silence_passes=passes)
    with pytest.raises(Unanswered, match=r"no answer within 0\.1 s") as caught:
        asked(service, patience)
    assert caught.value.silent is not passes
    assert caught.value.attempts == asked_times
    service.replies[0].after.set()  # type: ignore[union-attr]


def test_an_answer_larger_than_is_read_ends_it(service: Played) -> None:
    service.say("x" * 2000)
    with pytest.raises(Unanswered, match="an answer of more than 0 MiB"):
        asked(service)
    assert len(service.requests) == 1


def test_what_is_not_understood_may_be_asked_again(service: Played) -> None:
    def understand(answer: Answer) -> str:
        if answer.attempts < 2:
            raise Transient("gibberish")
        return "understood"

    service.say("gibberish")
    pause: list[float] = []
    assert ask(getting(service), PATIENCE, understand, largest_bytes=1000, pause=pause.append) == "understood"


def test_what_stops_a_pause_ends_it_all(service: Played) -> None:
    service.fail(503)

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked(service, pause=stop)
    assert len(service.requests) == 1


def test_secrets_are_not_quoted(service: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_LLM_API_KEY", "k3y-0f-th3-l4b")
    service.fail(401, b"wrong key: k3y-0f-th3-l4b")
    with pytest.raises(Unanswered, match=r"wrong key: \[MODELLAB_LLM_API_KEY\]"):
        asked(service)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://me:secret@host/v1", "no user or password; a key's place is the variable THE_KEY"),
        ("http://host/v1?key=1", "no query or fragment"),
        ("http://host/v1#key", "no query or fragment"),
        ("ftp://host", "an address such as"),
        ("http://", "an address such as"),
        ("http://host:0", "an address such as"),
        ("http://host:99999", "an address such as"),
        ("http://ho st", "an address such as"),
    ],
)
def test_an_address_names_a_place_and_nothing_else(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plain_address(address, "THE_KEY")
    assert plain_address("https://[::1]:8000/v1", "THE_KEY") == "https://[::1]:8000/v1"
