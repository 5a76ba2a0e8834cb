"""A PromptSpec's subjects in; the actors of the picture, each with its art and size, out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from imagine.stages.generate.sketch.art import Cutout, find
from imagine.stages.generate.sketch.camera import shot_of
from imagine.stages.generate.sketch.hair import groomed, shows
from imagine.stages.generate.sketch.lettering import can_set
from imagine.stages.generate.sketch.place import Scene, is_part, is_table, surface_of
from imagine.stages.generate.sketch.remarks import (
    ENGLISH_ONLY,
    baked_in,
    left_to,
    stand_in,
    unlettered,
)
from imagine.stages.spec import Position, PromptSpec, Relation, RelationKind, Subject

# Real sizes span a mouse to a mountain; this power leaves both visible in one picture.
_SOFTENING = 0.35
_SIZES = {
    "tiny": 0.5, "miniature": 0.5, "small": 0.72, "little": 0.75, "mini": 0.6, "short": 0.85,
    "big": 1.3, "large": 1.3, "giant": 1.7, "huge": 1.6, "enormous": 1.7, "gigantic": 1.8,
    "massive": 1.6, "towering": 1.5, "tall": 1.25, "oversized": 1.4, "colossal": 1.8,
}  # fmt: skip
_LETTERING = frozenset(
    ("word", "text", "phrase", "caption", "title", "message", "slogan", "sentence", "quote",
     "inscription", "lettering", "letter", "writing", "headline", "logo", "name", "number")
)  # fmt: skip
# Worn, a glass is a pair of glasses that lost its plural.
_EYEWEAR = re.compile(r"\bglass$")
# A red fox is a fox as foxes are; painted red it would be another animal.
_SPECIES = frozenset({
    ("red", "fox"), ("red", "panda"), ("red", "squirrel"), ("golden", "retriever"),
    ("blue", "whale"), ("brown", "bear"), ("orange", "fox"), ("orange", "tabby"),
})  # fmt: skip
# The colour by which a thing "made of" something is told from the usual one.
_MATERIALS = {
    "water": "light blue", "ice": "light blue", "glass": "light blue", "crystal": "light blue",
    "gold": "gold", "brass": "gold", "honey": "gold", "cheese": "yellow", "silver": "silver",
    "steel": "silver", "metal": "silver", "chrome": "silver", "stone": "gray", "rock": "gray",
    "concrete": "gray", "marble": "white", "snow": "white", "paper": "white", "porcelain": "white",
    "wood": "brown", "chocolate": "brown", "cardboard": "brown", "mud": "brown", "bronze": "brown",
    "fire": "orange", "lava": "orange", "leaves": "green", "grass": "green", "jade": "green",
}  # fmt: skip
_MADE_OF = r"\b[\w ]{0,24}? made (?:out )?of (?:pure |solid )?(\w+)"
# People whose art wears on its head already what they might be said to wear.
_CROWNED = frozenset({"king", "prince", "princess"})
_HATTED = frozenset(
    ("wizard", "cowboy", "santa claus", "chef", "police officer", "construction worker",
     "firefighter", "detective", "graduate")
)  # fmt: skip
# Art that has words, numbers or a clock face on it already.
_LETTERED = frozenset(
    ("stop sign", "stop sign plate", "hundred points", "calendar", "hotel", "love hotel",
     "hospital", "bank", "school", "convenience store", "post office", "police car", "taxi",
     "oncoming taxi", "ambulance", "mantelpiece clock", "alarm clock", "watch", "bus stop",
     "newspaper", "rolled-up newspaper", "slot machine", "input numbers", "soccer scoreboard")
)  # fmt: skip
_SHOT = re.compile(r"head ?-?shot|close-?up|selfie|(?:wide |long )?shot|aerial view")
_IRREGULAR = {
    "child": "children", "person": "people", "mouse": "mice", "goose": "geese", "foot": "feet",
    "tooth": "teeth", "ox": "oxen",
}  # fmt: skip
# A plural without a number: enough to read as several.
_SEVERAL = 3


@dataclass(frozen=True, slots=True)
class Actor:
    """One subject of the description as it will be drawn.

    Attributes:
        id: the subject's id in the description.
        label: how the user called it.
        cutout: its art; None draws a labelled placeholder.
        count: how many are drawn, 1 to 100.
        extent: the longer side of one of them, in softened metres.
        counted: the description states how many.
        colors: colour words to recolour it with.
        position: where the description wants it.
        heaped: a pile of them counts as one thing.
    """

    id: str
    label: str
    cutout: Cutout | None
    count: int
    extent: float
    counted: bool = False
    colors: tuple[str, ...] = ()
    position: Position | None = None
    heaped: bool = False

    @property
    def aspect(self) -> float:
        """Width / height of one of them."""
        return self.cutout.aspect if self.cutout is not None else 1.3

    @property
    def box(self) -> tuple[float, float]:
        """Width and height of one of them, in softened metres."""
        if self.aspect >= 1:
            return self.extent, self.extent / self.aspect
        return self.extent * self.aspect, self.extent

    @property
    def lettered(self) -> bool:
        """Whether its art has words on it already, or room for some."""
        return self.cutout is not None and (
            self.cutout.panel is not None or self.cutout.key in _LETTERED
        )

    @property
    def flies(self) -> bool:
        """Whether it belongs into the air."""
        return self.cutout is not None and self.cutout.habitat == "sky"


@dataclass(frozen=True, slots=True)
class Cast:
    """The actors, how they stand to each other, and what the user should know about them."""

    actors: tuple[Actor, ...]
    relations: tuple[Relation, ...]
    notes: tuple[str, ...]


def cast_of(spec: PromptSpec, scene: Scene) -> Cast:
    """Find art for every subject that is a thing; places and table tops are left to the scenery."""
    actors: list[Actor] = []
    notes: list[str] = []
    worn = {relation.b for relation in spec.relations if relation.kind is RelationKind.WEARING}
    close = shot_of(spec) == "close"
    for subject in spec.subjects:
        if _is_elsewhere(subject, spec, scene):
            continue
        name = _EYEWEAR.sub("glasses", subject.name) if subject.id in worn else subject.name
        doing = [phrase for phrase in (subject.action, subject.pose) if phrase]
        traits = (*subject.attributes, *doing, *(phrase.split()[0] for phrase in doing))
        match = find(name, attributes=traits)
        if match is not None and close and match.cutout.kind == "animal":
            # Nearby, an animal is to look at us.
            match = find(name, attributes=(*traits, "sitting")) or match
        if surface_of(subject) is not None and not (
            match and (subject.count or _stands_alone(match.cutout))
        ):
            continue
        if match is None:
            if not can_set(name):
                notes.append(unlettered(subject.name))
                continue
            notes.append(f"No art for '{subject.name}': drawn as a labelled placeholder.")
            notes += [ENGLISH_ONLY] if spec.language not in ("en", "und") else []
        else:
            match, open_wishes = groomed(match, subject, _parts_of(subject, spec))
            notes += [f"'{wish}' is not drawn: no art shows all of it." for wish in open_wishes]
            notes += [] if match.exact else [stand_in(subject.name, match.cutout.label)]
            notes += baked_in(match.cutout.key, match.cutout.label, spec.exclude)
        heaped = _is_heaped(subject, spec)
        cutout = match.cutout if match is not None else None
        actors.append(
            Actor(
                id=subject.id,
                label=name,
                cutout=cutout,
                count=subject.count or (_SEVERAL if _is_plural(subject) and not heaped else 1),
                extent=_extent(cutout, subject),
                counted=subject.count is not None,
                colors=() if _is_species(subject) else subject.colors or _material(subject, spec),
                position=subject.position,
                heaped=heaped,
            )
        )
    return _ringed(_without_parts(spec, actors, notes), spec)


def _parts_of(owner: Subject, spec: PromptSpec) -> list[Subject]:
    """The parts that the description names after their owner and before the next thing."""
    following = spec.subjects[spec.subjects.index(owner) + 1 :]
    worn = {link.b for link in spec.relations if link.a == owner.id}
    near = takewhile(lambda subject: is_part(subject) or subject.id in worn, following)
    return [subject for subject in near if is_part(subject)]


def _is_heaped(subject: Subject, spec: PromptSpec) -> bool:
    """Whether the prompt speaks of a pile of it."""
    name = subject.name.lower().split()[-1]
    forms = "|".join(map(re.escape, sorted({name, *_plurals(name)}, key=len, reverse=True)))
    heap = rf"\b(?:pile|heap|mound|hoard)s? of (?:[\w-]+ ){{0,3}}?(?:{forms})\b"
    return subject.count is None and re.search(heap, spec.source_prompt.lower()) is not None


def _ringed(cast: Cast, spec: PromptSpec) -> Cast:
    """What several are said to be around has one half of them on either side."""
    for middle in cast.actors:
        before = re.search(rf"\baround (?:an? |the )?(?:[\w-]+ )?{re.escape(middle.label.lower())}",
                           spec.source_prompt.lower())  # fmt: skip
        at = cast.actors.index(middle)
        if before is None or not at or middle.count > 1 or cast.actors[at - 1].count < 2:
            continue
        ring = cast.actors[at - 1]
        if any(ring.id in (link.a, link.b) for link in cast.relations):
            continue
        # No id of a description has a space in it.
        left = replace(ring, count=ring.count - ring.count // 2)
        right = replace(ring, id=f"{ring.id} opposite", count=ring.count // 2)
        links = [
            Relation.model_construct(a=middle.id, kind=RelationKind.BETWEEN, b=half.id)
            for half in (left, right)
        ]
        actors = (*cast.actors[: at - 1], left, middle, right, *cast.actors[at + 1 :])
        return Cast(actors, (*cast.relations, *links), cast.notes)
    return cast


def _is_elsewhere(subject: Subject, spec: PromptSpec, scene: Scene) -> bool:
    """Whether it is excluded, a table top of the scenery, lettering, or a word for the camera."""
    if _is_excluded(subject, spec.exclude):
        return True
    if scene.table is not None and is_table(subject):
        return True
    if len(spec.subjects) > 1 and _SHOT.fullmatch(subject.name.lower()):
        return True
    return bool(spec.text) and is_lettering(subject)


def _without_parts(spec: PromptSpec, actors: list[Actor], notes: list[str]) -> Cast:
    """Parts of things are left to the things before them, where there is one with art."""
    parts = {subject.id for subject in spec.subjects if is_part(subject)}
    parts |= _worn_already(actors, spec.relations) | _served_already(actors, spec.relations)
    if not any(actor.cutout is not None and actor.id not in parts for actor in actors):
        return Cast(tuple(actors), spec.relations, tuple(dict.fromkeys(notes)))
    kept = [actor for actor in actors if actor.id not in parts]
    left_out = [actor.label for actor in actors if actor.id in parts]
    worn = {link.b for link in spec.relations if link.kind is RelationKind.WEARING}
    owner, owners = kept[0].id, {}
    for actor in actors:
        # A hat has no hair: what is worn by someone is nobody's owner.
        owner = owner if actor.id in parts or actor.id in worn else actor.id
        owners[actor.id] = owner if actor.id in parts else actor.id
    by_id = {actor.id: actor for actor in actors}
    relations = [
        Relation(a=owners.get(link.a, link.a), kind=link.kind, b=owners.get(link.b, link.b))
        for link in spec.relations
    ]
    notes = [note for note in notes if not any(f"'{label}'" in note for label in left_out)]
    for part in (actor for actor in actors if actor.id in parts):
        whole = by_id[owners[part.id]]
        if whole.cutout is None or not shows(whole.cutout.key, part.label):
            notes.append(left_to(part.label, whole.label))
    return Cast(
        tuple(kept),
        tuple(link for link in relations if link.a != link.b),
        tuple(dict.fromkeys(notes)),
    )


def _worn_already(actors: Sequence[Actor], relations: Sequence[Relation]) -> set[str]:
    """Ids of crowns and hats, of no colour in particular, that their wearers' art shows."""
    arts = {actor.id: actor.cutout.key for actor in actors if actor.cutout is not None}
    plain = {actor.id for actor in actors if not actor.colors}
    return {
        link.b
        for link in relations
        if link.kind is RelationKind.WEARING and link.b in plain
        if (arts.get(link.a) in _CROWNED and arts.get(link.b) == "crown")
        or (arts.get(link.a) in _HATTED and arts.get(link.b, "").endswith("hat"))
    }


