"""Filters over whole recordings, in place and block by block: memory does not grow with the recording."""

import numpy as np

from modellab.media.audio import Audio, Samples

_BLOCK_SAMPLES = 1 << 18


def high_pass(audio: Audio, cutoff_hz: float, order: int) -> None:
    """Butterworth high-pass, in place; -3 dB at the cutoff, 6 dB an octave for each order below it.

    It begins as if the first sample had been there for ever, so an offset makes no click.

    Args:
        audio: at a rate above twice the cutoff.
        cutoff_hz: of the filter.
        order: of the filter.
    """
    from scipy.signal import butter, sosfilt, sosfilt_zi

    sections = butter(order, cutoff_hz, "highpass", fs=audio.sample_rate_hz, output="sos")
    for channel in audio.samples:
        state = sosfilt_zi(sections) * channel[0]
        for start in range(0, len(channel), _BLOCK_SAMPLES):
            block = channel[start : start + _BLOCK_SAMPLES]
            block[:], state = sosfilt(sections, block, zi=state)


def limit_peaks(audio: Audio, ceiling: float, reach_samples: int) -> tuple[float, float]:
    """Turn down whatever goes beyond a ceiling, in place, and smoothly what is around it; all channels alike.

    The gain is the smallest needed within reach on either side, averaged over as far: it never lets a peak through, and
    has no steps.

    Args:
        audio: any.
        ceiling: highest absolute sample afterwards.
        reach_samples: how far ahead and behind.

    Returns:
        The share of the samples that were turned down, and the smallest gain.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    length = audio.samples.shape[1]
    window, context = 2 * reach_samples + 1, 2 * reach_samples
    before = np.zeros((audio.channels, 0), dtype=np.float32)
    turned_down, smallest = 0, 1.0
    for start in range(0, length, _BLOCK_SAMPLES):
        end = min(start + _BLOCK_SAMPLES, length)
        heard = np.concatenate([before, audio.samples[:, start : end + context]], axis=1)
        skipped = before.shape[1]
        # As it was before its gain is applied, for the block after it.
        before = heard[:, : skipped + end - start][:, -context:].copy()
        needed: Samples = ceiling / np.maximum(np.abs(heard).max(axis=0), ceiling)
        gain = uniform_filter1d(minimum_filter1d(needed, window, mode="nearest"), window, mode="nearest")
        gain = gain[skipped : skipped + end - start]
        audio.samples[:, start:end] *= gain
        # Averaging leaves gains a rounding error below 1.
        turned_down += int(np.count_nonzero(gain < 1 - 1e-5))
        smallest = min(smallest, float(gain.min()))
    return turned_down / length, smallest
