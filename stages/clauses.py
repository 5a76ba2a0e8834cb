"""Noun phrases and linking words, in; entities, relations, negations and the setting, out."""

from collections.abc import Collection
from dataclasses import dataclass, field

from imagine.stages import lexicon
from imagine.stages.chunks import NounPhrase
from imagine.stages.intent import Entity, IntentRelation, Negation
from imagine.stages.spec import RelationKind
from imagine.stages.words import Word


@dataclass(slots=True)
class Reading:
    """What the clauses of a prompt say."""

    entities: tuple[Entity, ...] = ()
    relations: tuple[IntentRelation, ...] = ()
    negations: tuple[Negation, ...] = ()
    setting: str | None = None


@dataclass(slots=True)
class _Draft:
    """An entity while its prompt is still being read."""

    phrase: NounPhrase
    colors: list[str]
    attributes: list[str]
    count: int | None
    host: int | None = None
    link: str = ""
    action: str | None = None
    is_place: bool = False


@dataclass(slots=True)
class _Link:
    """A preposition or verb that waits for its object.

    `holders` are the entities on its left; None for one that opens its clause.
    """

    low: str
    start: int
    kind: RelationKind | None = None
    holders: list[int] | None = None


def read_clauses(
    text: str, items: list[Word | NounPhrase], *, pictures: Collection[int] = ()
) -> Reading:
    """Walk through the items of a prompt once, from left to right.

    `pictures` are the end offsets of noun phrases that name the picture itself.
    """
    reader = _Reader(text, items, pictures)
    for i in range(len(items)):
        reader.step(i)
    return reader.reading()