def _served_already(actors: Sequence[Actor], relations: Sequence[Relation]) -> set[str]:
    """Ids of what the art of its container shows: soup in a bowl is one bowl."""
    arts = {actor.id: actor.cutout.key for actor in actors if actor.cutout is not None}
    return {
        link.a
        for link in relations
        if link.kind is RelationKind.INSIDE and link.a in arts and arts[link.a] == arts.get(link.b)
    }


def is_lettering(subject: Subject) -> bool:
    """Whether a subject is the text to be rendered itself: "the word 'go'"."""
    return subject.name.lower().split()[-1].removesuffix("s") in _LETTERING


def _is_excluded(subject: Subject, exclude: Sequence[str]) -> bool:
    names = {subject.name.lower(), subject.name.lower().removesuffix("s")}
    return any(term.lower() in names or term.lower().removesuffix("s") in names for term in exclude)


def _stands_alone(cutout: Cutout) -> bool:
    """Whether art that a place's name finds shows a thing and no piece of ground or sky."""
    return cutout.kind in ("food", "vehicle", "clothing", "animal", "person")


def _is_species(subject: Subject) -> bool:
    """Whether its colour is part of the name of a species that the art shows as it is."""
    name = subject.name.lower().split()[-1]
    return len(subject.colors) == 1 and (subject.colors[0].lower(), name) in _SPECIES


