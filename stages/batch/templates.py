"""Rows with templates in, a row for each prompt that they stand for out.

`{red|blue} fox`, `{2$$, $$a|b|c}`, `__color__` and variables are read by the dynamicprompts
library. Choosing among them is ours: a wildcard that is missing or names itself makes the library
run for ever, and all combinations have to be counted before the first of them is made. Its Jinja
templates are not offered, because they run code.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from imagine.stages.batch.choices import ENDLESS, Choices
from imagine.stages.batch.commands import Builder
from imagine.stages.batch.rows import BadRow, Row
from imagine.stages.batch.syntax import has_template, is_plain, plain
from imagine.stages.batch.wildcards import Wildcards
from imagine.stages.errors import UsageError, shown

__all__ = ["Expansion", "expand", "expand_all", "has_template"]

MAX_PER_LINE = 1000
MAX_IN_ALL = 100_000


@dataclass(frozen=True, slots=True)
class Expansion:
    """How templates are expanded.

    Attributes:
        count: how many prompts are drawn from each template by chance; None for every one.
        seed: decides what is drawn, 0 to 2**32 - 1.
        wildcards: the values of `__name__`.
        per_line: no template may give more prompts.
        in_all: and all together, beyond one for each line, no more than this or `per_line`.
    """

    count: int | None = None
    seed: int = 0
    wildcards: Wildcards = field(default_factory=Wildcards)
    per_line: int = MAX_PER_LINE
    in_all: int = MAX_IN_ALL


def expand_all(rows: Iterable[Row | BadRow], how: Expansion) -> Iterator[Row | BadRow]:
    """Every row in order, those with a template expanded, as a stream.

    A template that cannot be expanded becomes a BadRow. Equal lines that follow one another draw
    each its own prompts.

    Raises:
        UsageError: the templates give more prompts than are allowed in all.
    """
    limit = max(how.in_all, how.per_line)
    more = repeated = 0
    before: str | None = None
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        repeated = repeated + 1 if row.prompt == before else 0
        before = row.prompt
        try:
            for number, made in enumerate(expand(row, how, repeated=repeated)):
                more += number > 0
                if more > limit:
                    break
                yield made
        except UsageError as error:
            yield BadRow(row.line, error, shown(row.prompt))
        if more > limit:
            raise UsageError(
                f"The templates give more than {limit:,} prompts beside the lines "
                f"themselves, at line {row.line}; make them smaller, or raise --expand-max."
            )


def expand(row: Row, how: Expansion, *, repeated: int = 0) -> Iterator[Row]:
    """The rows that one row stands for: itself where its prompt is no template.

    What is drawn by chance follows from the seed and the template alone, so that other lines may
    come and go. Combinations come in the order they are written, the last part changing fastest.

    Args:
        row: with a template for a prompt, or without.
        how: all combinations, or some by chance.
        repeated: how many equal rows stood before it, for draws of its own.

    Raises:
        UsageError: the template cannot be read, names a wildcard or variable that is not there, or
            stands for too many prompts; always before the first row is made.
    """
    if row.prompt is None or is_plain(row.prompt):
        return iter((row,))
    limit = how.per_line if how.count is None else 0
    builder = Builder(how.wildcards, limit=limit, by_chance=how.count is not None)
    choices = builder.build(row.prompt)
    number = choices.count if how.count is None else how.count
    if number > how.per_line:
        raise UsageError(_too_many(number, how))
    return _rows(row, _texts(choices, row.prompt, how, repeated), several=number > 1)


def _too_many(number: int, how: Expansion) -> str:
    if how.count is not None:
        return (
            f"{number:,} prompts of one template are over the {how.per_line:,} that are allowed; "
            "draw fewer, or raise --expand-max."
        )
    combinations = f"more than {ENDLESS:,}" if number == ENDLESS else f"{number:,}"
    return (
        f"The template has {combinations} combinations, over the {how.per_line:,} that "
        "--expand-max allows; draw some of them with --expand N, or raise --expand-max."
    )


def _texts(choices: Choices, template: str, how: Expansion, repeated: int) -> Iterator[str]:
    seed = hashlib.sha256(f"{how.seed}\n{repeated}\n{template}".encode("utf-8", "replace"))
    chance = random.Random(int.from_bytes(seed.digest()[:8]))
    if how.count is None:
        return choices.texts(chance)
    return (choices.draw(chance) for _ in range(how.count))


def _rows(row: Row, texts: Iterator[str], *, several: bool) -> Iterator[Row]:
    for number, text in enumerate(texts, start=1):
        prompt = plain(text).strip()
        yield replace(
            row,
            prompt=prompt,
            id=f"{row.id}-{number}" if several and row.id is not None else row.id,
            template=row.prompt if prompt != row.prompt else row.template,
        )
