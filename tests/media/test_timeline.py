from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from modellab.media.audio import Samples
from modellab.media.decode import Losses, MediaReader
from modellab.media.timeline import MOST_FILLED_S, TimeJump, Timeline

Tone = Callable[..., Samples]
Encode = Callable[..., Path]


def run(path: Path, audio_stream: int | None = None) -> tuple[MediaReader, Samples]:
    with MediaReader(path, audio_stream=audio_stream) as reader:
        return reader, np.concatenate([np.abs(block).max(axis=0) for block in reader.blocks()])


def test_sound_that_begins_eleven_minutes_in_keeps_its_time(encode: Encode, tone: Tone) -> None:
    path = encode("a.mka", [tone(1.0)[np.newaxis], tone(1.0)[np.newaxis]], codec="pcm_s16le", first_pts=(0, 10_560_000))
    reader, loudness = run(path, audio_stream=1)
    assert np.flatnonzero(loudness > 0.1)[0] / 16_000 == pytest.approx(660.0, abs=0.01)
    assert reader.warnings()[1] == "1 gap, 660.00 s in all, was filled with silence"
    assert reader.report.doubted_jumps == []


def test_a_pause_of_twenty_minutes_within_the_stated_length_is_silence(encode: Encode, tone: Tone) -> None:
    path = encode(
        "a.mka", [tone(1_300.0, 1_000)[np.newaxis]], codec="pcm_s16le", rate_hz=1_000, cut=(50_000, 1_250_000)
    )
    reader, loudness = run(path)
    assert len(loudness) == pytest.approx(1_300_000, abs=2)
    assert reader.report.filled_s == pytest.approx(1_200.0, abs=1.1)


def test_without_a_stated_length_the_picture_vouches_for_the_silence(tmp_path: Path, tone: Tone) -> None:
    path = tmp_path / "a.ts"
    with av.open(path, "w", options={"muxdelay": "0"}) as container:
        video = container.add_stream("mpeg2video", rate=25)
        video.width = video.height = 32
        audio = container.add_stream("mp2", rate=16_000, layout="mono")
        audio.time_base = Fraction(1, 16_000)
        sound = av.AudioFrame.from_ndarray((tone(2.0) * 32_767).astype(np.int16)[np.newaxis], "s16", "mono")
        sound.sample_rate, sound.pts = 16_000, 0
        packets = [*audio.encode(sound), *audio.encode(None)]
        for packet in packets:
            packet.pts = packet.dts = packet.pts + 700 * 16_000
        for second in range(0, 704, 2):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = second * 25, Fraction(1, 25)
            container.mux(video.encode(frame))
            if second == 700:
                container.mux(packets)
        container.mux(video.encode(None))
    reader, loudness = run(path)
    assert np.flatnonzero(loudness > 0.1)[0] / 16_000 == pytest.approx(700.0, abs=0.2)
    assert reader.report.doubted_jumps == []


def follow(timeline: Timeline, *stamps: float) -> list[float]:
    return [timeline.place(stamp, 1.0) for stamp in stamps]


def test_a_jump_beyond_all_reason_is_named_and_what_follows_still_counts() -> None:
    timeline = Timeline(origin_s=0.0, stated_s=None)
    assert follow(timeline, 0.0, 1.0, 100_002.0, 100_003.0, 100_014.0) == [0.0, 0.0, 0.0, 0.0, 10.0]
    assert timeline.doubted == [TimeJump(at_s=2.0, by_s=100_000.0)]
    assert (timeline.position_s, timeline.gaps, timeline.filled_s) == (15.0, 1, 10.0)
    assert timeline.warnings()[1].startswith(
        "the file's time stamps were not believed once: at 0:00:02.000 they jump ahead by 27:46:40.000; what "
    )


