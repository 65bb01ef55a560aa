"""The local day of a recording."""

from datetime import date
from pathlib import Path

import av
import pytest

from modellab.local_days import checked_zone, machine_zone
from modellab.text.recorded import day_in_tags, recording_date

REGISTERED = "2026-11-21T03:30:00.000+00:00"
NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"


def _tagged(source: Path, target: Path, **tags: str) -> Path:
    options = {"movflags": "use_metadata_tags"} if target.suffix == ".mov" else {}
    with av.open(str(source)) as reading, av.open(str(target), "w", options=options) as writing:
        writing.metadata.update(tags)
        stream = writing.add_stream_from_template(reading.streams.audio[0])
        for packet in reading.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                writing.mux(packet)
    return target


def test_the_day_is_the_given_the_tagged_or_the_one_of_registering(sample_wav: Path, tmp_path: Path) -> None:
    assert recording_date(date(2026, 1, 1), sample_wav, REGISTERED, "UTC") == (date(2026, 1, 1), "parameter")
    assert recording_date(None, sample_wav, REGISTERED, "UTC") == (date(2026, 11, 21), "registered")
    assert recording_date(None, sample_wav, REGISTERED, NEW_YORK) == (date(2026, 11, 20), "registered")
    tagged = _tagged(sample_wav, tmp_path / "tagged.mka", creation_time="2025-11-05T22:30:00Z")
    assert recording_date(None, tagged, REGISTERED, "UTC") == (date(2025, 11, 5), "file")
    assert recording_date(None, tagged, REGISTERED, TOKYO) == (date(2025, 11, 6), "file")


@pytest.mark.parametrize("zone", ["UTC", NEW_YORK, TOKYO])
def test_a_phone_s_own_offset_beats_the_instant_in_utc(sample_wav: Path, tmp_path: Path, zone: str) -> None:
    tags = {"creation_time": "2026-11-21T03:30:00Z", "com.apple.quicktime.creationdate": "2026-11-20T22:30:00-0500"}
    phone = _tagged(sample_wav, tmp_path / "friday_evening.mov", **tags)
    assert recording_date(None, phone, "2026-11-25T10:00:00+00:00", zone) == (date(2026, 11, 20), "file")


@pytest.mark.parametrize(
    ("tags", "day"),
    [
        ({"creation_time": "2026-11-21T03:30:00.000000Z"}, date(2026, 11, 20)),
        ({"creation_time": "2026-11-21 03:30:00 UTC"}, date(2026, 11, 20)),
        ({"date": "2026-11-21T06:30:00+0900"}, date(2026, 11, 21)),
        ({"date": "2026-11-20T22:30:00-05:00", "creation_time": "2026-11-21T03:30:00Z"}, date(2026, 11, 20)),
        ({"date": "2026-11-21"}, date(2026, 11, 21)),
        ({"date": "2026-11-21T03:30:00"}, date(2026, 11, 21)),
        ({"date": "2026:11:21 03:30:00"}, date(2026, 11, 21)),
        ({"date": "2026/11/21"}, date(2026, 11, 21)),
        ({"idit": "Sat Nov 21 03:30:00 2026"}, date(2026, 11, 21)),
        ({"creation_time": "03:30:00", "date": "2026-11-21"}, date(2026, 11, 21)),
        ({"creation_time": "1904-01-01T00:00:00Z", "date": "2026-11-21"}, date(2026, 11, 21)),
        ({"date": "2026"}, None),
        ({"date": "yesterday"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
        ({"creation_time": "9999-12-31T23:59:59Z"}, date(9999, 12, 31)),
        ({"creation_time": "0001-01-01T00:00:00Z"}, None),
        ({"creation_time": ""}, None),
    ],
)
def test_tags_of_many_kinds_in_new_york(tags: dict[str, str], day: date | None) -> None:
    assert day_in_tags(tags, NEW_YORK) == day


def test_the_calendar_s_last_instant_is_its_last_day_everywhere() -> None:
    assert day_in_tags({"creation_time": "9999-12-31T23:59:59Z"}, TOKYO) == date(9999, 12, 31)


def test_a_zone_has_one_name_and_an_unknown_one_is_refused() -> None:
    assert checked_zone("Etc/UTC") == "UTC"
    assert checked_zone("Europe/Berlin") == "Europe/Berlin"
    for wrong in ("Europe/Atlantis", "../etc/passwd", "", "CET+1"):
        with pytest.raises(ValueError, match="no time zone of the IANA database"):
            checked_zone(wrong)


@pytest.mark.parametrize(
    ("said", "name"), [("America/New_York", NEW_YORK), (":Asia/Tokyo", TOKYO), ("EST5EDT", "EST5EDT"), ("UTC", "UTC")]
)
def test_the_machine_s_zone_is_what_tz_says(monkeypatch: pytest.MonkeyPatch, said: str, name: str) -> None:
    monkeypatch.setenv("TZ", said)
    assert machine_zone() == name
