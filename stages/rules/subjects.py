"""The guard's rules for subjects: those of a spec in, those that the prompt allows out."""

import re
from collections.abc import Sequence

from imagine.stages.demands import (
    MAX_SUBJECTS,
    Demands,
    allowed_counts,
    excluded_terms,
    families_of,
    family,
    slug_for,
    spec_colors,
)
from imagine.stages.intent import Entity, Intent
from imagine.stages.language.lexicon import singular, words
from imagine.stages.rules.contradiction import contradictions, is_person
from imagine.stages.rules.findings import FindingKind, Findings
from imagine.stages.spec import Subject

MAX_ADDED = 3


class SubjectBench:
    """The subjects of a spec, mended one rule after the other.

    Attributes:
        subjects: as they are now.
        standing: index of a demanded subject -> id of the subject that stands for it.
    """

    def __init__(
        self, subjects: Sequence[Subject], intent: Intent, demands: Demands, findings: Findings
    ) -> None:
        self.subjects = list(subjects)
        self.standing: dict[int, str] = {}
        self._intent = intent
        self._demands = demands
        self._findings = findings

    def mend(self) -> None:
        """Match, correct, weed out and complete the subjects; at least one is left."""
        self._match()
        for index, entity in enumerate(self._demands.entities):
            if index in self.standing:
                self._correct(index, entity)
        self._weed_out()
        for index in range(len(self._demands.entities)):
            if index not in self.standing:
                self._add(index)
        if not self.subjects:
            self._add(0)

    def _match(self) -> None:
        """Pair demanded subjects with the spec's, the surest pairs first."""
        pairs = [
            (-likeness, index, place)
            for index in range(len(self._demands.entities))
            for place, subject in enumerate(self.subjects)
            if (likeness := _likeness(self._demands.subjects[index], subject)) > 0
        ]
        taken: set[int] = set()
        for _, index, place in sorted(pairs):
            if index not in self.standing and place not in taken:
                self.standing[index] = self.subjects[place].id
                taken.add(place)
        self._settle_twins()

    def _settle_twins(self) -> None:
        """Of things that the prompt does not tell apart ("a car on a car") the first comes first.

        Otherwise a repair could change who is who, and the next one would change it back.
        """
        places = {subject.id: place for place, subject in enumerate(self.subjects)}
        twins: dict[tuple[object, ...], list[int]] = {}
        for index in sorted(self.standing):
            demand = self._demands.subjects[index]
            key = (demand.name, demand.source_span, demand.count, demand.colors)
            twins.setdefault(key, []).append(index)
        for indices in twins.values():
            ids = sorted((self.standing[index] for index in indices), key=places.__getitem__)
            self.standing.update(zip(indices, ids, strict=True))

    def _correct(self, index: int, entity: Entity) -> None:
        place = next(
            place
            for place, subject in enumerate(self.subjects)
            if subject.id == self.standing[index]
        )
        subject, demand = self.subjects[place], self._demands.subjects[index]
        if subject.origin != "user":
            detail = f"{demand.name} is marked as added, the prompt asks for it"
            self._findings.note("subject", detail, "marked as the user's")
            subject = subject.model_copy(update={"origin": "user"})
        subject = self._name(subject, demand)
        subject = self._count(subject, demand, entity)
        self.subjects[place] = self._colors(subject, demand, entity)

    def _name(self, subject: Subject, demand: Subject) -> Subject:
        name = subject.name
        if name == demand.name:
            return subject
        kind: FindingKind
        told, said = demand.name.casefold(), name.casefold()
        nouns = [noun.casefold() for noun in self._intent.proper_nouns]
        if any(noun in told and noun not in said for noun in nouns):
            kind = "name"
        elif not nouns_of(demand.name) <= nouns_of(name) or contradictions(name, self._intent):
            kind = "subject"
        else:
            return subject
        detail = f"the prompt says “{demand.name}”, the description says “{name}”"
        self._findings.note(kind, detail, f"set to “{demand.name}”")
        return subject.model_copy(update={"name": demand.name})

    def _count(self, subject: Subject, demand: Subject, entity: Entity) -> Subject:
        said = subject.count
        if demand.count is not None:
            right = said == demand.count
        elif said is None:
            right = True
        else:  # more than a spec can hold, an open plural, or a single thing
            right = entity.count is None and (said > 1 if entity.plural else said == 1)
        if right:
            return subject
        wanted = entity.count or ("several" if entity.plural else 1)
        detail = (
            f"count of {demand.name}: the prompt says {wanted}, "
            f"the description says {'nothing' if said is None else said}"
        )
        action = "removed" if demand.count is None else f"set to {demand.count}"
        self._findings.note("count", detail, action)
        return subject.model_copy(update={"count": demand.count})

    def _colors(self, subject: Subject, demand: Subject, entity: Entity) -> Subject:
        """A stated colour is the only one; an unstated one is not another subject's."""
        said = {family(color) for color in subject.colors}
        wanted = {family(color) for color in spec_colors(entity)}
        elsewhere = {family(color) for other in self._demands.subjects for color in other.colors}
        if (said == wanted) if wanted else not said & elsewhere:
            return subject
        detail = (
            f"color of {demand.name}: the prompt says {_listing(wanted)}, "
            f"the description says {_listing(said)}"
        )
        action = f"set to {', '.join(demand.colors)}" if wanted else "removed"
        self._findings.note("color", detail, action)
        return subject.model_copy(update={"colors": demand.colors})

    def _weed_out(self) -> None:
        """Keep of the subjects that stand for nothing in the prompt what it does not rule out."""
        standing = set(self.standing.values())
        # Where no thing was found in the prompt, its own words are the subject.
        suggested = () if self._demands.entities else self._demands.subjects
        names = [subject.name for subject in suggested]
        kept: list[Subject] = []
        added = 0
        for subject in self.subjects:
            if subject.id in standing or subject.name in names:
                kept.append(subject)
                continue
            marked = self._marked(subject)
            added += marked.origin == "added"
            reason = self._against(marked)
            if reason is None and marked.origin == "added" and added > MAX_ADDED:
                reason = ("added", f"more than {MAX_ADDED} subjects were added")
            if reason is None:
                kept.append(self._grounded(marked))
            else:
                self._findings.note(*reason, f"{subject.name} removed")
        self.subjects = kept

    def _marked(self, subject: Subject) -> Subject:
        """A subject that says it is the user's, and whose words are not, is an added one.

        Of a prompt in another language a model may well give the things in English.
        """
        grounded = subject.source_span or nouns_of(subject.name) <= nouns_of(self._intent.core)
        if subject.origin == "added" or grounded or self._intent.language != "en":
            return subject
        detail = f"{subject.name} is marked as the user's, the prompt does not name it"
        self._findings.note("added", detail, "marked as added")
        return subject.model_copy(update={"origin": "added"})

    def _against(self, subject: Subject) -> tuple[FindingKind, str] | None:
        """What the prompt has against a subject that stands for none of its own."""
        nouns, head = nouns_of(subject.name), head_of(subject.name)
        for term in excluded_terms(self._intent):
            if nouns_of(term) <= nouns:
                return "negation", f"{subject.name}: “{term}” is excluded"
        if allowed_counts(head, self._intent) is not None and head in self._standing_heads():
            return "count", f"another {head} was added"
        if denied := contradictions(subject.name, self._intent):
            return denied[0].kind, denied[0].detail
        if subject.origin == "added" and is_person(head) and not self._has_people():
            return "added", "a person was added that the prompt does not ask for"
        if subject.origin == "added" and nouns & lettering() and not self._demands.texts:
            return "added", "text was added that the prompt does not ask for"
        return None

    def _grounded(self, subject: Subject) -> Subject:
        """A thing of the prompt that the demands leave out: no count or colour against them."""
        head = head_of(subject.name)
        allowed = allowed_counts(head, self._intent)
        if subject.count is not None and allowed is not None and subject.count not in allowed:
            detail = f"count of {head}: the prompt does not say {subject.count}"
            self._findings.note("count", detail, "removed")
            subject = subject.model_copy(update={"count": None})
        wanted = families_of(head, self._intent)
        strange = [color for color in subject.colors if wanted and family(color) not in wanted]
        if strange:
            detail = f"color of {head}: the prompt does not say {strange[0]}"
            self._findings.note("color", detail, "removed")
            subject = subject.model_copy(update={"colors": ()})
        return subject

    def _standing_heads(self) -> set[str]:
        return {head_of(self._demands.subjects[index].name) for index in self.standing}

    def _has_people(self) -> bool:
        heads = {entity.head for entity in self._intent.entities} | nouns_of(self._intent.cast)
        return any(is_person(head) for head in heads)

    def _add(self, index: int) -> None:
        demand = self._demands.subjects[index]
        self._make_room()
        id = slug_for(demand.name, taken=[subject.id for subject in self.subjects])
        self._findings.note("subject", f"{demand.name}: missing from the description", "added")
        self.subjects.append(demand.model_copy(update={"id": id}))
        self.standing[index] = id

    def _make_room(self) -> None:
        """At the limit, the last of the added subjects goes, then the last of the others."""
        if len(self.subjects) < MAX_SUBJECTS:
            return
        standing = set(self.standing.values())
        spare = [subject for subject in reversed(self.subjects) if subject.id not in standing]
        victim = next((subject for subject in spare if subject.origin == "added"), spare[0])
        self._findings.note("added", f"{victim.name}: no room beside the prompt's own", "removed")
        self.subjects.remove(victim)


def _likeness(demand: Subject, subject: Subject) -> int:
    """How surely `subject` stands for `demand`; 0 when it does not."""
    score = 0
    if subject.source_span is not None and subject.source_span == demand.source_span:
        score += 16
    if subject.name.casefold() == demand.name.casefold():
        score += 8
    elif head_of(subject.name) == head_of(demand.name):
        score += 4
    if score == 0:
        return 0
    families = {family(color) for color in demand.colors}
    score += 2 * (families == {family(color) for color in subject.colors})
    return score + (demand.count == subject.count)


def lettering() -> frozenset[str]:
    """Nouns that stand for words in the picture."""
    return words("enhance_subjects.lettering.words")


def nouns_of(text: str) -> frozenset[str]:
    """The words of `text`, singular and lower case."""
    return frozenset(singular(word) for word in re.findall(r"\w+", text.lower()))


def head_of(name: str) -> str:
    """The noun that a name turns on, singular: "sign" of "stop sign", "statue" of "statue of X"."""
    return singular(re.split(r"\s+of\s+", name)[0].rsplit(maxsplit=1)[-1])


def _listing(colors: set[str]) -> str:
    return " and ".join(sorted(colors)) or "nothing"
