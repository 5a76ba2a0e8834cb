"""Negators and what follows them, in; the things that a prompt excludes, out."""

from collections.abc import Sequence

from imagine.stages.intent import Negation
from imagine.stages.language import lexicon
from imagine.stages.language.chunks import NounPhrase
from imagine.stages.language.words import Word

_LINKS = ("preposition", "relation")


class Exclusions:
    """The exclusions of one prompt, read word by word.

    Attributes:
        found: in the order of the prompt.
        begin: where the clause that is being read begins; None outside of any.
        denied: the next preposition says what is not: "not on the table".
    """

    def __init__(self, text: str, items: Sequence[Word | NounPhrase]) -> None:
        self.found: list[Negation] = []
        self._text = text
        self._items = items
        # Start offsets of phrases behind a negator; of those that became an exclusion.
        self._passed: set[int] = set()
        self._noted: set[int] = set()
        self.end_sentence()

    def end_sentence(self) -> None:
        self.begin: int | None = None
        self.denied = False
        self._bars_quality = False

    def __contains__(self, phrase: NounPhrase) -> bool:
        return phrase.start in self._passed

    def _item(self, i: int) -> Word | NounPhrase | None:
        return self._items[i] if 0 <= i < len(self._items) else None

    def open(self, i: int, negator: Word) -> None:
        """The negator at `i` opens an exclusion, unless it stands in an idiom."""
        after = self._item(i + 1)
        low = after.low if isinstance(after, Word) else after.words[0].low if after else ""
        if low in lexicon.words("grammar.negation_idioms"):
            return
        linking = (*_LINKS, "pronoun", "stop", "comma", "subordinator")
        if isinstance(after, Word) and after.kind in linking:
            self.denied = after.kind in _LINKS
            return
        before = self._item(i - 1)
        with_it = isinstance(before, Word) and (
            before.low in ("with", "has", "have") or before.kind == "auxiliary"
        )
        self.begin = before.start if with_it and isinstance(before, Word) else negator.start
        # "no red" bars the colour; "is not red" only says what something is not.
        self._bars_quality = negator.low in lexicon.words("grammar.barring")

    def doing(self, i: int, verb: Word) -> None:
        """ "not smiling" excludes smiling; "not wearing a hat" waits for the hat."""
        if self.begin is None:
            return
        before, after = self._item(i - 1), self._item(i + 1)
        if isinstance(after, Word) and after.kind == "pronoun":
            self.begin = None
            return
        linked = isinstance(after, Word) and after.kind in (*_LINKS, "adverb")
        onto = linked or isinstance(after, NounPhrase)
        if onto or verb.low in lexicon.words("adjectives.fillers"):
            return
        seeming = isinstance(before, NounPhrase) and not before.name
        if verb.low.endswith("ing") or seeming:
            self.found.append(Negation(verb.low, self._text[self.begin : verb.end]))
        self.begin = None

    def thing(self, i: int, phrase: NounPhrase) -> None:
        """The phrase at `i` stands behind a negator."""
        link, whole = self._item(i - 1), self._item(i - 2)
        of = isinstance(link, Word) and link.low == "of"
        start = phrase.start
        if of and isinstance(whole, NounPhrase) and whole.start in self._noted:
            # "without a statue of a horse" excludes one thing.
            start = whole.start
            self.found.pop()
        self._passed.add(phrase.start)
        if {word.low for word in phrase.words} <= lexicon.words("adjectives.fillers"):
            # "not looking amused": what comes next says what is not wanted.
            return
        if phrase.words and self._is_thing(i, phrase):
            onto = isinstance(link, Word) and link.kind in _LINKS and not of
            if onto and whole is not None and _is_doing(whole):
                # "not looking at the camera" excludes the look, not the camera.
                start = whole.start
            self._noted.update((start, phrase.start))
            term = " ".join(self._text[start : phrase.end].lower().split())
            self.found.append(Negation(term, self._text[self.begin : phrase.end]))
        after = self._item(i + 1)
        if not (isinstance(after, Word) and self._goes_on(i + 1, after)):
            self.begin = None

    def _is_thing(self, i: int, phrase: NounPhrase) -> bool:
        """Whether the phrase behind a negator is a thing: "wasn't level" bars none."""
        if not phrase.name:
            return self._bars_quality
        if phrase.determiner or phrase.plural or phrase.count or len(phrase.words) > 1:
            return True
        lead = [
            item.low if isinstance(item, Word) else "" for item in self._items[max(0, i - 3) : i]
        ]
        was = lead[-1:] == ["not"] and lead[-2:-1] in (["is"], ["are"], ["was"], ["were"])
        denied = was or lead[-1] in lexicon.words("grammar.being_negators")
        return not denied or "there" in lead

    def _goes_on(self, i: int, mark: Word) -> bool:
        """Whether the exclusion goes on behind a comma or conjunction."""
        after, beyond = self._item(i + 1), self._item(i + 2)
        if mark.low in ("or", "nor", "of") or (
            isinstance(after, Word) and after.low in ("or", "nor")
        ):
            return True
        if mark.low not in (",", "and") or not isinstance(after, NounPhrase):
            return False
        plain = not (after.determiner or after.colors or after.count)
        listed = isinstance(beyond, Word) and beyond.low in ("or", "nor", ",")
        return plain and (mark.low == "and" or listed)


def _is_doing(item: Word | NounPhrase) -> bool:
    return not item.name if isinstance(item, NounPhrase) else item.kind == "verb"
