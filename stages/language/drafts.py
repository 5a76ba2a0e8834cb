"""Noun phrases one by one, in; entities and the relations between them, out.

A draft is an entity while its prompt is still being read: later words may still colour it,
speak of it again ("the dog", "it"), or hang something on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from imagine.stages.intent import Entity, IntentRelation
from imagine.stages.language import lexicon
from imagine.stages.language.chunks import NounPhrase
from imagine.stages.spec import RelationKind

# Nobody lists more things than this before one preposition, and products of lists stay small.
_MOST_HOLDERS = 8
# The relation says it already.
_RIDING = frozenset(("riding", "rides", "straddling", "straddles"))


@dataclass(slots=True)
class Link:
    """A preposition or verb that waits for its object.

    Attributes:
        low: the words, lower case.
        start: offset in the prompt.
        kind: the relation it stands for, if any.
        holders: the drafts on its left; None when it opens its clause.
    """

    low: str
    start: int
    kind: RelationKind | None = None
    holders: list[int] | None = None


@dataclass(slots=True)
class Draft:
    """An entity in the making.

    `host` is the draft that it was linked to by the words `link`: the cat of "a cat with a hat".
    """

    phrase: NounPhrase
    colors: list[str]
    attributes: list[str]
    count: int | None
    host: int | None = None
    link: str = ""
    action: str | None = None
    is_place: bool = False


class Drafts:
    """The entities of one prompt in order, and the relations found so far."""

    def __init__(self) -> None:
        self.all: list[Draft] = []
        self.relations: list[tuple[int, RelationKind, int]] = []

    def __getitem__(self, index: int) -> Draft:
        return self.all[index]

    def enter(self, phrase: NounPhrase) -> int:
        """Index of a new draft, or of the one that the prompt speaks of again."""
        known = self._known(phrase)
        if known is None:
            self.all.append(
                Draft(phrase, list(phrase.colors), list(phrase.attributes), phrase.count)
            )
            return len(self.all) - 1
        self.all[known].colors += phrase.colors
        self.all[known].attributes += phrase.attributes
        return known

    def _known(self, phrase: NounPhrase) -> int | None:
        if phrase.determiner not in ("the", "this", "that", "these", "those", "its", ""):
            return None
        if not phrase.determiner and (phrase.colors or phrase.plural):
            return None
        for index in range(len(self.all) - 1, -1, -1):
            draft = self.all[index]
            same = draft.phrase.name == phrase.name or (
                phrase.determiner == "the" and draft.phrase.head == phrase.name
            )
            if same and phrase.count in (None, draft.count):
                return index
        return None

    def is_animate(self, index: int) -> bool:
        head = self.all[index].phrase.head
        return head in lexicon.words("nouns.people") or head in lexicon.words("nouns.animals")

    def goes_with(self, index: int) -> bool:
        """Whether somebody may be "with" it as part, dress or tool."""
        head = self.all[index].phrase.head
        carried = head in lexicon.words("nouns.parts") or head in lexicon.words("nouns.held")
        return carried or self.is_garment(index)

    def is_more_dress(self, index: int) -> bool:
        """Whether a thing without article, listed behind a garment, may be one more garment."""
        phrase = self.all[index].phrase
        picture = any(
            phrase.name in names for names in lexicon.phrase_lists("media.nouns").values()
        )
        return not (phrase.determiner or picture or self.is_animate(index))

    def is_garment(self, index: int) -> bool:
        return self.all[index].phrase.head in lexicon.words("nouns.garments")

    def owners(self, near: Sequence[int]) -> list[int]:
        """Who acts where the nearest thing cannot: the woman of "a woman with red hair"."""
        found = []
        for start in near:
            index = start
            while (host := self.all[index].host) is not None and self._belongs(index, host):
                index = host
            found.append(index)
        return list(dict.fromkeys(found))

    def _belongs(self, index: int, host: int) -> bool:
        draft = self.all[index]
        if draft.link not in ("with", "has", "have", "having", "wearing"):
            return False
        own = draft.phrase.determiner in ("its", "his", "her", "their")
        own = own or draft.link == "wearing"
        if own or draft.phrase.head in lexicon.words("nouns.parts"):
            return True
        carried = self.is_garment(index) or draft.phrase.head in lexicon.words("nouns.held")
        return carried and self.is_animate(host)

    def those_before(self, taken: set[int]) -> list[int]:
        """What "them" stands for when nothing was named in the plural: all that stand alone."""
        found = [
            index
            for index, draft in enumerate(self.all)
            if index not in taken
            and not draft.is_place
            and draft.link not in ("with", "of", "wearing", "holding")
        ]
        return found[-_MOST_HOLDERS:] if len(found) > 1 else []

    def referent(self, pronoun: str, taken: set[int]) -> int | None:
        """What a pronoun stands for: the nearest fitting draft that is not among `taken`."""
        for index in range(len(self.all) - 1, -1, -1):
            draft = self.all[index]
            if index in taken or draft.is_place or draft.link in ("with", "of"):
                continue
            person = draft.phrase.head in lexicon.words("nouns.people")
            plural = draft.phrase.plural or (draft.count or 0) > 1
            if pronoun in ("he", "she", "him", "her", "himself", "herself"):
                fits = person or (self.is_animate(index) and not plural)
            elif pronoun in ("they", "them", "themselves"):
                fits = plural
            else:
                fits = pronoun in ("it", "itself") and not plural and not person
            if fits:
                return index
        return None

    def wholes(self, near: Sequence[int]) -> list[int]:
        """The drawing of "a drawing of a cat" for the cat; other things as they are."""
        found = []
        for start in near:
            index = start
            while self.all[index].link == "of" and (host := self.all[index].host) is not None:
                index = host
            found.append(index)
        return list(dict.fromkeys(found))

    def holders(self, near: Sequence[int], kind: RelationKind | None) -> list[int]:
        """Of which things a preposition behind the things `near` speaks.

        "a man holding a cup next to a car" puts the man next to the car, "a bird in a tree next to
        a house" the tree next to the house.
        """
        if kind is None:
            return list(near)
        found = []
        for start in near:
            index = start
            while (host := self.all[index].host) is not None:
                link = self.all[index].link
                whole = kind is RelationKind.ON or self.is_animate(host)
                if link in ("in", "inside", "has", "have") or (link == "with" and not whole):
                    break
                index = host
            found.append(index)
        return list(dict.fromkeys(found))

    def relate(self, link: Link, index: int) -> None:
        """Note what `link` says about its holders and the draft `index`."""
        holders = (link.holders or [])[:_MOST_HOLDERS]
        head = self.all[index].phrase.head
        worn = link.low in ("in", "with") and self.is_garment(index)
        clad = link.low == "in" and head not in lexicon.words("nouns.hollow")
        if worn and holders and (clad or all(map(self.is_animate, holders))):
            link.kind = RelationKind.WEARING
        elif link.low == "with" and head in lexicon.words("nouns.held"):
            users = [self._user(holder) for holder in holders]
            if users and all(map(self.is_animate, users)):
                link.kind, holders = RelationKind.HOLDING, users
        if link.kind is not None:
            self.relations += [(holder, link.kind, index) for holder in holders if holder != index]

    def _user(self, holder: int) -> int:
        """The knight of "a knight fighting a dragon with a sword", if `holder` is the dragon."""
        draft = self.all[holder]
        person = draft.phrase.head in lexicon.words("nouns.people")
        done_to = draft.link in lexicon.transitive_forms()
        if draft.host is None or person or not done_to or not self.is_animate(draft.host):
            return holder
        return draft.host

    def entities(self, text: str) -> tuple[Entity, ...]:
        for rider, kind, _ in self.relations:
            if kind is RelationKind.RIDING and self.all[rider].action in _RIDING:
                self.all[rider].action = None
        return tuple(
            Entity(
                name=draft.phrase.name,
                head=draft.phrase.head,
                span=text[draft.phrase.start : draft.phrase.end],
                count=draft.count,
                plural=draft.phrase.plural,
                colors=tuple(dict.fromkeys(draft.colors)),
                attributes=tuple(dict.fromkeys(draft.attributes)),
                action=draft.action,
                is_place=draft.is_place,
            )
            for draft in self.all
        )

    def intent_relations(self) -> tuple[IntentRelation, ...]:
        return tuple(IntentRelation(*relation) for relation in dict.fromkeys(self.relations))


def is_place(link: Link, phrase: NounPhrase) -> bool:
    """Whether "in", "on" or "at" and a noun phrase say where the scene is."""
    word = "in" if link.low.startswith("in the ") else link.low.split()[-1]
    if word in ("in", "inside", "within", "into", "through", "across", "around"):
        places = lexicon.words("scene.places.in")
    elif word in ("on", "onto", "along", "down", "up"):
        places = lexicon.words("scene.places.on")
    elif word == "at":
        places = lexicon.words("scene.places.at")
    else:
        return False
    if phrase.head in places or phrase.name in lexicon.lines("scene.places.phrases"):
        return True
    if phrase.head in lexicon.words("nouns.abstract") and len(phrase.words) > 1:
        # "on a mountain top"
        return phrase.words[-2].low in places
    return word in ("in", "at") and phrase.words[-1].value == "name"
