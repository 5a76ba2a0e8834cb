"""How surely the guard sees a damaged description: real prompts in, detection and repair out.

    python benchmarks/guard_mutations.py              each 10th prompt of the evaluation sets
    python benchmarks/guard_mutations.py --every 50 --json

Every description of the offline enhancer, which itself compares clean, is damaged in all the ways
that fit it; the damage counts as detected when `compare` reports anything, and as repaired when the
damaged part is as before, the repaired spec compares clean and a second repair changes nothing.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from enhance_quality import EVAL, read_prompts

from imagine.stages.demands import allowed_counts, demands_of
from imagine.stages.enhance.offline import OfflineEnhancer
from imagine.stages.guard import compare, repair
from imagine.stages.intent import Entity, Intent, parse_intent
from imagine.stages.language.lexicon import color_family
from imagine.stages.rules.subjects import head_of
from imagine.stages.spec import Medium, PromptSpec, RelationKind, Subject, clean_prompt

OPPOSITE = {
    RelationKind.LEFT_OF: RelationKind.RIGHT_OF,
    RelationKind.RIGHT_OF: RelationKind.LEFT_OF,
    RelationKind.ABOVE: RelationKind.BELOW,
    RelationKind.BELOW: RelationKind.ABOVE,
    RelationKind.BEHIND: RelationKind.IN_FRONT_OF,
    RelationKind.IN_FRONT_OF: RelationKind.BEHIND,
}
COLORS = ("red", "green", "blue", "yellow", "purple", "white", "black")
TIME_WORDS = {
    "night": "bright midday sun",
    "day": "a moonlit night",
    "dusk": "bright midday sun",
    "dawn": "a moonlit night",
}

Mutation = tuple[str, str, PromptSpec]
"""What was done, the field that holds the damage, and the damaged spec."""


def mutations(spec: PromptSpec, intent: Intent) -> Iterator[Mutation]:
    """Every damage that fits the spec."""
    yield "source altered", "source_prompt", _with_source(spec)
    yield from _of_subjects(spec, intent)
    yield from _of_relations(spec)
    yield from _of_text(spec)
    yield from _of_exclusions(spec, intent)
    yield from _of_style_and_prose(spec, intent)


def _with_source(spec: PromptSpec) -> PromptSpec:
    return spec.replace(source_prompt=spec.source_prompt + " in gold")


def _changed(spec: PromptSpec, place: int, **changes: Any) -> PromptSpec:
    subjects = list(spec.subjects)
    subjects[place] = subjects[place].model_copy(update=changes)
    return spec.replace(subjects=subjects)


def _of_subjects(spec: PromptSpec, intent: Intent) -> Iterator[Mutation]:
    for place, entity in enumerate(demands_of(intent).entities):
        yield from ((what, "subjects", bad) for what, bad in _of_one(spec, place, entity, intent))
    colored = [(place, subject) for place, subject in enumerate(spec.subjects) if subject.colors]
    for (one, first), (two, second) in pairwise(colored):
        if _families(first) != _families(second):
            swapped = _changed(spec, one, colors=second.colors)
            yield "colors swapped", "subjects", _changed(swapped, two, colors=first.colors)
    yield from ((what, "subjects", bad) for what, bad in _of_cast(spec, intent))


def _of_one(
    spec: PromptSpec, place: int, entity: Entity, intent: Intent
) -> Iterator[tuple[str, PromptSpec]]:
    """Damage to the count, the colours and the name of one subject."""
    subject = spec.subjects[place]
    if subject.count is not None:
        yield "count changed", _changed(spec, place, count=subject.count % 100 + 1)
        yield "count dropped", _changed(spec, place, count=None)
    elif entity.count is None and not entity.plural:
        yield "count invented", _changed(spec, place, count=4)
    if subject.colors:
        other = next(color for color in COLORS if color not in _families(subject))
        yield "color changed", _changed(spec, place, colors=(other,))
        yield "color added", _changed(spec, place, colors=(*subject.colors[:3], other))
        yield "color dropped", _changed(spec, place, colors=())
    for noun in intent.proper_nouns:
        at = subject.name.casefold().find(noun.casefold())
        if at >= 0:
            end = at + len(noun)
            cut = subject.name[: end - 2] + subject.name[end - 1 :]
            yield "name misspelt", _changed(spec, place, name=cut)


def _of_cast(spec: PromptSpec, intent: Intent) -> Iterator[tuple[str, PromptSpec]]:
    """A subject too few or too many."""
    entities = demands_of(intent).entities
    subjects = spec.subjects
    if entities and len(subjects) > 1:
        gone = subjects[-1].id
        kept = tuple(item for item in spec.relations if gone not in (item.a, item.b))
        yield "subject dropped", spec.replace(subjects=subjects[:-1], relations=kept)
    head = head_of(subjects[0].name)
    if entities and len(subjects) < 6 and allowed_counts(head, intent) is not None:
        twin = Subject(id="another", name=head, origin="added")
        yield "twin added", spec.replace(subjects=(*subjects, twin))
    if len(subjects) <= 2 and "rock" not in intent.source.lower():
        rocks = tuple(Subject(id=f"rock{n}", name="rock", origin="added") for n in range(4))
        yield "four added", spec.replace(subjects=(*subjects, *rocks))


def _families(subject: Subject) -> set[str | None]:
    return {color_family(color) for color in subject.colors}


def _of_relations(spec: PromptSpec) -> Iterator[Mutation]:
    for place, relation in enumerate(spec.relations):
        others = [item for item in spec.relations if item != relation]
        yield "relation dropped", "relations", spec.replace(relations=others)
        changed = list(spec.relations)
        if relation.kind in OPPOSITE:
            changed[place] = relation.model_copy(update={"kind": OPPOSITE[relation.kind]})
            yield "relation inverted", "relations", spec.replace(relations=changed)
        if relation.kind is not RelationKind.NEXT_TO:
            changed[place] = relation.model_copy(update={"a": relation.b, "b": relation.a})
            if changed[place] not in spec.relations:
                yield "ends swapped", "relations", spec.replace(relations=changed)


def _of_text(spec: PromptSpec) -> Iterator[Mutation]:
    for place, item in enumerate(spec.text):
        others = [*spec.text[:place], *spec.text[place + 1 :]]
        yield "text dropped", "text", spec.replace(text=others)
        damaged = {
            "text misspelt": item.content[:-1] + "§",
            "case changed": item.content.swapcase(),
        }
        for what, content in damaged.items():
            if content != item.content:
                changed = list(spec.text)
                changed[place] = item.model_copy(update={"content": content})
                yield what, "text", spec.replace(text=changed)
    if len(spec.text) < 6:
        yield "text invented", "text", spec.replace(text=[*spec.text, {"content": "Zyx Q"}])


def _of_exclusions(spec: PromptSpec, intent: Intent) -> Iterator[Mutation]:
    wanted = {entity.head for entity in intent.entities}
    for term in demands_of(intent).exclude:
        others = [other for other in spec.exclude if other != term]
        yield "exclusion dropped", "exclude", spec.replace(exclude=others)
        if head_of(term) in wanted:
            continue
        yield "excluded mentioned", "mood", spec.replace(mood=f"a touch of {term}"[:80])
        if len(spec.subjects) < 6:
            intruder = Subject(id="intruder", name=term, origin="added")
            yield "excluded added", "subjects", spec.replace(subjects=(*spec.subjects, intruder))
    if demands_of(intent).entities and len(spec.exclude) < 12:
        excluded = (*spec.exclude, spec.subjects[0].name[:40])
        yield "wanted excluded", "exclude", spec.replace(exclude=excluded)


def _of_style_and_prose(spec: PromptSpec, intent: Intent) -> Iterator[Mutation]:
    for medium in intent.media:
        other = next(item for item in Medium if item not in intent.media and item != medium)
        style = spec.style.model_copy(update={"medium": other})
        yield "medium changed", "style", spec.replace(style=style)
    if intent.media and Medium.PHOTOGRAPH not in intent.media:
        yield "medium in prose", "camera", spec.replace(camera="sharp photograph, 50mm lens")
    if len(intent.times) == 1:
        words = TIME_WORDS[next(iter(intent.times))]
        yield "time in prose", "lighting", spec.replace(lighting=words)
    if intent.monochrome:
        yield "color in prose", "mood", spec.replace(mood="vivid crimson and turquoise")
    yield "quote in prose", "setting", spec.replace(setting='beneath a sign reading "Zyx Q"')
    counted = [entity for entity in intent.entities if entity.count not in (None, 1, 19)]
    for entity in counted[:1]:
        text = f"19 {entity.head}s in a row"
        said = parse_intent(text).entities
        if said and (said[0].head, said[0].count) == (entity.head, 19):
            yield "count in prose", "composition", spec.replace(composition=text)


def measure(prompts: list[str]) -> dict[str, dict[str, int]]:
    """By kind of damage: how many, how many detected, how many repaired."""
    totals: dict[str, Counter[str]] = {}
    enhancer = OfflineEnhancer()
    for prompt in prompts:
        intent = parse_intent(clean_prompt(prompt))
        sound, _ = repair(enhancer.enhance(intent, seed=0).spec, intent)
        for what, field, damaged in mutations(sound, intent):
            findings = compare(damaged, intent)
            mended, report = repair(damaged, intent)
            again, _ = repair(mended, intent)
            sane = report.clean and not compare(mended, intent) and again == mended
            totals.setdefault(what, Counter()).update(
                damaged=1,
                detected=bool(findings),
                repaired=sane and _restored(field, sound, mended, damaged),
            )
    return {what: dict(counts) for what, counts in sorted(totals.items())}


def _restored(field: str, sound: PromptSpec, mended: PromptSpec, damaged: PromptSpec) -> bool:
    """Whether the damaged field says again what it said."""
    was, now = getattr(sound, field), getattr(mended, field)
    if field == "subjects":
        was, now = (sorted(map(_told, subjects)) for subjects in (was, now))
        return was == now or was == [line for line in now if not line.startswith("rock")]
    if field == "relations":
        return set(was) == set(now)
    if field in ("exclude", "text"):
        return sorted(map(str, was)) == sorted(map(str, now))
    if field in ("source_prompt", "style"):
        return bool(was == now)
    return now is None or now != getattr(damaged, field)


def _told(subject: Subject) -> str:
    return f"{subject.name} {subject.count} {subject.colors} {subject.origin}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--eval", type=Path, default=EVAL, help="folder of the evaluation sets")
    parser.add_argument("--every", type=int, default=10, help="take each Nth prompt")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    numbers = measure(read_prompts(options.eval, every=options.every))
    if options.json:
        print(json.dumps(numbers))
        return
    for what, counts in numbers.items():
        total = counts["damaged"]
        shares = [f"{key} {100 * counts[key] / total:6.2f} %" for key in ("detected", "repaired")]
        print(f"{what:<20} {total:6}  {'  '.join(shares)}")


if __name__ == "__main__":
    main()