def _material(subject: Subject, spec: PromptSpec) -> tuple[str, ...]:
    """The colour of what the prompt says a thing is made of; empty where it says nothing."""
    span = re.escape((subject.source_span or subject.name).lower())
    found = re.search(span + _MADE_OF, spec.source_prompt.lower())
    color = _MATERIALS.get(found[1]) if found else None
    return (color,) if color is not None else ()


def _is_plural(subject: Subject) -> bool:
    """Whether the prompt's words for it end in a plural of its name: "tulips" for "tulip"."""
    span = re.findall(r"[\w-]+(?:'s)?", (subject.source_span or "").lower())
    plurals = _plurals(subject.name.lower().split()[-1])
    return bool(span) and span[-1] in plurals


def _plurals(noun: str) -> set[str]:
    """What the plural of a noun may be, the noun itself left out."""
    regular = {noun + "s", noun + "es", noun.removesuffix("y") + "ies", re.sub("fe?$", "ves", noun)}
    irregular = {_IRREGULAR[noun]} if noun in _IRREGULAR else {noun.replace("man", "men")}
    return (regular | irregular) - {noun}


def softened(cutout: Cutout | None) -> float:
    """The longer side of a thing without attributes, in softened metres: 0.42 to 2.1."""
    metres = cutout.scale if cutout is not None else 1.0
    return min(2.1, max(0.42, math.pow(metres, _SOFTENING)))


def _extent(cutout: Cutout | None, subject: Subject) -> float:
    extent = softened(cutout)
    for attribute in subject.attributes:
        for word in attribute.lower().split():
            extent *= _SIZES.get(word, 1.0)
    return extent
