"""Writing a Meeting Pack: a folder of files with flat names and a zip of exactly those files."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from modellab.artifacts.store import Artifact
from modellab.bundle import document, page, scoring, subtitles
from modellab.bundle.archive import write_zip
from modellab.bundle.audio import FILE_NAME as AUDIO
from modellab.bundle.audio import MEDIA_TYPE
from modellab.bundle.manifest import NAME as MANIFEST
from modellab.bundle.manifest import write_manifest
from modellab.bundle.meeting import Meeting
from modellab.bundle.published import publish
from modellab.documents import dump
from modellab.formats.rttm import to_rttm
from modellab.inputs.registered import RegisteredInput
from modellab.media.audio import Samples
from modellab.units import plural

FOLDER = "pack"
PAGE = "index.html"
JSON = "transcript.json"
DOCUMENT = "meeting.docx"
EMBED_UP_TO_BYTES = 25_000_000
"""A larger recording stays beside the page: 52 minutes of an MP3 taken as it is, else 70 to 80."""
DESCRIPTIONS: Mapping[str, str] = {
    PAGE: "the meeting as a page: open this",
    AUDIO: "the recording",
    DOCUMENT: "the meeting as a document, Word",
    "transcript.md": "the meeting as text, Markdown",
    "transcript.txt": "transcript, plain text",
    JSON: "the meeting with every word's time, JSON",
    "transcript.srt": "subtitles, SubRip",
    "transcript.vtt": "subtitles, WebVTT with speakers",
    "transcript.ctm": "words and times, NIST CTM",
    "transcript.stm": "paragraphs and times, NIST STM",
    "transcript.seglst.json": "paragraphs and times, SegLST",
    "diarization.rttm": "who spoke when, NIST RTTM",
}
"""Every file a pack can hold besides its manifest, and what it is, in the order they are listed."""

_BY_MODELS = {"recognition": "Words", "diarization": "Speakers", "speech": "Speech"}
"""Role -> what a model that filled it is credited with."""
_OF_CHANNELS = "Speech of each channel"
"""What it is credited with where one result has turns and speech."""
_FROM_WORDS = {"chapters": "Chapters", "summary": "Summary", "action_items": "Action items"}
_HOW = {"extractive": "from the words themselves", "rules": "by rules"}
"""Backend of a text step that is not a language model -> how it works."""


@dataclass(frozen=True, slots=True)
class WrittenPack:
    """What was written."""

    files: int
    """Of the pack, its manifest included."""
    bytes: int
    html_bytes: int
    zip_name: str
    zip_bytes: int
    chapters: int | None
    """How many it tells; like the two below, None where nothing looked for them."""
    summary_lines: int | None
    action_items: int | None


def write_pack(
    output: Path,
    meeting: Meeting,
    *,
    peaks: Samples,
    source: RegisteredInput,
    reads: Mapping[str, Artifact],
    code_version: str,
    write_recording: Callable[[Path], None],
) -> WrittenPack:
    """Write `pack/` and its zip into an empty folder.

    Args:
        peaks: waveform over the original recording, shape `(n,)`.
        reads: role -> an artifact that the meeting was worked out from.
        write_recording: writes the recording, as MP3, to a path. It runs in a thread beside the texts.
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
        meeting=meeting,
        source=source,
        code_version=code_version,
        files=files,
        reads=list(reads.values()),
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
        chapters=None if meeting.chapters is None else len(meeting.chapters),
        summary_lines=None if meeting.summary is None else len(meeting.summary.lines),
        action_items=None if meeting.action_items is None else len(meeting.action_items.items),
    )


def _write_texts(folder: Path, meeting: Meeting, credits: Sequence[str]) -> list[str]:
    """Write every transcript; give their names."""
    texts = {
        "transcript.txt": page.render_text(meeting),
        "transcript.srt": subtitles.to_srt(meeting),
        "transcript.vtt": subtitles.to_vtt(meeting),
        "transcript.ctm": scoring.to_ctm(meeting),
        "transcript.stm": scoring.to_stm(meeting),
        "transcript.seglst.json": scoring.to_seglst(meeting),
        "transcript.md": page.render_markdown(meeting, credits),
    }
    if meeting.turns is not None:
        texts["diarization.rttm"] = to_rttm(meeting.turns, meeting.slug)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    dump(publish(meeting), folder / JSON)
    document.write_document(folder / DOCUMENT, meeting, credits)
    return [*texts, JSON, DOCUMENT]


def made_by(reads: Mapping[str, Artifact]) -> list[str]:
    """Sentences that say how the pack was made.

    Args:
        reads: role -> artifact.
    """
    credits = ["This transcript was made by machine and can be wrong: listen before you quote it."]
    models = {artifact.fingerprint: artifact.manifest["identity"]["model"] for artifact in reads.values()}
    done: dict[str, list[str]] = {}
    for role, what in _BY_MODELS.items():
        if role in reads:
            done.setdefault(reads[role].fingerprint, []).append(what)
    named = [
        f"{_OF_CHANNELS if whats == ['Speakers', 'Speech'] else ' and '.join(whats).capitalize()}"
        f" by {model['id']} {model['variant']}"
        for key, whats in done.items()
        if (model := models[key])
    ]
    made: dict[str, list[str]] = {}
    for role, what in _FROM_WORDS.items():
        if role in reads:
            made.setdefault(reads[role].summary["backend"], []).append(what)
    named += [
        f"{' and '.join(whats).capitalize()} {_HOW.get(backend, f'by {backend}')}" for backend, whats in made.items()
    ]
    credits.append(f"{'; '.join(named)}; put together by Model Lab." if named else "Put together by Model Lab.")
    rejected = sum(reads[role].summary.get("rejected", 0) for role in _FROM_WORDS if role in reads)
    if rejected:
        credits.append(f"Left out, because the words that were cited for it were not said: {plural(rejected, 'line')}.")
    return credits
