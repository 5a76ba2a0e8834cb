"""The guard's rules for words: texts, exclusions and phrases in, those the prompt allows out."""

from collections.abc import Sequence

from imagine.stages.demands import MAX_EXCLUDED, MAX_TEXTS, Demands
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.rules.contradiction import contradictions, sentences
from imagine.stages.rules.findings import Findings
from imagine.stages.rules.subjects import lettering, nouns_of
from imagine.stages.spec import Resolution, Subject, TextItem


def mend_text(
    items: Sequence[TextItem], intent: Intent, demands: Demands, findings: Findings
) -> list[TextItem]:
    """The texts that the prompt quotes, each letter for letter, and no invented one.

    A garbled text is corrected where it stands, so that its placement and typeface stay.
    """
    by_content = {item.content: item for item in items}
    extra = [item for item in items if item.content not in demands.texts]
    mended = [
        by_content.get(content) or _restored(content, extra, findings) for content in demands.texts
    ]
    for item in extra:
        in_quote = any(item.content in quote for quote in intent.quotes)
        if item.content in intent.core and not in_quote:
            mended.append(item)
        else:
            detail = f"the text “{item.content}” is not what the prompt quotes"
            findings.note("text", detail, "removed")
    return mended[:MAX_TEXTS]


def _restored(content: str, extra: list[TextItem], findings: Findings) -> TextItem:
    garbled = next((item for item in extra if _garbles(item.content, content)), None)
    if garbled is None:
        findings.note("text", f"the text “{content}” is missing from the description", "added")
        return TextItem(content=content)
    extra.remove(garbled)
    detail = f"the prompt quotes “{content}”, the description says “{garbled.content}”"
    findings.note("text", detail, f"set to “{content}”")
    return garbled.model_copy(update={"content": content})


def _garbles(said: str, wanted: str) -> bool:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, said.casefold(), wanted.casefold()).ratio() > 0.6


def mend_exclusions(
    terms: Sequence[str], intent: Intent, demands: Demands, findings: Findings
) -> list[str]:
    """Everything that the prompt excludes, and nothing that it asks for; at most twelve terms."""
    required = {term.casefold() for term in demands.exclude}
    kept = []
    for term in terms:
        if term.casefold() not in required and asks_for(term, intent, demands):
            detail = f"the description excludes “{term}”, which the prompt asks for"
            findings.note("negation", detail, "removed")
        else:
            kept.append(term)
    said = {term.casefold() for term in kept}
    for term in demands.exclude:
        if term.casefold() not in said:
            detail = f"the prompt excludes “{term}”, the description does not"
            findings.note("negation", detail, "added")
            kept.append(term)
    spare = [term for term in kept if term.casefold() not in required]
    for term in spare[::-1][: max(len(kept) - MAX_EXCLUDED, 0)]:
        kept.remove(term)
    return kept


def asks_for(term: str, intent: Intent, demands: Demands) -> bool:
    """Whether the prompt wants what `term` would exclude: a thing, its medium or its text."""
    nouns = nouns_of(term)
    if demands.texts and nouns & lettering():
        return True
    if intent.media & parse_intent(term).media:
        return True
    return any(nouns and nouns <= nouns_of(entity.name) for entity in intent.entities)


def mend_phrase(
    slot: str, text: str | None, intent: Intent, findings: Findings, *, of: str = ""
) -> str | None:
    """`text` without the sentences that deny the prompt; None when nothing is left.

    Args:
        slot: what the text is, for the report.
        text: a phrase, or some sentences.
        of: the noun that an attribute belongs to, to be read together with it.
    """
    if not text:
        return None
    pieces = sentences(text)
    kept = []
    for piece in pieces:
        denied = contradictions(f"{piece} {of}" if of else piece, intent)
        for item in denied:
            findings.note(item.kind, f"{slot}: {item.detail}", "removed")
        if not denied:
            kept.append(piece)
    return text if len(kept) == len(pieces) else " ".join(kept).strip() or None


def mend_resolutions(
    items: Sequence[Resolution], intent: Intent, findings: Findings
) -> list[Resolution]:
    """The resolutions of phrases that the prompt has, unless they deny it elsewhere."""
    kept = []
    for item in items:
        if item.phrase not in intent.source:
            findings.note("wording", f"the prompt does not say “{item.phrase}”", "removed")
        elif mend_phrase("resolution", item.meaning, intent, findings) == item.meaning:
            kept.append(item)
    return kept


def mend_details(
    subject: Subject, intent: Intent, findings: Findings, *, own: Sequence[str]
) -> Subject:
    """The subject without colours, attributes, action or pose that deny the prompt.

    `own` are the attributes that the prompt itself gives it.
    """
    slot = f"description of {subject.name}"

    def allowed(word: str, of: str) -> bool:
        return mend_phrase(slot, word, intent, findings, of=of) is not None

    changes = {
        "attributes": tuple(
            word for word in subject.attributes if word in own or allowed(word, subject.name)
        ),
        "colors": tuple(color for color in subject.colors if allowed(color, "")),
        "action": mend_phrase(slot, subject.action, intent, findings),
        "pose": mend_phrase(slot, subject.pose, intent, findings),
    }
    if all(getattr(subject, name) == value for name, value in changes.items()):
        return subject
    return subject.model_copy(update=changes)
