"""A prompt, its description and an instruction go in, changes that fit a schema come out.

No language model: one of four rules applies. Quoted words take the place of the prompt's, "make
the crown tiny" changes a subject, "remove the crown" takes one out, and any other wish becomes one
slot in the instruction's own words.
"""

import json
import random
import re
from collections.abc import Sequence
from typing import Any

from fakes.describe import BREAK, COLORS, QUOTED
from fakes.fill import Filler, Path

_TAGGED = re.compile(r"<(description|instruction)>\s*(.*?)\s*</\1>", re.S)
_MAKE = re.compile(r"(?:make|turn|paint|colou?r) (?:the |its )?(.+) ([\w-]+)[.!]?", re.I)
_REMOVE = re.compile(r"(?:remove|drop|delete|without|no) (?:the |any )?(.+?)[.!]?", re.I)
_TIME = re.compile(
    r"\b(?:at (?:night|noon|dawn|dusk|sunrise|sunset)|in the (?:morning|afternoon|evening))\b", re.I
)
# The slot that an instruction speaks of; the first that fits, else the setting.
_SLOTS = (
    ("lighting", r"light|sun|shadow|dark|bright|dawn|dusk|night|noon|morning|evening|lamp"),
    ("camera", r"camera|lens|closer|close-up|angle|seen|zoom"),
    ("composition", r"cent(?:re|er)|left|right|frame"),
    ("mood", r"mood|calm|cheer|gloom|happy|sad|quiet"),
)
# The lists of a set of changes that cannot be left out.
_LISTS = ("remove_subjects", "subjects", "remove_relations", "add_relations", "clear")


def instruction_in(text: str) -> str:
    """What stands between <instruction> tags in what was said, or ""."""
    tagged: dict[str, str] = dict(_TAGGED.findall(text))
    return tagged.get("instruction", "")


def revise_prompt(prompt: str, said: str, schema: Any) -> Any:
    """The changes that `schema` allows, as the <instruction> in `said` wishes.

    Args:
        prompt: what the picture was described from.
        said: the user's whole message, which holds the <description> too.
    """
    tagged = dict(_TAGGED.findall(said))
    description = json.loads(tagged.get("description") or "{}")
    instruction = tagged.get("instruction", "")
    changes = _changes(prompt, instruction, description.get("subjects", []))
    if schema is None:
        return changes
    return _Reviser(prompt, instruction, changes, schema).fill(schema, ())


class _Reviser(Filler):
    def __init__(self, prompt: str, instruction: str, changes: dict[str, Any], root: Any) -> None:
        super().__init__(prompt, random.Random(instruction), root)
        self._instruction = instruction
        self._changes = {name: [] for name in (*_LISTS, "assumptions")} | changes

    def known(self, path: Path) -> Any:
        """The change at `path`; None where everything stays as it is."""
        value: Any = self._changes
        for part in path:
            if isinstance(value, dict):
                value = value.get(str(part))
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def phrase(self, path: Path) -> str:
        return self._instruction


def _changes(prompt: str, instruction: str, subjects: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The prompt with its smallest edit, and the one thing that changes with it."""
    if quote := QUOTED.search(instruction):
        edited = QUOTED.sub(lambda _: quote[0], prompt, count=1)
        return {"source_prompt": edited if QUOTED.search(prompt) else f"{prompt}, {quote[0]}"}
    made, removed = _MAKE.fullmatch(instruction), _REMOVE.fullmatch(instruction)
    if made and (subject := _named(made[1], subjects)):
        word = made[2].lower()
        field = "colors" if word in COLORS else "attributes"
        kept = [] if field == "colors" else subject.get(field, [])
        return {
            "source_prompt": _with_word(prompt, subject["name"], word),
            "subjects": [{"id": subject["id"], field: [*kept, word]}],
        }
    if removed and len(subjects) > 1 and (subject := _named(removed[1], subjects)):
        edited = _without(prompt, subject["name"])
        return {"source_prompt": edited, "remove_subjects": [subject["id"]]}
    time = _TIME.search(instruction)
    edited = _TIME.sub(time[0], prompt) if time else prompt
    wish = f"{made[2]} {made[1]}" if made else instruction.strip(" .!")
    slot = next((name for name, words in _SLOTS if re.search(words, wish, re.I)), "setting")
    return {"source_prompt": edited, slot: wish}


def _named(words: str, subjects: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The subject whose name stands among `words`."""
    return next((one for one in subjects if _place(one.get("name", ""), words)), None)


def _place(name: str, text: str) -> re.Match[str] | None:
    """Where `text` names something, in singular or plural, outside quotation marks."""
    plain = QUOTED.sub(lambda quote: " " * len(quote[0]), text)
    return re.search(rf"\b{re.escape(name)}(?:e?s)?\b", plain, re.I) if name else None


def _with_word(prompt: str, name: str, word: str) -> str:
    """The prompt with `word` before what is named so; a colour replaces the colour there."""
    found = _place(name, prompt)
    if found is None:
        return prompt
    before, rest = prompt[: found.start()], prompt[found.start() :]
    if word in COLORS:
        before = re.sub(rf"\b(?:{'|'.join(COLORS)}) $", "", before, flags=re.I)
    article = "an" if word[0] in "aeiou" else "a"
    before = re.sub(r"(?<=\b[Aa])n? $", f"{article[1:]} ", before)
    return f"{before}{word} {rest}"


def _without(prompt: str, name: str) -> str:
    """The prompt without the phrase that names this, and the word that led to it."""
    pieces = BREAK.split(f" {prompt} ")
    for number in range(2, len(pieces), 2):
        if _place(name, pieces[number]):
            return "".join([*pieces[: number - 1], *pieces[number + 1 :]]).strip()
    return prompt
