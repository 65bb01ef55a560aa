"""Words that carry no topic, by language."""

from functools import cache

from modellab.text.english import word_list
from modellab.text.sentences import tokens


@cache
def stop_words(language: str | None) -> frozenset[str]:
    """The stop words of a language (57 have a list, others none), with spoken fillers in English."""
    import stopwordsiso

    code = language or "en"
    spoken = frozenset(word_list("spoken")) if code == "en" else frozenset()
    return frozenset(stopwordsiso.stopwords(code)) | spoken if stopwordsiso.has_lang(code) else spoken


def content_words(text: str, language: str | None) -> list[str]:
    """The words that are not stop words, lower case, in order, numbers included."""
    stop = stop_words(language)
    return [token for token in tokens(text) if token not in stop]