def test_a_clock_that_begins_again_is_named_and_its_gaps_still_count() -> None:
    timeline = Timeline(origin_s=0.0, stated_s=None)
    assert follow(timeline, 0.0, 1.0, 2.0, 0.0, 1.0, 5.0) == [0.0, 0.0, 0.0, 0.0, 0.0, 3.0]
    assert timeline.doubted == [TimeJump(at_s=3.0, by_s=-3.0)]
    assert "they jump back by 0:00:03.000" in timeline.warnings()[1]


def test_overlaps_of_less_than_a_second_are_nothing() -> None:
    timeline = Timeline(origin_s=0.0, stated_s=None)
    assert follow(timeline, 0.0, 0.98, 1.9, 2.9) == [0.0] * 4
    assert timeline.warnings() == []


@pytest.mark.parametrize(
    ("stated_s", "others", "gap_s"),
    [
        (None, [], 0.0),
        (660.0, [], 0.0),
        (661.0, [], 660.0),
        (None, [0.0, 300.0], 0.0),
        (None, [0.0, 100.0, 500.0], 660.0),
    ],
)
def test_what_vouches_for_a_long_silence(stated_s: float | None, others: list[float], gap_s: float) -> None:
    timeline = Timeline(origin_s=0.0, stated_s=stated_s)
    timeline.place(0.0, 1.0)
    for time_s in others:
        timeline.see_other(time_s)
    assert timeline.place(661.0 + 0.5, 1.0) == (gap_s and 660.5)
    assert bool(timeline.doubted) is not bool(gap_s)


def test_all_gaps_together_have_a_limit() -> None:
    timeline = Timeline(origin_s=0.0, stated_s=None)
    stamps = [index * 600.0 for index in range(100)]
    gaps = follow(timeline, *stamps)
    assert sum(gaps) == timeline.filled_s <= MOST_FILLED_S
    assert timeline.gaps == 24 and timeline.doubts == 99 - 24
    assert len(timeline.doubted) == 20
    assert timeline.position_s == timeline.filled_s + 100.0


def test_the_recording_begins_with_the_first_stream() -> None:
    timeline = Timeline(origin_s=None, stated_s=None)
    timeline.see_other(50.0)
    timeline.see_other(52.0)
    assert timeline.place(55.0, 1.0) == 5.0


@pytest.mark.parametrize("ending", ["mka", "mkv", "nut", "mov"])
def test_a_clock_that_begins_late_is_named_and_is_no_loss(encode: Encode, tone: Tone, ending: str) -> None:
    path = encode(f"a.{ending}", [tone(11.0)[np.newaxis]], codec="pcm_s16le", first_pts=(10_560_000,))
    reader, loudness = run(path)
    assert len(loudness) == 11 * 16_000
    assert loudness[:160].max() > 0.1
    assert reader.warnings() == [
        "the file's clock begins at 0:11:00.000; times here count from the first sound, as 0:00"
    ]
    assert reader.losses() == Losses()
    assert reader.info.stated_duration_s == pytest.approx(11.0, abs=0.1)


def test_what_a_file_with_a_late_clock_lacks_counts_from_its_start(encode: Encode, tone: Tone) -> None:
    path = encode("a.mkv", [tone(20.0)[np.newaxis]], codec="pcm_s16le", first_pts=(10_560_000,))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    reader, loudness = run(path)
    held_s = len(loudness) / 16_000
    assert held_s == pytest.approx(10.0, abs=0.5)
    assert reader.warnings()[1:] == [f"the file states a length of 20.00 s, but holds {held_s:.2f} s"]
    losses = reader.losses()
    assert losses == Losses(stated_s=losses.stated_s, held_s=held_s)
    assert losses.stated_s == pytest.approx(20.0, abs=0.01)


def test_the_clock_of_mpeg_streams_begins_at_a_second_and_a_half_and_is_not_worth_a_word(
    encode: Encode, tone: Tone
) -> None:
    path = encode("a.mka", [tone(2.0)[np.newaxis]], codec="pcm_s16le", first_pts=(22_400,))
    reader, _ = run(path)
    assert reader.info.clock_start_s == 1.4
    assert reader.warnings() == []
