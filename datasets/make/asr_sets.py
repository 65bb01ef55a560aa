"""asr_golden_v1, asr_smoke_v1, enhance_smoke_v1 and tts_smoke_v1."""

from corpus import Corpus, Given, case, speech_of, speech_source
from scripts import Utterance, talks, utterances, voices
from signals import babble, pink, room, street, telephone, with_noise
from sound import Sound, at_level, seconds_of

CONDITIONS = ("clean", "pink", "babble", "street", "channel")
SNRS_DB = (20, 10, 5, 0)
"""0 dB beside the usual ones: these voices speak so clearly that models hear them at 5."""
SMOKE = ("heart-prose", "joe-meeting", "kumo-numbers", "awb-dates")
ENHANCED = 6


def make(corpus: Corpus) -> None:
    """Write the four sets."""
    cases = {utterance.id: _case(corpus, utterance, number) for number, utterance in enumerate(utterances())}
    corpus.manifest(
        "asr_golden_v1",
        "40 English sentences by eight synthetic voices: clean, in three kinds of noise at 20, 10, 5 and 0 dB, "
        "over a telephone and in a room; each voice says one sentence of each of five domains",
        ["asr"],
        list(cases.values()),
    )
    corpus.manifest(
        "asr_smoke_v1",
        "four of the sentences of asr_golden_v1: a check that recognition works, no measurement",
        ["asr"],
        [cases[name] for name in SMOKE],
    )
    noisy = [utterance for utterance in utterances() if "snr" in cases[utterance.id]["tags"]]
    corpus.manifest(
        "enhance_smoke_v1",
        "sentences of asr_golden_v1 in noise, each with the speech alone and its text",
        ["enhance", "asr"],
        [_with_clean(cases[utterance.id], utterance) for utterance in _spread(noisy, ENHANCED)],
    )
    corpus.manifest("tts_smoke_v1", "texts to be spoken", ["tts"], [_prompt(*each) for each in PROMPTS])


def condition(number: int) -> tuple[str, int | None]:
    """What is done to the utterance of a number, and at which SNR: each voice and each domain gets all conditions."""
    voice, domain = divmod(number, len(CONDITIONS))
    place = (voice + domain) % len(CONDITIONS)
    is_noise = CONDITIONS[place] in ("pink", "babble", "street")
    return CONDITIONS[place], SNRS_DB[(voice + place) % len(SNRS_DB)] if is_noise else None


def _case(corpus: Corpus, utterance: Utterance, number: int) -> Given:
    kind, snr_db = condition(number)
    speech, voice = speech_of(utterance), utterance.voice
    tags = {"noise": "clean" if snr_db is None else kind}
    if snr_db is not None:
        tags["snr"] = f"{snr_db} dB"
    tags |= {"domain": utterance.domain, "accent": voice.accent, "sex": voice.sex, "channel": "wideband"}
    if kind == "channel":
        is_telephone = voice.sex == "male"
        tags["channel"] = "telephone" if is_telephone else "room"
        heard = telephone(speech) if is_telephone else at_level(room(speech, number))
    elif snr_db is not None:
        heard = with_noise(speech, _noise(kind, seconds_of(speech), number, utterance), snr_db)
    source = speech_source(utterance) if kind == "clean" else corpus.save(f"asr/{utterance.id}", heard)
    return case(utterance.id, source, {"text": utterance.text, "names": list(utterance.names)}, tags, [voice.id])


def _noise(kind: str, seconds: float, seed: int, utterance: Utterance) -> Sound:
    if kind == "babble":
        turns = [turn.utterance for talk in talks().values() for turn in talk.turns]
        others = [other for other in turns if other.voice != utterance.voice][seed % 7 :: 7]
        return babble([speech_of(other) for other in others], seconds)
    return {"pink": pink, "street": street}[kind](seconds, seed)


def _with_clean(noisy: Given, utterance: Utterance) -> Given:
    return noisy | {"reference": noisy["reference"] | {"clean": speech_source(utterance)}}


def _spread(noisy: list[Utterance], count: int) -> list[Utterance]:
    """Some of them, of different voices where there are enough."""
    first = {utterance.voice.id: utterance for utterance in noisy}
    return [first[voice] for voice in voices() if voice in first][:count]


PROMPTS = (
    ("greeting", "short", "Good morning, and welcome to the weekly meeting."),
    ("numbers", "numbers", "The invoice of March 3rd comes to $1,250.50, payable within 30 days."),
    ("clock", "numbers", "The 7:45 train runs at 8:10 today, from platform 12."),
    ("abbreviations", "abbreviations", "Dr. Hill of the EU office moved from 5th Ave. to St. James St. in Jan. 2025."),
    ("names", "names", "Siobhan, Xavier and Mr. Nguyen will fly from Reykjavik to Worcester."),
    ("question", "short", "Did you really say that nobody read the report?"),
    (
        "long",
        "long",
        "When the rain had stopped at last, the men who had waited all night in the shed by the river went out, one "
        "after the other, to see what the flood had left of the bridge, the road to the mill, and the two fields "
        "below it in which, only a week before, they had cut the last of the hay.",
    ),
    ("homographs", "homographs", "I read the lead article about the wind that would wind up the minute hand."),
)
"""Id, domain and text of a prompt."""


def _prompt(name: str, domain: str, text: str) -> Given:
    return case(name, {"text": text}, {"prompt": text}, {"domain": domain})
