"""Noun phrases and linking words, in; entities, relations, negations and the setting, out."""

from collections.abc import Collection
from dataclasses import dataclass

from imagine.stages.intent import Entity, IntentRelation, Negation
from imagine.stages.language import lexicon
from imagine.stages.language.chunks import NounPhrase
from imagine.stages.language.drafts import Drafts, Link, is_place
from imagine.stages.language.exclusions import Exclusions
from imagine.stages.language.words import Word
from imagine.stages.spec import RelationKind


@dataclass(slots=True)
class Reading:
    """What the clauses of a prompt say."""

    entities: tuple[Entity, ...] = ()
    relations: tuple[IntentRelation, ...] = ()
    negations: tuple[Negation, ...] = ()
    setting: str | None = None


def read_clauses(
    text: str, items: list[Word | NounPhrase], *, pictures: Collection[int] = ()
) -> Reading:
    """Walk through the items of a prompt once, from left to right.

    `pictures` are the end offsets of noun phrases that name the picture itself.
    """
    reader = _Reader(text, items, pictures)
    for i in range(len(items)):
        reader.step(i)
    if not reader.drafts.all:
        reader.enter_any()
    return reader.reading()


class _Reader:
    def __init__(
        self, text: str, items: list[Word | NounPhrase], pictures: Collection[int]
    ) -> None:
        self.text = text
        self.items = items
        self.pictures = pictures
        self.drafts = Drafts()
        self.exclusions = Exclusions(text, items)
        self.setting: tuple[int, int] | None = None
        self.season: tuple[int, int] | None = None
        self.rooms = lexicon.words("scene.rooms")
        self.end_sentence()

    def end_sentence(self) -> None:
        self.subjects: list[int] = []
        self.last: list[int] = []
        self.link: Link | None = None
        self.answered: Link | None = None
        self.fronted: tuple[RelationKind, int] | None = None
        self.predicate = False
        self.joined = False
        self.group_count: int | None = None
        self.passed = False
        self.exclusions.end_sentence()

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
                self.link = Link(item.low, item.start, None, self.subjects)
            case "verb":
                self.verb(i, item)
            case "preposition" | "relation":
                self.preposition(i, item)
            case "pronoun":
                self.pronoun(item)
            case "negator":
                self.exclusions.open(i, item)

    def stop(self, item: Word) -> None:
        if item.kind == "stop":
            self.end_sentence()
        else:
            self.link = None
            self.joined = False

    def join(self, item: Word) -> None:
        self.joined = True
        if item.low == "but":
            self.exclusions.begin = None
        if self.link is not None:
            self.answered = None
        self.link = None

    def subordinate(self, item: Word) -> None:
        if item.low in ("that", "who", "which", "whom"):
            self.subjects = list(self.last)
        self.last = []
        self.link = None
        self.joined = False
        self.predicate = False
        self.exclusions.begin = None
        self.fronted = None

    def verb(self, i: int, item: Word) -> None:
        worked = item.low in lexicon.words("verbs.worked")
        nearest = list(self.last) if worked else self.drafts.owners(self.last)
        if not self.joined and self.last and isinstance(self.items[i - 1], NounPhrase):
            near = set(nearest) & set(self.subjects) or any(map(self.drafts.is_animate, nearest))
            held = self.answered is not None and self.answered.low == "with"
            if near or held or not self.subjects:
                self.subjects = nearest
        elif not self.subjects:
            self.subjects = nearest
        doing = item.low.endswith(("ing", "s")) and item.low not in lexicon.words("verbs.telling")
        before = self.items[i - 1] if i else None
        # "perfect for storytelling": nobody does it here.
        doing = doing and not (isinstance(before, Word) and before.low in ("for", "of", "about"))
        for index in self.subjects:
            if (
                doing
                and item.value in ("", "riding")
                and self.exclusions.begin is None
                and self.drafts[index].action is None
            ):
                self.drafts[index].action = item.low
        self.exclusions.doing(i, item)
        if isinstance(before, Word) and before.kind == "quote":
            # "with "STOP" written on it": only the text is there.
            after = self.items[i + 1] if i + 1 < len(self.items) else None
            linked = isinstance(after, Word) and after.kind in ("preposition", "relation")
            self.exclusions.denied = linked
        kind = RelationKind(item.value) if item.value else None
        self.predicate = True
        self.joined = False
        holders = self.last if worked and isinstance(before, NounPhrase) else self.subjects
        self.link = Link(item.low, item.start, kind, list(holders))

    def preposition(self, i: int, item: Word) -> None:
        likenesses = lexicon.table("relations")["likenesses"]
        carrying = self.link is not None and (self.passed or self.link.low in likenesses)
        if item.low == "of" and carrying:
            # "in front of a patch of grass", "made out of paper": "of" only carries on.
            return
        verb = self.link
        kind = RelationKind(item.value) if item.kind == "relation" else None
        if kind is RelationKind.ON and verb is not None and verb.kind is RelationKind.RIDING:
            kind = RelationKind.RIDING
        if self.exclusions.denied or (verb is not None and _is_loose(verb.low, item.low)):
            kind = None
        self.exclusions.denied = False
        link = Link(item.low, item.start, kind, self.left_of(i, kind))
        phrase = f"{verb.low} {item.low}" if verb is not None else ""
        if verb is not None and phrase in likenesses:
            link.low, link.start, link.holders = phrase, verb.start, verb.holders
        self.link = link
        self.predicate = False
        self.joined = False

    def left_of(self, i: int, kind: RelationKind | None) -> list[int] | None:
        """The things that the preposition at `i` speaks about; None when it opens its clause."""
        before = self.items[i - 1] if i else None
        if isinstance(before, NounPhrase) and not self.joined:
            return self.behind(i, before, kind)
        if self.subjects:
            return list(self.subjects)
        if self.last and (self.link is not None or isinstance(before, Word)):
            return list(self.last)
        opening = ("stop", "comma", "conjunction", "subordinator", "adverb")
        return None if not isinstance(before, Word) or before.kind in opening else []

    def behind(self, i: int, before: NounPhrase, kind: RelationKind | None) -> list[int]:
        """The things that the preposition right behind the phrase `before` speaks about."""
        if not before.name:
            return list(self.last or self.subjects)
        # "with a cat on it": the pronoun takes the host, so the cat itself is meant.
        near = _speaks_of_host(self.items[i + 1] if i + 1 < len(self.items) else None)
        if self.passed:
            return list(self.link.holders or []) if self.link is not None and not near else []
        found = self.drafts.wholes(self.last)
        if near:
            return found
        return self.drafts.holders(found if kind is None else self.drafts.owners(found), kind)

    def pronoun(self, item: Word) -> None:
        if item.low in ("there", "here"):
            return
        if item.low == "nobody":
            self.exclusions.denied = True
            return
        taken = set(self.link.holders or ()) if self.link else set()
        found = self.drafts.referent(item.low, taken)
        others = [found] if found is not None else []
        if not others and item.low in ("them", "both"):
            others = self.drafts.those_before(taken)
        if self.link is not None and self.link.kind is not None and others:
            for other in others:
                self.drafts.relate(self.link, other)
            self.link = None
        elif found is not None:
            self.subjects = [found]
            self.link = None
        self.joined = False

    def thing(self, i: int, phrase: NounPhrase) -> None:
        if self.exclusions.begin is not None:
            self.exclusions.thing(i, phrase)
            self.link = None
        elif self.alone_setting(phrase) or self.in_season(phrase):
            pass
        elif not phrase.name:
            self.describe(phrase)
        elif phrase.owner:
            if not phrase.frame and self.shows(i, phrase):
                self.drafts.enter(phrase)
        else:
            self.named(i, phrase)

    def shows(self, i: int, owner: NounPhrase) -> bool:
        """Whether an owner is to be seen: the girl of "a girl's smile", nobody of "Mother's Day".

        A part brings its body along; what people own they may have left.
        """
        owned = self.items[i + 1] if i + 1 < len(self.items) else None
        if not isinstance(owned, NounPhrase):
            return True
        person = owner.head in lexicon.words("nouns.people") or owner.words[-1].value == "name"
        left = person and owned.head not in lexicon.words("nouns.parts")
        return not (left or owned.end in self.pictures)

    def named(self, i: int, phrase: NounPhrase) -> None:
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        of = isinstance(after, Word) and after.low == "of"
        self.passed = self.side(phrase) or self.passes(phrase, of)
        if self.passed or self.grip(phrase) or self.qualifies(phrase):
            return
        if phrase.count is None:
            phrase.count = self.group_count
        self.group_count = None
        self.place_or_relate(i, self.drafts.enter(phrase))

    def qualifies(self, phrase: NounPhrase) -> bool:
        """ "named Max" and "made of glass" describe; they bring in no second thing."""
        link = self.link
        if link is None:
            return False
        likens = link.low in lexicon.table("relations")["likenesses"]
        if likens:
            words = self.text[link.start : phrase.end].lower()
            for index in link.holders or self.subjects or self.last:
                self.drafts[index].attributes.append(" ".join(words.split()))
        elif link.low not in ("named", "called"):
            return False
        self.link = None
        return True

    def alone_setting(self, phrase: NounPhrase) -> bool:
        """ "underwater" or "outdoors" says where without a preposition."""
        if len(phrase.words) > 1 or phrase.words[0].low not in lexicon.words("scene.places.alone"):
            return False
        if self.setting is None:
            self.setting = (phrase.start, phrase.end)
        return True

    def in_season(self, phrase: NounPhrase) -> bool:
        """ "in winter" says when; the setting unless the prompt names a place as well."""
        link = self.link
        if link is None or link.low not in ("in", "during", "of"):
            return False
        if phrase.name not in lexicon.words("scene.seasons"):
            return False
        if self.season is None and link.low != "of":
            self.season = (link.start, phrase.end)
        self.link = None
        return True

    def grip(self, phrase: NounPhrase) -> bool:
        """ "with a sword in her hand" holds the sword; the hand is no thing of its own."""
        link = self.link
        if link is None or phrase.head not in lexicon.words("nouns.grips"):
            return False
        lap = phrase.head == "lap" and link.low == "on"
        if link.low != "in" and not lap:
            return False
        for index in self.last:
            host = self.drafts[index].host
            if host is not None and self.drafts[index].link in ("with", "has", "have"):
                self.drafts.relations.append((host, RelationKind.HOLDING, index))
        self.link = None
        return True

    def side(self, phrase: NounPhrase) -> bool:
        """ "a horse on its left" stands left of what was named before."""
        link = self.link
        if link is None or phrase.name not in ("left", "right", "left side", "right side"):
            return False
        if phrase.determiner not in ("its", "his", "her", "their"):
            return False
        kind = RelationKind.LEFT_OF if phrase.name.startswith("left") else RelationKind.RIGHT_OF
        low = {"its": "it", "his": "him", "her": "her", "their": "them"}[phrase.determiner]
        other = self.drafts.referent(low, set(self.last))
        if other is not None:
            self.drafts.relations += [(index, kind, other) for index in self.last]
        self.link = None
        return True

    def passes(self, phrase: NounPhrase, of: bool) -> bool:
        """Frame words, groups and other nouns that are nothing in the picture."""
        if of and self.link is not None and phrase.head in ("shape", "form", "likeness"):
            # "a cake in the shape of a car" is in no car.
            self.link.kind = None
        if phrase.end in self.pictures or phrase.frame or (of and phrase.head == "portrait"):
            self.backdrop(phrase)
        elif of and phrase.words[-1].low in lexicon.words("nouns.groups"):
            if phrase.words[-1].low in lexicon.words("nouns.portions"):
                self.group_count = phrase.count
        elif {phrase.name, phrase.words[-1].low} & lexicon.words("nouns.abstract"):
            counted = phrase.count is not None and phrase.plural
            if counted or (self.link is not None and is_place(self.link, phrase)):
                return False
        else:
            return False
        if self.link is not None and self.link.kind is not None and not of:
            self.link = None
        if self.link is None and not self.joined:
            self.last = []
        return True

    def backdrop(self, phrase: NounPhrase) -> None:
        """ "on a white background" is the setting."""
        if phrase.head not in ("background", "backdrop") or self.setting is not None:
            return
        if phrase.colors or phrase.attributes or " " in phrase.name:
            linked = self.link is not None and self.link.low in ("on", "against", "with", "in")
            start = self.link.start if self.link is not None and linked else phrase.start
            self.setting = (start, phrase.end)

    def describe(self, phrase: NounPhrase) -> None:
        """Colours and adjectives without a noun belong to the subject: "the car is red"."""
        inside = self.link is not None and self.link.low == "in" and phrase.colors
        drawn_in = inside and not any(map(self.drafts.is_animate, self.last))
        if not (self.predicate or self.joined or drawn_in):
            return
        for index in self.subjects or self.last:
            draft = self.drafts[index]
            draft.colors += [color for color in phrase.colors if color not in draft.colors]
        self.joined = False

    def place_or_relate(self, i: int, index: int) -> None:
        draft = self.drafts[index]
        link = self.link
        after = self.items[i + 1] if i + 1 < len(self.items) else None
        if link is not None:
            if is_place(link, draft.phrase) and (not draft.phrase.colors or link.low == "in"):
                draft.is_place = True
                if self.setting is None:
                    self.setting = (link.start, draft.phrase.end)
                self.link = None
                self.last = []
                self.joined = False
                return
            # Hosts stand further left: a chain of them always ends.
            if draft.host is None and link.holders and link.holders[0] < index:
                draft.host, draft.link = link.holders[0], link.low
            if not self.stands_on_holder(i):
                self.drafts.relate(link, index)
            self.answered = link
            self.last = [index]
            if link.kind is RelationKind.WEARING:
                draft.link = "wearing"
            if not link.holders and link.kind is None and not self.subjects:
                self.subjects = [index]
                self.answered = None
            if link.kind is not None and link.holders is None:
                self.fronted = (link.kind, index)
        elif self.joined and self.last:
            self.coordinate(index, after)
        else:
            self.subjects = [index]
            self.last = [index]
            self.answered = None
            # A subject stands by itself, whatever it hung on when it was named before.
            draft.host = None
            filled = isinstance(after, Word) and after.low in ("with", "filled", "full", "where")
            room = draft.phrase.name in self.rooms or draft.phrase.head in self.rooms
            if filled and room and index == 0 and self.setting is None:
                draft.is_place = True
                self.setting = (draft.phrase.start, draft.phrase.end)
        if self.fronted is not None and self.fronted[1] != index:
            kind, other = self.fronted
            self.drafts.relations.append((index, kind, other))
            self.fronted = None
        self.link = None
        self.joined = False
        self.predicate = False

    def stands_on_holder(self, i: int) -> bool:
        """ "a man with a book on his head" does not hold the book."""
        link, *rest = [*self.items[i + 1 : i + 3], None, None][:2]
        if self.link is None or self.link.low != "with" or not isinstance(link, Word):
            return False
        target = rest[0]
        return link.kind in ("relation", "preposition") and _speaks_of_host(target)

    def coordinate(self, index: int, after: Word | NounPhrase | None) -> None:
        """ "and B" goes where A went, unless B opens a clause of its own."""
        link = self.answered
        kind = link.kind if link is not None else None
        bare = self.drafts.is_more_dress(index)
        worn = kind is RelationKind.WEARING and (self.drafts.is_garment(index) or bare)
        together = worn or kind in (RelationKind.BETWEEN, RelationKind.HOLDING)
        if link is not None and link.low == "with" and self.drafts.goes_with(index):
            # "with red hair and glasses", "with a hat and an umbrella": each in its own way.
            together, kind = True, None
            link = Link(link.low, link.start, None, link.holders)
        if self.opens_clause(index, after, kind, together=together):
            self.subjects = [index]
            self.last = [index]
            self.answered = None
            return
        if link is not None and together:
            self.drafts.relate(link, index)
        if self.last[-1] in self.subjects:
            self.subjects.append(index)
        before = self.drafts[self.last[-1]]
        if before.host is not None and before.host < index:
            self.drafts[index].host, self.drafts[index].link = before.host, before.link
        self.last.append(index)

    def opens_clause(
        self,
        index: int,
        after: Word | NounPhrase | None,
        kind: RelationKind | None,
        *,
        together: bool,
    ) -> bool:
        """Whether the thing `index` behind "and" or a comma is the subject of what follows."""
        if kind is RelationKind.WEARING and not together:
            return True
        beside = self.answered is not None and self.answered.low == "with" and not together
        if beside and self.drafts.is_animate(index) and self.drafts.goes_with(self.last[-1]):
            # "a man with a beard and a woman with a hat"
            return True
        # "a man with a hat and an umbrella standing": they do not stand.
        carried = together and kind in (None, RelationKind.WEARING)
        carried = carried and self.drafts.goes_with(index)
        second = kind is RelationKind.BETWEEN and len(self.last) == 1
        if not isinstance(after, Word) or carried or second:
            return False
        if after.kind in ("preposition", "relation") and after.low != "of":
            return kind is not None and not together
        # "a cat and a dog sitting" act together; "wearing a hat and cape is" is one garment more.
        shared = self.answered is None and set(self.last) <= set(self.subjects)
        bare = kind is RelationKind.WEARING and not self.drafts[index].phrase.determiner
        return after.kind in ("verb", "auxiliary") and not shared and not bare

    def enter_any(self) -> None:
        """A prompt of nothing but "anger" or "a poster" still shows that."""
        named: list[NounPhrase] = []
        for item in self.items:
            if isinstance(item, NounPhrase):
                if item.name and item not in self.exclusions:
                    named.append(item)
            elif item.kind == "stop" and named:
                break
        plain = [phrase for phrase in named if phrase.end not in self.pictures]
        for phrase in (plain or named)[:1]:
            self.drafts.enter(phrase)

    def reading(self) -> Reading:
        place = self.setting or self.season
        setting = None if place is None else " ".join(self.text[slice(*place)].split())
        return Reading(
            self.drafts.entities(self.text),
            self.drafts.intent_relations(),
            tuple(dict.fromkeys(self.exclusions.found)),
            setting,
        )


def _speaks_of_host(item: Word | NounPhrase | None) -> bool:
    """ "on it", "on his head": what stands there is not the one that "it" and "his" mean."""
    if isinstance(item, NounPhrase):
        part = item.head in lexicon.words("nouns.parts")
        return item.determiner == "its" or (part and item.determiner in ("his", "her", "their"))
    return item is not None and item.kind == "pronoun"


def _is_loose(verb: str, preposition: str) -> bool:
    """Whether a preposition behind the verb says no place: "banging on", "painted by"."""
    lists = lexicon.table("relations")
    by_whom = preposition == "by" and verb.endswith("ed") and verb not in lists["placed_verbs"]
    return by_whom or verb in lists["loose_verbs"]
