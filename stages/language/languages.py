"""A prompt, in; the ISO 639 code of its language, guessed from script and stop words, out."""

import re
from collections import Counter

from imagine.stages.language import lexicon

_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"),
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]"),
    "uk": re.compile(r"[іїєґІЇЄҐ]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
}
_NAMES = {
    **{"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian"},
    **{"pt": "Portuguese", "nl": "Dutch", "ja": "Japanese", "ko": "Korean"},
    # Japanese without kana looks the same.
    "zh": "Chinese or Japanese",
    **{"uk": "Ukrainian", "ru": "Russian", "ar": "Arabic", "hi": "Hindi", "th": "Thai"},
    **{"el": "Greek", "he": "Hebrew"},
}
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")


def language_of(text: str) -> str:
    """ "en" for Latin script without other cues, "und" for text without any letter known here."""
    latin = len(_LATIN.findall(text))
    counts = {code: len(script.findall(text)) for code, script in _SCRIPTS.items()}
    # Kana or Ukrainian letters decide even where the shared script has more letters.
    for code, shared in (("ja", "zh"), ("uk", "ru")):
        if counts[code]:
            counts[code] += counts.pop(shared)
    code, most = max(counts.items(), key=lambda item: item[1])
    # A Chinese character says about as much as three Latin letters.
    weight = 3 if code in ("zh", "ja", "ko") else 1
    if most * weight > latin:
        return code
    if not latin:
        return "und"
    return _latin_language(text)


def language_shown(code: str) -> str:
    """A language as a sentence names it: "French"."""
    return _NAMES.get(code, "a language that imagine does not know")


def _latin_language(text: str) -> str:
    found = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    scores = {
        code: sum(
            count for word, count in found.items() if word in lexicon.words(f"languages.{code}")
        )
        for code in lexicon.table("languages")
    }
    best = max(scores, key=lambda code: (scores[code], code == "en"))
    # Two stop words more than English has, and a fair share of the text, or it is English.
    clear = scores[best] >= scores["en"] + 2 and scores[best] * 5 >= found.total()
    return best if clear else "en"
