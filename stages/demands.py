"""The part of a description that a prompt itself demands: from an Intent to a Demands.

The offline enhancer starts from it, and the guard holds every other enhancer's work against it.
"""

import re
from dataclasses import dataclass

from imagine.stages.intent import Entity, Intent
from imagine.stages.language.lexicon import color_family, singular
from imagine.stages.spec import Relation, RelationKind, Subject

# The limits of PromptSpec.
MAX_SUBJECTS = 6
MAX_RELATIONS = 8
MAX_TEXTS = 6
MAX_EXCLUDED = 12
MAX_NAME = 60
MAX_ATTRIBUTE = 40
MAX_ACTION = 80
MAX_TEXT = 120
MAX_COUNT = 100

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}|[^\W\d_][\w -]{0,29}")
_ARTICLE = re.compile(r"^(?:a|an|the)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Demands:
    """What the prompt says, in the shapes of PromptSpec and within its limits.

    Attributes:
        subjects: 1 to 6, in the order of the prompt.
        entities: what each subject was made from; empty when the prompt names no thing and the
            one subject is its first words, a suggestion rather than a demand.
        relations: between them, at most 8.
        texts: words to be rendered, letter for letter, at most 6.
        exclude: what must not be there, at most 12.
    """

    subjects: tuple[Subject, ...]
    entities: tuple[Entity, ...]
    relations: tuple[Relation, ...]
    texts: tuple[str, ...]
    exclude: tuple[str, ...]


def demands_of(intent: Intent) -> Demands:
    """What `intent` demands of a description.

    A prompt that names more than six things keeps those that are counted, coloured or related
    before the others; what is left out is still in the prompt's own words.
    """
    chosen = _chosen(intent)
    subjects: list[Subject] = []
    entities: list[Entity] = []
    place_of: dict[int, int] = {}
    for index in chosen:
        entity = intent.entities[index]
        twin = _mentioned_before(index, intent, place_of)
        if twin is not None:
            place_of[index] = place_of[twin]
            continue
        place_of[index] = len(subjects)
        subjects.append(_subject(entity, taken=[subject.id for subject in subjects]))
        entities.append(entity)
    if not subjects:
        subjects.append(_whole_prompt(intent))
    return Demands(
        subjects=tuple(subjects),
        entities=tuple(entities),
        relations=_relations(intent, subjects, place_of),
        texts=_texts(intent),
        exclude=_exclusions(intent),
    )


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, cut between words where there are any."""
    text = text.strip()
    if len(text) <= limit:
        return text
    cut = text[: limit + 1]
    kept = cut.rsplit(None, 1)[0] if len(cut.split()) > 1 else text[:limit]
    return kept.rstrip(" ,;:-")[:limit].strip() or text[:limit].strip()


def _chosen(intent: Intent) -> list[int]:
    """Indices of at most six entities that become subjects, in the order of the prompt."""
    related = {end for relation in intent.relations for end in (relation.a, relation.b)}
    things = [index for index, entity in enumerate(intent.entities) if not entity.is_place]
    candidates = things or list(range(len(intent.entities)))

    def rank(index: int) -> tuple[bool, int]:
        entity = intent.entities[index]
        demanding = index in related or entity.count is not None or bool(entity.colors)
        return (not demanding, index)

    return sorted(sorted(candidates, key=rank)[:MAX_SUBJECTS])


def _mentioned_before(index: int, intent: Intent, place_of: dict[int, int]) -> int | None:
    """An earlier entity that `index` only mentions again: "a truck ... the truck's paint"."""
    entity = intent.entities[index]
    if entity.count is not None or entity.colors or entity.attributes:
        return None
    for earlier in place_of:
        other = intent.entities[earlier]
        apart = {(index, earlier), (earlier, index)}
        if (
            other.head == entity.head
            and other.plural == entity.plural
            and (other.count or 1) == 1
            and not any((relation.a, relation.b) in apart for relation in intent.relations)
        ):
            return earlier
    return None


def _subject(entity: Entity, *, taken: list[str]) -> Subject:
    name = shorten(entity.name, MAX_NAME) or shorten(entity.span, MAX_NAME)
    in_range = entity.count is not None and 1 <= entity.count <= MAX_COUNT
    attributes = (shorten(word, MAX_ATTRIBUTE) for word in entity.attributes if word.strip())
    return Subject(
        id=slug_for(name, taken=taken),
        name=name,
        source_span=entity.span,
        count=entity.count if in_range else None,
        attributes=tuple(dict.fromkeys(attributes))[:8],
        colors=spec_colors(entity),
        action=shorten(entity.action, MAX_ACTION) if entity.action else None,
    )


def spec_colors(entity: Entity) -> tuple[str, ...]:
    """The entity's colours that a spec can hold, at most four."""
    fitting = (color for color in entity.colors if _COLOR.fullmatch(color))
    return tuple(dict.fromkeys(fitting))[:4]


def slug_for(name: str, *, taken: list[str]) -> str:
    """A subject id made from `name` that is not in `taken`."""
    base = "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:50].rstrip("-") or "subject"
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def _whole_prompt(intent: Intent) -> Subject:
    """The one subject of a prompt in which no thing was found: its own first words."""
    words = intent.core.strip() or intent.source.strip()
    span = shorten(_ARTICLE.sub("", words), MAX_NAME)
    return Subject(id=slug_for(span, taken=[]), name=span, source_span=span)


def _relations(
    intent: Intent, subjects: list[Subject], place_of: dict[int, int]
) -> tuple[Relation, ...]:
    found: dict[tuple[str, RelationKind, str], Relation] = {}
    for relation in intent.relations:
        a, b = place_of.get(relation.a), place_of.get(relation.b)
        if a is None or b is None or a == b or relation.kind is RelationKind.OTHER:
            continue
        key = (subjects[a].id, relation.kind, subjects[b].id)
        found.setdefault(key, Relation(a=key[0], kind=key[1], b=key[2]))
    return tuple(found.values())[:MAX_RELATIONS]


def _texts(intent: Intent) -> tuple[str, ...]:
    """Quotes that fit a TextItem; a longer one is left to the prompt's own words."""
    stripped = dict.fromkeys(quote.strip() for quote in intent.quotes)
    return tuple(quote for quote in stripped if 0 < len(quote) <= MAX_TEXT)[:MAX_TEXTS]


def _exclusions(intent: Intent) -> tuple[str, ...]:
    terms = [*(negation.term for negation in intent.negations), *intent.flags.exclude]
    kept: dict[str, str] = {}
    for term in terms:
        if short := shorten(term, MAX_ATTRIBUTE):
            kept.setdefault(short.casefold(), short)
    return tuple(kept.values())[:MAX_EXCLUDED]


def allowed_counts(head: str, intent: Intent) -> frozenset[int] | None:
    """How many of `head` the prompt allows; None when it leaves that open.

    A thing named in the singular is one; one named twice may be spoken of in parts or in sum.
    """
    same = [entity for entity in intent.entities if entity.head == head]
    counts = [entity.count or 1 for entity in same if entity.count or not entity.plural]
    if not same or len(counts) < len(same):
        return None
    return frozenset({*counts, sum(counts)})


def families_of(head: str, intent: Intent) -> frozenset[str]:
    """Basic colours that the prompt gives to things called `head`; empty when one has none."""
    same = [entity for entity in intent.entities if entity.head == head]
    if not all(entity.colors for entity in same):
        return frozenset()
    return frozenset(family(color) for entity in same for color in entity.colors)


def family(color: str) -> str:
    """The basic colour of a colour word; the word itself when it is in no list."""
    return color_family(color) or color


def excluded_terms(intent: Intent) -> list[str]:
    """What the prompt excludes and does not also ask for ("one dog barks, the other does not")."""
    terms = dict.fromkeys([*(item.term for item in intent.negations), *intent.flags.exclude])
    wanted = {entity.head for entity in intent.entities}
    return [
        term
        for term in terms
        if re.search(r"[^\W\d_]", term) and singular(term.lower().split()[-1]) not in wanted
    ]
