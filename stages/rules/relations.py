"""The guard's rules for relations: those of a spec in, those that the prompt demands kept true."""

from collections.abc import Mapping, Sequence

from imagine.stages.demands import MAX_RELATIONS
from imagine.stages.rules.findings import Findings
from imagine.stages.spec import Relation, RelationKind

# Each kind with the one that says the same when the ends are swapped.
INVERSE = {
    RelationKind.LEFT_OF: RelationKind.RIGHT_OF,
    RelationKind.RIGHT_OF: RelationKind.LEFT_OF,
    RelationKind.ABOVE: RelationKind.BELOW,
    RelationKind.BELOW: RelationKind.ABOVE,
    RelationKind.BEHIND: RelationKind.IN_FRONT_OF,
    RelationKind.IN_FRONT_OF: RelationKind.BEHIND,
}
SYMMETRIC = frozenset({RelationKind.NEXT_TO})

# Kinds of which only one can hold between two things: another one is a misreading of the first.
_POSITIONAL = frozenset(
    {*INVERSE, *SYMMETRIC, RelationKind.INSIDE, RelationKind.ON, RelationKind.BETWEEN}
)


def mend_relations(
    relations: Sequence[Relation],
    demanded: Sequence[Relation],
    *,
    names: Mapping[str, str],
    findings: Findings,
) -> list[Relation]:
    """`relations` with every demanded one, and without those that deny one.

    Args:
        relations: of the spec.
        demanded: by the prompt, between ids of the spec.
        names: of the subjects that exist, by id.
        findings: takes what is found.
    """
    kept = [relation for relation in relations if {relation.a, relation.b} <= set(names)]
    for wanted in demanded:
        _require(wanted, kept, demanded, names, findings)
    spare = [relation for relation in kept if relation not in demanded]
    for relation in spare[::-1][: max(len(kept) - MAX_RELATIONS, 0)]:
        kept.remove(relation)
    return kept


def _require(
    wanted: Relation,
    kept: list[Relation],
    demanded: Sequence[Relation],
    names: Mapping[str, str],
    findings: Findings,
) -> None:
    """Take out of `kept` what denies `wanted`, and add it when nothing there says it."""
    same, opposite = _same_meaning(wanted), _opposites(wanted)
    present = any(_key(relation) in same for relation in kept)
    phrase = _phrase(wanted, names)
    for relation in list(kept):
        if {relation.a, relation.b} != {wanted.a, wanted.b} or relation in demanded:
            continue
        rival = not present and {wanted.kind, relation.kind} <= _POSITIONAL
        if _key(relation) not in same and (rival or _key(relation) in opposite):
            said = _phrase(relation, names)
            detail = f"relation: the prompt says “{phrase}”, the description says “{said}”"
            findings.note("relation", detail, "removed")
            kept.remove(relation)
    if not present:
        detail = f"relation: “{phrase}” is missing from the description"
        findings.note("relation", detail, "added")
        kept.append(wanted)


def _phrase(relation: Relation, names: Mapping[str, str]) -> str:
    return f"{names[relation.a]} {relation.kind.replace('_', ' ')} {names[relation.b]}"


def _same_meaning(relation: Relation) -> set[tuple[str, RelationKind, str]]:
    same = {_key(relation)}
    if relation.kind in SYMMETRIC:
        same.add((relation.b, relation.kind, relation.a))
    if relation.kind in INVERSE:
        same.add((relation.b, INVERSE[relation.kind], relation.a))
    return same


def _opposites(relation: Relation) -> set[tuple[str, RelationKind, str]]:
    if relation.kind in SYMMETRIC:
        return set()
    opposite = {(relation.b, relation.kind, relation.a)}
    if relation.kind in INVERSE:
        opposite.add((relation.a, INVERSE[relation.kind], relation.b))
    return opposite


def _key(relation: Relation) -> tuple[str, RelationKind, str]:
    return relation.a, relation.kind, relation.b
