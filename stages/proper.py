"""A prompt's words, in; the names among them, out."""

from collections.abc import Sequence

from imagine.stages import lexicon
from imagine.stages.words import Word, shape


def proper_nouns(words: Sequence[Word]) -> tuple[str, ...]:
    """Runs of capitalised words, letter for letter, where capitals mean something.

    At the start of a sentence a capital is no evidence unless the lexicon does not know the word;
    in a title-case or all-caps prompt no capital is.
    """
    letters = [word for word in words if word.kind != "quote" and word.text[:1].isalpha()]
    capitals = sum(word.text[0].isupper() for word in letters)
    if len(letters) >= 3 and capitals > 0.7 * len(letters):
        return ()
    small = {word.low for word in letters if word.text[0].islower()}
    found: list[str] = []
    run: list[str] = []
    start = True
    for word in words:
        capital = word.kind != "quote" and word.text[:1].isupper()
        if capital and not (start and _known(word, small)) and word.text != "I":
            run.append(word.text.removesuffix("'s").removesuffix("’s"))
        else:
            if run:
                found.append(" ".join(run))
            run = []
        start = word.text in ".!?:\n" or (start and not word.text[:1].isalnum())
    if run:
        found.append(" ".join(run))
    return tuple(dict.fromkeys(name for name in found if len(name) > 1))


def _known(word: Word, small: set[str]) -> bool:
    low = word.low
    return low in small or shape(low) != "noun" or lexicon.singular(low) in common()


def common() -> frozenset[str]:
    return lexicon.common_nouns()
