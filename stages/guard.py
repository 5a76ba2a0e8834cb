"""The guard: a PromptSpec and the Intent of its prompt give Findings, and a repaired PromptSpec.

What the prompt demands wins over what an enhancer wrote, by rules alone: the same spec gives the
same repair, a repaired spec compares clean, and repairing it again changes nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from imagine.stages.contradiction import (
    INVERSE,
    SYMMETRIC,
    allowed_counts,
    contradictions,
    excluded_terms,
    families_of,
    is_person,
    sentences,
)
from imagine.stages.demands import (
    MAX_EXCLUDED,
    MAX_RELATIONS,
    MAX_SUBJECTS,
    Demands,
    demands_of,
    slug_for,
    spec_colors,
)
from imagine.stages.intent import Entity, Intent, parse_intent
from imagine.stages.lexicon import color_family, singular
from imagine.stages.spec import (
    Medium,
    PromptSpec,
    Relation,
    RelationKind,
    Resolution,
    Style,
    Subject,
    TextItem,
)

FindingKind = Literal[
    "source",
    "subject",
    "count",
    "color",
    "relation",
    "text",
    "negation",
    "name",
    "medium",
    "time",
    "monochrome",
    "added",
    "wording",
]

MAX_ADDED_SUBJECTS = 3

# Kinds of which only one can hold between two things: another one is a misreading of the first.
_POSITIONAL = frozenset(
    {*INVERSE, *SYMMETRIC, RelationKind.INSIDE, RelationKind.ON, RelationKind.BETWEEN}
)
_LETTERING = frozenset(
    "text word letter lettering writing typography caption title slogan watermark inscription".split()
)
_PROSE_SLOTS = ("setting", "composition", "lighting", "camera", "mood")


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a description, or a prompt, departs from what the user asked for.

    Attributes:
        kind: what it concerns.
        detail: what was found, for the user, without a full stop: "count of apple: the prompt
            says 3, the description says 5".
        action: what the repair does about it: "set to 3"; "" where nothing can be done.
    """

    kind: FindingKind
    detail: str
    action: str


@dataclass(frozen=True, slots=True)
class GuardReport:
    """What the guard found and did; `clean` when the description now agrees with the prompt."""

    findings: tuple[Finding, ...]
    clean: bool


def compare(spec: PromptSpec, intent: Intent) -> tuple[Finding, ...]:
    """Every departure of `spec` from `intent`, with what `repair` would do; empty when none."""
    return tuple(_Bench(spec, intent).run().findings)


def repair(spec: PromptSpec, intent: Intent) -> tuple[PromptSpec, GuardReport]:
    """`spec` with every departure from `intent` undone, and the report.

    A spec that needs no repair is returned as it is.
    """
    bench = _Bench(spec, intent).run()
    if not bench.findings:
        return spec, GuardReport(findings=(), clean=True)
    repaired = bench.result()
    return repaired, GuardReport(tuple(bench.findings), clean=not compare(repaired, intent))


def check_prompt(prompt: str, intent: Intent) -> tuple[Finding, ...]:
    """The last, lexical check of a rendered prompt; empty when it may be sent.

    The user's words and quotes must stand in it letter for letter, and nothing around them may
    deny what they say.
    """
    findings = []
    if intent.core not in prompt:
        findings.append(Finding("wording", "the prompt's own words are not in it unchanged", ""))
    missing = [quote for quote in intent.quotes if quote not in prompt]
    findings += [Finding("text", f"the text “{quote}” is missing", "") for quote in missing]
    around = prompt.replace(intent.core, "\n", 1)
    findings += [Finding(found.kind, found.detail, "") for found in contradictions(around, intent)]
    return tuple(findings)