class _Reader:
    def __init__(
        self, text: str, items: list[Word | NounPhrase], pictures: Collection[int]
    ) -> None:
        self.text = text
        self.items = items
        self.pictures = pictures
        self.drafts: list[_Draft] = []
        self.relations: list[tuple[int, RelationKind, int]] = []
        self.negations: list[Negation] = []
        self.setting: tuple[int, int] | None = None
        self.end_sentence()

    def end_sentence(self) -> None:
        self.subjects: list[int] = []
        self.last: list[int] = []
        self.link: _Link | None = None
        self.answered: _Link | None = None
        self.fronted: tuple[RelationKind, int] | None = None
        self.predicate = False
        self.joined = False
        self.negating: int | None = None
        self.group_count: int | None = None

    def step(self, i: int) -> None:
        item = self.items[i]
        if isinstance(item, NounPhrase):
            self.thing(i, item)
            return
        match item.kind:
            case "stop" | "quote" | "label":
                self.stop(item)
            case "comma" | "conjunction":
                self.join(item)
            case "subordinator":
                self.subordinate(item)
            case "auxiliary":
                self.predicate = True
                self.joined = False
                self.link = _Link(item.low, item.start, None, self.subjects)
            case "verb":
                self.verb(i, item)
            case "preposition" | "relation":
                self.preposition(i, item)
            case "pronoun":
                self.pronoun(item)
            case "negator":
                self.negator(i, item)

    def stop(self, item: Word) -> None:
        if item.kind == "stop":
            self.end_sentence()
        else:
            self.link = None
            self.joined = False

    def join(self, item: Word) -> None:
        self.joined = True
        if item.low == "but":
            self.negating = None
        if self.link is not None:
            self.answered = None
        self.link = None

    def subordinate(self, item: Word) -> None:
        self.subjects = list(self.last) if item.low in ("that", "who", "which", "whom") else []
        self.link = None
        self.joined = False
        self.predicate = False
        self.negating = None
        self.fronted = None

    def verb(self, i: int, item: Word) -> None:
        if not self.joined and self.last and isinstance(self.items[i - 1], NounPhrase):
            near = set(self.last) & set(self.subjects) or any(map(self.animate, self.last))
            if near or not self.subjects:
                self.subjects = list(self.last)
        elif not self.subjects:
            self.subjects = list(self.last)
        doing = item.low.endswith(("ing", "s"))
        for index in self.subjects:
            if doing and self.negating is None and self.drafts[index].action is None:
                self.drafts[index].action = item.low
        kind = RelationKind(item.value) if item.value else None
        self.predicate = True
        self.joined = False
        self.link = _Link(item.low, item.start, kind, list(self.subjects))

    def animate(self, index: int) -> bool:
        head = self.drafts[index].phrase.head
        return head in lexicon.words("nouns.people") or head in lexicon.words("nouns.animals")

    def preposition(self, i: int, item: Word) -> None:
        kind = RelationKind(item.value) if item.kind == "relation" else None
        before = self.items[i - 1] if i else None
        holders: list[int] | None
        if isinstance(before, NounPhrase) and not self.joined:
            holders = self.attach(item, kind, i) if before.name or self.last else self.subjects
        elif self.subjects:
            holders = list(self.subjects)
        else:
            holders = list(self.last) if self.link is not None else None
        if item.low == "by" and self.link is not None and self.link.low.endswith("ed"):
            kind = None
        previous = self.link
        start = item.start
        if previous is not None and previous.low in ("made", "dressed", "shaped", "looks", "looking"):
            start = previous.start
            item_low = f"{previous.low} {item.low}"
        else:
            item_low = item.low
        self.link = _Link(item_low, start, kind, holders)
        self.predicate = False
        self.joined = False

    def attach(self, item: Word, kind: RelationKind | None, i: int) -> list[int]:
        """The things on the left of a preposition that it speaks about."""
        if kind is None:
            return list(self.last)
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        pronoun = isinstance(after, Word) and after.kind == "pronoun"
        found = []
        for index in self.last:
            draft = self.drafts[index]
            while draft.host is not None and not pronoun:
                if draft.link == "with" and not self.animate(draft.host):
                    break
                if draft.link in ("in", "inside"):
                    break
                index = draft.host
                draft = self.drafts[index]
            found.append(index)
        return list(dict.fromkeys(found))

    def pronoun(self, item: Word) -> None:
        if item.low in ("there", "here"):
            return
        taken = set(self.link.holders or ()) if self.link else set()
        found = self.referent(item.low, taken)
        if self.link is not None and self.link.kind is not None and found is not None:
            self.relate(self.link, found)
            self.link = None
        elif found is not None:
            self.subjects = [found]
            self.link = None
        self.joined = False

    def referent(self, low: str, taken: set[int]) -> int | None:
        for index in range(len(self.drafts) - 1, -1, -1):
            draft = self.drafts[index]
            if index in taken or draft.is_place or draft.link == "with":
                continue
            person = draft.phrase.head in lexicon.words("nouns.people")
            if low in ("he", "she", "him", "her", "himself", "herself"):
                fits = person or (self.animate(index) and not draft.phrase.plural)
            elif low in ("they", "them", "themselves"):
                fits = draft.phrase.plural or (draft.count or 0) > 1
            elif low in ("it", "itself"):
                fits = not draft.phrase.plural and not person
            else:
                fits = False
            if fits:
                return index
        return None

    def negator(self, i: int, item: Word) -> None:
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        low = after.low if isinstance(after, Word) else after.words[0].low if after else ""
        if low in lexicon.words("grammar.negation_idioms"):
            return
        linking = ("preposition", "relation", "pronoun", "stop", "comma", "subordinator")
        if isinstance(after, Word) and after.kind in linking:
            return
        before = self.items[i - 1] if i else None
        with_it = isinstance(before, Word) and (
            before.low in ("with", "has", "have") or before.kind == "auxiliary"
        )
        self.negating = before.start if with_it and isinstance(before, Word) else item.start
        if isinstance(after, NounPhrase) and not after.name and item.low == "not":
            pass

    def thing(self, i: int, phrase: NounPhrase) -> None:
        if self.negating is not None:
            self.exclude(i, phrase)
            return
        if not phrase.name:
            self.describe(phrase)
            return
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        of = isinstance(after, Word) and after.low == "of"
        if phrase.owner:
            if not phrase.frame:
                self.enter(phrase, host=None)
            return
        if self.passes(phrase, of):
            return
        if self.link is not None and self.link.low in _LIKENESS:
            self.liken(phrase)
            return
        index = self.enter(phrase, host=None)
        self.place_or_relate(i, index)

    def passes(self, phrase: NounPhrase, of: bool) -> bool:
        """Frame words, groups and other nouns that are nothing in the picture."""
        if phrase.end in self.pictures or phrase.frame:
            pass
        elif of and phrase.words[-1].low in lexicon.words("nouns.groups"):
            self.group_count = None
        elif phrase.head in lexicon.words("nouns.abstract") or phrase.words[-1].low in lexicon.words("nouns.abstract"):
            if phrase.count is not None and phrase.plural:
                return False
        else:
            return False
        if self.link is not None and self.link.kind is not None and not of:
            self.link = None
        if self.link is None and not self.joined:
            self.last = []
        if of and self.link is not None:
            return True
        return True

    def describe(self, phrase: NounPhrase) -> None:
        """Colours and adjectives without a noun belong to the subject: "the car is red"."""
        if not (self.predicate or self.joined):
            return
        for index in self.subjects or self.last:
            draft = self.drafts[index]
            draft.colors += [color for color in phrase.colors if color not in draft.colors]
        self.joined = False

    def liken(self, phrase: NounPhrase) -> None:
        """"made of glass", "dressed as a pirate" describe; they bring in no second thing."""
        assert self.link is not None
        words = self.text[self.link.start : phrase.end].lower()
        for index in self.link.holders or self.subjects or self.last:
            self.drafts[index].attributes.append(" ".join(words.split()))
        self.link = None

    def enter(self, phrase: NounPhrase, *, host: int | None) -> int:
        """Add an entity, or find the one that the prompt speaks of again."""
        if phrase.determiner in ("the", "this", "that", "these", "those", "its", ""):
            for index in range(len(self.drafts) - 1, -1, -1):
                draft = self.drafts[index]
                same = draft.phrase.name == phrase.name or (
                    phrase.determiner == "the" and draft.phrase.head == phrase.name
                )
                if same and phrase.count in (None, draft.count) and not (
                    phrase.determiner == "" and (phrase.colors or phrase.plural)
                ):
                    draft.colors += [c for c in phrase.colors if c not in draft.colors]
                    draft.attributes += [a for a in phrase.attributes if a not in draft.attributes]
                    return index
        self.drafts.append(
            _Draft(phrase, list(phrase.colors), list(phrase.attributes), phrase.count, host)
        )
        return len(self.drafts) - 1

    def place_or_relate(self, i: int, index: int) -> None:
        draft = self.drafts[index]
        link = self.link
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        if link is not None:
            if self.is_place(link, draft):
                draft.is_place = True
                if self.setting is None:
                    self.setting = (link.start, draft.phrase.end)
                self.link = None
                self.last = []
                self.joined = False
                return
            if draft.host is None and link.holders and index not in link.holders:
                draft.host, draft.link = link.holders[0], link.low
            self.relate(link, index)
            self.answered = link
            self.last = [index]
            if link.kind is not None and link.holders is None:
                self.fronted = (link.kind, index)
        elif self.joined and self.last:
            self.coordinate(index, after)
        else:
            self.subjects = [index]
            self.last = [index]
            self.answered = None
        if self.fronted is not None and self.fronted[1] != index:
            kind, other = self.fronted
            self.relations.append((index, kind, other))
            self.fronted = None
        self.link = None
        self.joined = False
        self.predicate = False

    def coordinate(self, index: int, after: "Word | NounPhrase | None") -> None:
        """"and B" goes where A went, unless B opens a clause of its own."""
        opens = isinstance(after, Word) and after.kind in ("verb", "auxiliary")
        if opens:
            self.subjects = [index]
            self.last = [index]
            self.answered = None
            return
        link = self.answered
        garment = self.drafts[index].phrase.head in lexicon.words("nouns.garments")
        if link is not None and link.kind is not None:
            together = link.kind in (RelationKind.BETWEEN, RelationKind.HOLDING) or (
                link.kind is RelationKind.WEARING and garment
            )
            if together:
                self.relate(link, index)
        if self.subjects and self.last and self.last[-1] in self.subjects:
            self.subjects.append(index)
        host = self.drafts[self.last[-1]]
        if host.host is not None:
            self.drafts[index].host, self.drafts[index].link = host.host, host.link
        self.last.append(index)

    def relate(self, link: _Link, index: int) -> None:
        holders = link.holders or []
        kind = link.kind
        garment = self.drafts[index].phrase.head in lexicon.words("nouns.garments")
        if link.low in ("in", "with") and garment and holders and all(map(self.animate, holders)):
            kind = RelationKind.WEARING
        if kind is None:
            return
        link.kind = kind
        for holder in holders:
            if holder != index and (holder, kind, index) not in self.relations:
                self.relations.append((holder, kind, index))

    def is_place(self, link: _Link, draft: _Draft) -> bool:
        name, head = draft.phrase.name, draft.phrase.head
        word = link.low.split()[-1]
        if word in ("in", "inside", "within", "into", "through", "across", "around", "near"):
            places = lexicon.words("scene.places.in")
        elif word in ("on", "onto", "along", "down", "up", "over"):
            places = lexicon.words("scene.places.on")
        elif word == "at":
            places = lexicon.words("scene.places.at")
        else:
            return False
        if word == "near":
            return False
        if head in places or name in lexicon.lines("scene.places.phrases"):
            return True
        return word in ("in", "at") and draft.phrase.words[-1].text[:1].isupper()

    def exclude(self, i: int, phrase: NounPhrase) -> None:
        assert self.negating is not None
        words = phrase.words
        if words:
            term = self.text[words[0].start : words[-1].end].lower()
            self.negations.append(
                Negation(term=" ".join(term.split()), clause=self.text[self.negating : phrase.end])
            )
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        goes_on = isinstance(after, Word) and after.low in ("or", "nor", ",", "and")
        if not goes_on:
            self.negating = None
        self.link = None

    def reading(self) -> Reading:
        entities = tuple(
            Entity(
                name=draft.phrase.name,
                head=draft.phrase.head,
                span=self.text[draft.phrase.start : draft.phrase.end],
                count=draft.count,
                plural=draft.phrase.plural,
                colors=tuple(dict.fromkeys(draft.colors)),
                attributes=tuple(dict.fromkeys(draft.attributes)),
                action=draft.action,
                is_place=draft.is_place,
            )
            for draft in self.drafts
        )
        setting = None
        if self.setting is not None:
            setting = " ".join(self.text[slice(*self.setting)].split())
        return Reading(
            entities,
            tuple(IntentRelation(*relation) for relation in dict.fromkeys(self.relations)),
            tuple(dict.fromkeys(self.negations)),
            setting,
        )


_LIKENESS = frozenset(
    "made of|made from|made out|dressed as|shaped like|looks like|looking like".split("|")
)
