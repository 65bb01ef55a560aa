import pytest

from modellab.units import clock, figure, length, plural, size, speed


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0:00.0"), (7.26, "0:07.3"), (59.96, "1:00.0"), (725.0, "12:05.0"), (3723.4, "1:02:03.4")],
)
def test_clock_to_a_tenth(seconds: float, shown: str) -> None:
    assert clock(seconds, 1) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (7.99, "0:07"), (725, "12:05"), (3723.4, "1:02:03")])
def test_clock_to_whole_seconds_is_never_late(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(660.0, "0:11:00.000"), (100_000.0005, "27:46:40.000")])
def test_clock_of_a_file(seconds: float, shown: str) -> None:
    assert clock(seconds, 3, hours=True) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.00 s"),
        (9.99, "9.99 s"),
        (9.996, "10.0 s"),
        (59.9, "59.9 s"),
        (59.96, "1 min 00 s"),
        (245.2, "4 min 05 s"),
        (3599.6, "1 h 00 min"),
        (3720.0, "1 h 02 min"),
    ],
)
def test_length(seconds: float, shown: str) -> None:
    assert length(seconds) == shown


def test_speed_is_audio_over_inference_and_nothing_without_inference() -> None:
    assert speed(30.0, 2.0) == "15.0×"
    assert speed(3000.0, 2.0) == "1,500×"
    assert speed(30.0, 0.0) is None


def test_figures_sizes_and_counts() -> None:
    assert (figure(0.126), figure(12.34)) == ("0.13", "12.3")
    assert (size(512), size(1536), size(5 * 1024**3)) == ("512 B", "1.5 KiB", "5.0 GiB")
    assert (plural(1, "file"), plural(0, "file"), plural(1200, "file")) == ("1 file", "0 files", "1,200 files")