class _Bench:
    """A spec taken apart, mended piece by piece; every step notes what it found."""

    def __init__(self, spec: PromptSpec, intent: Intent) -> None:
        self.spec = spec
        self.intent = intent
        self.demands: Demands = demands_of(intent)
        self.findings: list[Finding] = []
        self.subjects = list(spec.subjects)
        self.relations = list(spec.relations)
        self.text = list(spec.text)
        self.exclude = list(spec.exclude)
        self.style: Style = spec.style
        self.palette = list(spec.palette)
        self.resolutions = list(spec.resolutions)
        self.prose: dict[str, str | None] = {slot: getattr(spec, slot) for slot in _PROSE_SLOTS}
        # Index of a demanded subject -> id of the subject that stands for it.
        self.standing: dict[int, str] = {}

    def run(self) -> "_Bench":
        self._check_source()
        self._check_subjects()
        self._check_relations()
        self._check_text()
        self._check_exclusions()
        self._check_medium()
        self._check_prose()
        return self

    def result(self) -> PromptSpec:
        return self.spec.replace(
            source_prompt=self.intent.source,
            language=self.intent.language,
            subjects=tuple(self.subjects),
            relations=tuple(self.relations),
            style=self.style,
            text=tuple(self.text),
            exclude=tuple(self.exclude),
            palette=tuple(self.palette),
            resolutions=tuple(self.resolutions),
            assumptions=self._assumptions(),
            **self.prose,
        )

    def _note(self, kind: FindingKind, detail: str, action: str) -> None:
        self.findings.append(Finding(kind, detail, action))

    def _check_source(self) -> None:
        if self.spec.source_prompt == self.intent.source:
            return
        self._note("source", "the prompt was altered in the description", "restored")
        self.subjects = [
            subject
            if subject.source_span is None or subject.source_span in self.intent.source
            else subject.model_copy(update={"source_span": None})
            for subject in self.subjects
        ]

    # Subjects

    def _check_subjects(self) -> None:
        self._match()
        for index, entity in enumerate(self.demands.entities):
            if index in self.standing:
                self._mend_subject(index, entity)
        self._check_others()
        self._add_missing()
        self.relations = [
            relation
            for relation in self.relations
            if {relation.a, relation.b} <= {subject.id for subject in self.subjects}
        ]

    def _match(self) -> None:
        """Pair demanded subjects with the spec's, the surest pairs first."""
        pairs = [
            (-likeness, index, place)
            for index in range(len(self.demands.entities))
            for place, subject in enumerate(self.subjects)
            if (likeness := _likeness(self.demands.subjects[index], subject)) > 0
        ]
        taken: set[int] = set()
        for _, index, place in sorted(pairs):
            if index not in self.standing and place not in taken:
                self.standing[index] = self.subjects[place].id
                taken.add(place)

    def _replace(self, id: str, **changes: object) -> None:
        place = next(i for i, subject in enumerate(self.subjects) if subject.id == id)
        self.subjects[place] = self.subjects[place].model_copy(update=changes)

    def _subject(self, id: str) -> Subject:
        return next(subject for subject in self.subjects if subject.id == id)

    def _mend_subject(self, index: int, entity: Entity) -> None:
        demand, id = self.demands.subjects[index], self.standing[index]
        self._mend_name(demand, id)
        if self._subject(id).origin != "user":
            detail = f"{demand.name} is marked as added, the prompt asks for it"
            self._note("subject", detail, "marked as the user's")
            self._replace(id, origin="user")
        self._mend_count(entity, demand, id)
        self._mend_colors(entity, demand, id)

    def _mend_name(self, demand: Subject, id: str) -> None:
        name = self._subject(id).name
        proper = [noun for noun in self.intent.proper_nouns if noun in demand.name]
        if any(noun not in name for noun in proper):
            kind: FindingKind = "name"
        elif not _nouns(demand.name) <= _nouns(name):
            kind = "subject"
        else:
            return
        detail = f"the prompt says “{demand.name}”, the description says “{name}”"
        self._note(kind, detail, f"set to “{demand.name}”")
        self._replace(id, name=demand.name)

    def _mend_count(self, entity: Entity, demand: Subject, id: str) -> None:
        said = self._subject(id).count
        if demand.count is not None:
            allowed = said == demand.count
        elif entity.count is not None:
            allowed = said is None  # more than a spec can hold
        else:
            allowed = said is None or (said > 1 if entity.plural else said == 1)
        if allowed:
            return
        wanted = entity.count or ("several" if entity.plural else 1)
        detail = (
            f"count of {demand.name}: the prompt says {wanted}, "
            f"the description says {'nothing' if said is None else said}"
        )
        action = "removed" if demand.count is None else f"set to {demand.count}"
        self._note("count", detail, action)
        self._replace(id, count=demand.count)

    def _mend_colors(self, entity: Entity, demand: Subject, id: str) -> None:
        said = {_family(color) for color in self._subject(id).colors}
        wanted = {_family(color) for color in spec_colors(entity)}
        if wanted:
            if said == wanted:
                return
            missing_or_strange = True
        else:
            elsewhere = {
                _family(color) for other in self.demands.subjects for color in other.colors
            }
            missing_or_strange = bool(said & elsewhere)
        if not missing_or_strange:
            return
        detail = (
            f"color of {demand.name}: the prompt says {_list(wanted)}, "
            f"the description says {_list(said)}"
        )
        action = f"set to {', '.join(demand.colors)}" if wanted else "removed"
        self._note("color", detail, action)
        self._replace(id, colors=demand.colors)

    def _check_others(self) -> None:
        """Subjects that stand for nothing in the prompt."""
        standing = set(self.standing.values())
        added = 0
        kept = []
        for subject in self.subjects:
            if subject.id not in standing:
                subject, reason = self._judge(subject)
                added += reason is None and subject.origin == "added"
                if reason is None and subject.origin == "added" and added > MAX_ADDED_SUBJECTS:
                    reason = ("added", f"more than {MAX_ADDED_SUBJECTS} subjects were added")
                if reason is not None:
                    self._note(reason[0], reason[1], f"{subject.name} removed")
                    continue
            kept.append(subject)
        self.subjects = kept

    def _judge(self, subject: Subject) -> tuple[Subject, tuple[FindingKind, str] | None]:
        """The subject with what the prompt allows of it, or a reason to remove it."""
        head = _head(subject.name)
        nouns = _nouns(subject.name)
        for term in excluded_terms(self.intent):
            if _nouns(term) <= nouns:
                return subject, ("negation", f"{subject.name}: the prompt excludes “{term}”")
        grounded = bool(subject.source_span) or nouns <= _nouns(self.intent.core)
        if subject.origin == "user" and not grounded and self.demands.entities:
            detail = f"{subject.name} is marked as the user's, the prompt does not name it"
            self._note("added", detail, "marked as added")
            subject = subject.model_copy(update={"origin": "added"})
        if subject.origin == "user":
            return self._judge_grounded(subject, head), None
        if allowed_counts(head, self.intent) is not None:
            return subject, ("count", f"another {head} was added")
        if is_person(head) and not self._has_people():
            return subject, ("added", "a person was added that the prompt does not ask for")
        if nouns & _LETTERING and not self.demands.texts:
            return subject, ("added", "text was added that the prompt does not ask for")
        return subject, None

    def _judge_grounded(self, subject: Subject, head: str) -> Subject:
        """A thing of the prompt that the parser has under another subject, or not at all."""
        allowed = allowed_counts(head, self.intent)
        if allowed is not None and subject.count is not None and subject.count not in allowed:
            self._note("count", f"count of {head}: the prompt does not say {subject.count}", "removed")
            subject = subject.model_copy(update={"count": None})
        wanted = families_of(head, self.intent)
        strange = [color for color in subject.colors if wanted and _family(color) not in wanted]
        if strange:
            self._note("color", f"color of {head}: the prompt does not say {strange[0]}", "removed")
            subject = subject.model_copy(update={"colors": ()})
        return subject

    def _has_people(self) -> bool:
        return any(is_person(entity.head) for entity in self.intent.entities)

    def _add_missing(self) -> None:
        for index, demand in enumerate(self.demands.subjects):
            if index in self.standing or not self.demands.entities:
                continue
            self._make_room()
            id = slug_for(demand.name, taken=[subject.id for subject in self.subjects])
            self._note("subject", f"{demand.name}: missing from the description", "added")
            self.subjects.append(demand.model_copy(update={"id": id}))
            self.standing[index] = id

    def _make_room(self) -> None:
        """Below the limit, what was added goes first, the last of it before the others."""
        standing = set(self.standing.values())
        while len(self.subjects) >= MAX_SUBJECTS:
            spare = [subject for subject in self.subjects if subject.id not in standing]
            victim = max(spare, key=lambda subject: (subject.origin == "added", spare.index(subject)))
            self._note("added", f"{victim.name}: no room beside the prompt's own", "removed")
            self.subjects.remove(victim)

    # Relations

    def _check_relations(self) -> None:
        ids = {
            self.demands.subjects[index].id: standing for index, standing in self.standing.items()
        }
        required = [
            Relation(a=ids[relation.a], kind=relation.kind, b=ids[relation.b])
            for relation in self.demands.relations
        ]
        for relation in required:
            self._require(relation, required)
        while len(self.relations) > MAX_RELATIONS:
            spare = [relation for relation in self.relations if relation not in required]
            self.relations.remove(spare[-1])

    def _require(self, wanted: Relation, required: list[Relation]) -> None:
        same = _same_meaning(wanted)
        pair = {wanted.a, wanted.b}
        present = any(_key(relation) in same for relation in self.relations)
        opposite = _opposites(wanted)
        for relation in list(self.relations):
            rival = not present and wanted.kind in _POSITIONAL and relation.kind in _POSITIONAL
            between = {relation.a, relation.b} == pair and relation not in required
            if _key(relation) not in same and between and (_key(relation) in opposite or rival):
                self._note("relation", self._told(relation, wanted), "removed")
                self.relations.remove(relation)
        if not present:
            words = self._phrase(wanted)
            self._note("relation", f"relation: “{words}” is missing from the description", "added")
            self.relations.append(wanted)

    def _told(self, relation: Relation, wanted: Relation) -> str:
        return (
            f"relation: the prompt says “{self._phrase(wanted)}”, "
            f"the description says “{self._phrase(relation)}”"
        )

    def _phrase(self, relation: Relation) -> str:
        a, b = self._subject(relation.a).name, self._subject(relation.b).name
        return f"{a} {relation.kind.value.replace('_', ' ')} {b}"

    # Text and exclusions

    def _check_text(self) -> None:
        wanted = list(self.demands.texts)
        by_content = {item.content: item for item in self.text}
        extra = [item for item in self.text if item.content not in wanted]
        mended = []
        for content in wanted:
            item = by_content.get(content)
            if item is None:
                item = self._mend_text(content, extra)
            mended.append(item)
        for item in extra:
            if self._grounded_text(item.content):
                mended.append(item)
            else:
                detail = f"the text “{item.content}” is not what the prompt quotes"
                self._note("text", detail, "removed")
        self.text = mended[:6]

    def _mend_text(self, content: str, extra: list[TextItem]) -> TextItem:
        """The wanted text in the place of its garbled version, or by itself."""
        garbled = next((item for item in extra if _garbles(item.content, content)), None)
        if garbled is None:
            self._note("text", f"the text “{content}” is missing from the description", "added")
            return TextItem(content=content)
        extra.remove(garbled)
        detail = f"the prompt quotes “{content}”, the description says “{garbled.content}”"
        self._note("text", detail, f"set to “{content}”")
        return garbled.model_copy(update={"content": content})

    def _grounded_text(self, content: str) -> bool:
        """Whether the words stand in the prompt, outside of what it quotes."""
        part_of_quote = any(content in quote for quote in self.intent.quotes)
        return content in self.intent.core and not part_of_quote

    def _check_exclusions(self) -> None:
        required = {term.casefold(): term for term in self.demands.exclude}
        said = {term.casefold() for term in self.exclude}
        for key, term in required.items():
            if key not in said:
                self._note("negation", f"the prompt excludes “{term}”, the description does not", "added")
                self.exclude.append(term)
        for term in list(self.exclude):
            if term.casefold() not in required and self._asks_for(term):
                self._note("negation", f"the description excludes “{term}”, which the prompt asks for", "removed")
                self.exclude.remove(term)
        while len(self.exclude) > MAX_EXCLUDED:
            spare = [term for term in self.exclude if term.casefold() not in required]
            self.exclude.remove(spare[-1])

    def _asks_for(self, term: str) -> bool:
        nouns = _nouns(term)
        if self.demands.texts and nouns & _LETTERING:
            return True
        if self.intent.media & parse_intent(term).media:
            return True
        return any(nouns and nouns <= _nouns(entity.name) for entity in self.intent.entities)

    # Style and prose

    def _check_medium(self) -> None:
        media = self.intent.media
        if not media or self.style.medium in media:
            return
        wanted = next(medium for medium in Medium if medium in media)
        detail = (
            f"medium: the prompt asks for {_words(wanted)}, "
            f"the description says {_words(self.style.medium)}"
        )
        self._note("medium", detail, f"set to {_words(wanted)}")
        self.style = self.style.model_copy(update={"medium": wanted})

    def _check_prose(self) -> None:
        for slot in _PROSE_SLOTS:
            self.prose[slot] = self._mend(slot, self.prose[slot])
        self.style = self.style.model_copy(
            update={"detail": self._mend("style", self.style.detail)}
        )
        self.palette = [color for color in self.palette if self._mend("palette", color)]
        self.resolutions = [item for item in self.resolutions if self._resolves(item)]
        self.subjects = [self._mend_details(subject) for subject in self.subjects]

    def _mend(self, slot: str, text: str | None, about: str = "") -> str | None:
        """`text` without the sentences that deny the prompt; None when nothing is left."""
        if not text:
            return None
        kept = []
        for sentence in sentences(text):
            found = contradictions(sentence + about, self.intent)
            for item in found:
                self._note(item.kind, f"{slot}: {item.detail}", "removed")
            if not found:
                kept.append(sentence)
        return text if len(kept) == len(sentences(text)) else " ".join(kept).strip() or None

    def _resolves(self, item: Resolution) -> bool:
        if item.phrase in self.intent.source:
            return self._mend("resolution", item.meaning) == item.meaning
        self._note("wording", f"the prompt does not say “{item.phrase}”", "removed")
        return False

    def _mend_details(self, subject: Subject) -> Subject:
        slot = f"description of {subject.name}"
        about = f" {subject.name}"
        attributes = tuple(
            word for word in subject.attributes if self._mend(slot, word, about) is not None
        )
        changes = {
            "attributes": attributes,
            "action": self._mend(slot, subject.action),
            "pose": self._mend(slot, subject.pose),
        }
        if all(getattr(subject, name) == value for name, value in changes.items()):
            return subject
        return subject.model_copy(update=changes)

    def _assumptions(self) -> tuple[str, ...]:
        """Without those that speak of a slot whose text was taken out."""
        emptied = [slot for slot in _PROSE_SLOTS if self.prose[slot] != getattr(self.spec, slot)]
        if self.style.detail != self.spec.style.detail:
            emptied.append("style")
        if tuple(self.palette) != self.spec.palette:
            emptied.append("palette")
        if self.style.medium != self.spec.style.medium:
            emptied.append("medium")
        return tuple(
            line for line in self.spec.assumptions if line.partition(":")[0] not in emptied
        )


def _likeness(demand: Subject, subject: Subject) -> int:
    """How surely `subject` stands for `demand`; 0 when it does not."""
    score = 0
    if subject.source_span is not None and subject.source_span == demand.source_span:
        score += 16
    if subject.name.casefold() == demand.name.casefold():
        score += 8
    elif _head(subject.name) == _head(demand.name):
        score += 4
    if score == 0:
        return 0
    families = {_family(color) for color in demand.colors}
    score += 2 * (families == {_family(color) for color in subject.colors})
    return score + (demand.count == subject.count)


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


def _garbles(said: str, wanted: str) -> bool:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, said.casefold(), wanted.casefold()).ratio() > 0.6


def _nouns(text: str) -> frozenset[str]:
    return frozenset(singular(word) for word in re.findall(r"\w+", text.lower()))


def _head(name: str) -> str:
    return singular(name.split()[-1])


def _family(color: str) -> str:
    return color_family(color) or color


def _list(colors: set[str]) -> str:
    return " and ".join(sorted(colors)) or "nothing"


def _words(medium: Medium) -> str:
    return medium.value.replace("_", " ")
