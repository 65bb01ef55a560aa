"""Writing a Meeting Pack: a folder of files with flat names and a zip of exactly those files."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modellab.artifacts.store import Artifact
from modellab.bundle import page, scoring, subtitles
from modellab.bundle.archive import write_zip
from modellab.bundle.audio import FILE_NAME as AUDIO
from modellab.bundle.audio import MEDIA_TYPE
from modellab.bundle.manifest import NAME as MANIFEST
from modellab.bundle.manifest import Absence, write_manifest
from modellab.bundle.meeting import Meeting
from modellab.bundle.published import publish
from modellab.media.audio import Samples
from modellab.media.inputs import RegisteredInput
from modellab.surfaces.results import dump

FOLDER = "pack"
PAGE = "index.html"
JSON = "transcript.json"
EMBED_UP_TO_BYTES = 25_000_000
"""A larger recording stays beside the page: 70 to 80 minutes at the pack's bit rates."""
DESCRIPTIONS: Mapping[str, str] = {
    PAGE: "the meeting as a page: open this",
    AUDIO: "the recording",
    "transcript.md": "transcript, Markdown",
    "transcript.txt": "transcript, plain text",
    JSON: "transcript with every word's time, JSON",
    "transcript.srt": "subtitles, SubRip",
    "transcript.vtt": "subtitles, WebVTT with speakers",
    "transcript.ctm": "words and times, NIST CTM",
    "transcript.stm": "paragraphs and times, NIST STM",
    "diarization.rttm": "who spoke when, NIST RTTM",
}
"""Every file a pack can hold besides its manifest, and what it is, in the order they are listed."""


@dataclass(frozen=True, slots=True)
class WrittenPack:
    """What was written."""

    files: int
    """Of the pack, its manifest included."""
    bytes: int
    html_bytes: int
    zip_name: str
    zip_bytes: int


def write_pack(
    output: Path,
    meeting: Meeting,
    *,
    peaks: Samples,
    source: RegisteredInput,
    reads: Sequence[Artifact],
    absent: Sequence[Absence],
    code_version: str,
    write_recording: Callable[[Path], None],
) -> WrittenPack:
    """Write `pack/` and its zip into an empty folder.

    Args:
        peaks: waveform over the original recording, shape `(n,)`.
        reads: the artifacts the meeting was worked out from.
        absent: what the pack lacks because a step gave nothing.
        write_recording: writes the recording, as MP3, to a path. It runs in a thread beside the texts: encoding takes
            most of the time, and no time of Python's.
    """
    folder = output / FOLDER
    folder.mkdir()
    with ThreadPoolExecutor(1) as beside:
        recording = beside.submit(write_recording, folder / AUDIO)
        credits = made_by(reads)
        texts = _write_texts(folder, meeting, credits)
    recording.result()

    present = {PAGE, AUDIO, *texts}
    files = {name: what for name, what in DESCRIPTIONS.items() if name in present}
    audio = folder / AUDIO
    small = audio.stat().st_size <= EMBED_UP_TO_BYTES
    others = {name: what for name, what in files.items() if name != PAGE} | {
        MANIFEST: "what the pack holds and rests on"
    }
    html = page.render_html(
        meeting, peaks, page.PageAudio(AUDIO, MEDIA_TYPE, audio.read_bytes() if small else None), others, credits
    )
    (folder / PAGE).write_text(html, "utf-8")
    write_manifest(
        folder,
        title=meeting.title,
        source=source,
        code_version=code_version,
        files=files,
        reads=reads,
        absent=absent,
    )
    paths = [folder / MANIFEST, *(folder / name for name in files)]
    archive = output / f"{meeting.slug}.zip"
    write_zip(archive, paths)
    return WrittenPack(
        files=len(paths),
        bytes=sum(path.stat().st_size for path in paths),
        html_bytes=(folder / PAGE).stat().st_size,
        zip_name=archive.name,
        zip_bytes=archive.stat().st_size,
    )


def _write_texts(folder: Path, meeting: Meeting, credits: Sequence[str]) -> list[str]:
    """Write every transcript; give their names."""
    texts = {
        "transcript.txt": page.render_text(meeting),
        "transcript.srt": subtitles.to_srt(meeting),
        "transcript.vtt": subtitles.to_vtt(meeting),
        "transcript.ctm": scoring.to_ctm(meeting),
        "transcript.stm": scoring.to_stm(meeting),
        "transcript.md": page.render_markdown(meeting, credits),
    }
    if meeting.turns is not None:
        texts["diarization.rttm"] = scoring.to_rttm(meeting)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    dump(publish(meeting), folder / JSON)
    return [*texts, JSON]


def made_by(reads: Sequence[Artifact]) -> list[str]:
    """Sentences that say which models made the pack."""
    tasks = {"asr": "Words", "diarization": "Speakers", "channels": "Speech of each channel", "vad": "Speech"}
    models = {
        artifact.step: f"{model['id']} {model['variant']}"
        for artifact in reads
        if (model := artifact.manifest["identity"]["model"]) is not None
    }
    named = [f"{what} by {models[step]}" for step, what in tasks.items() if step in models]
    credit = f"{'; '.join(named)}; put together by Model Lab." if named else "Put together by Model Lab."
    return ["This transcript was made by machine and can be wrong: listen before you quote it.", credit]
