"""What the guard reports: a Finding for each departure from the prompt, gathered in Findings."""

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a description, or a prompt, departs from what the user asked for.

    Attributes:
        kind: what it concerns.
        detail: what was found, for the user, without a full stop: "count of apple: the prompt
            says 3, the description says 5".
        action: what the repair does about it: "set to 3"; "" where it can do nothing.
    """

    kind: FindingKind
    detail: str
    action: str


class Findings(list[Finding]):
    """Findings in the order they are made."""

    def note(self, kind: FindingKind, detail: str, action: str) -> None:
        self.append(Finding(kind, detail, action))
