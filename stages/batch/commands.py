"""A template goes in, its Choices come out: the library's commands with wildcards and variables."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagine.stages.batch.choices import (
    ByChance,
    Chain,
    Choices,
    Either,
    InTurn,
    Settled,
    Several,
    Text,
    Wrapped,
)
from imagine.stages.batch.syntax import is_plain, parse, plain
from imagine.stages.batch.wildcards import Wildcards
from imagine.stages.errors import UsageError, shown

if TYPE_CHECKING:
    from dynamicprompts.commands import Command

# How much a template may hold with all the wildcards that it names, and how far they may lead on.
_MAX_PARTS = 300_000
_MAX_DEPTH = 60
# How many wildcards one may stand for whose name is a choice itself.
_MAX_NAMES = 1000


class Builder:
    """Turns one template into Choices.

    Args:
        wildcards: what `__name__` stands for.
        limit: of a value that is chosen once, more texts are not counted.
        by_chance: one text at a time will be drawn.
    """

    def __init__(self, wildcards: Wildcards, *, limit: int, by_chance: bool) -> None:
        self._wildcards = wildcards
        self._limit = limit
        self._by_chance = by_chance
        self._parts = 0
        self._depth = 0
        self._open: list[str] = []

    def build(self, template: str) -> Choices:
        """The choices of a template, with every wildcard and variable found.

        Raises:
            UsageError: the template cannot be read, or names what is not there or has no end.
        """
        return self._text(template, {})

    def _text(self, text: str, variables: Mapping[str, "Command"]) -> Choices:
        self._count_part()
        if is_plain(text):
            return Text(text)
        return self._command(parse(text), variables)

    def _count_part(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise UsageError(
                f"The template holds more than {_MAX_PARTS:,} parts with its wildcards; shorten it."
            )

    def _command(self, command: "Command", variables: Mapping[str, "Command"]) -> Choices:
        from dynamicprompts.commands import LiteralCommand, SamplingMethod

        self._count_part()
        if isinstance(command, LiteralCommand):
            return Text(command.literal)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UsageError("The template leads too deep through its wildcards; simplify it.")
        choices = self._branching(command, variables)
        self._depth -= 1
        method = command.sampling_method
        if method is SamplingMethod.CYCLICAL:
            return InTurn(choices)
        if method is SamplingMethod.RANDOM:
            return ByChance(choices)
        if method is SamplingMethod.COMBINATORIAL and self._by_chance:
            raise UsageError(
                "The template asks for every combination with '!', and prompts are drawn by chance "
                "here; leave the '!' out, or expand all."
            )
        return choices

    def _branching(self, command: "Command", variables: Mapping[str, "Command"]) -> Choices:
        from dynamicprompts.commands import (
            SequenceCommand,
            VariantCommand,
            WildcardCommand,
            WrapCommand,
        )
        from dynamicprompts.commands.variable_commands import VariableAccessCommand

        if isinstance(command, SequenceCommand):
            return self._sequence(list(command.tokens), variables)
        if isinstance(command, VariantCommand):
            return self._variant(command, variables)
        if isinstance(command, WildcardCommand):
            options, weights = self._values(command, variables)
            return Either(options, weights)
        if isinstance(command, VariableAccessCommand):
            return self._variable(command, variables)
        if isinstance(command, WrapCommand):
            around = self._command(command.wrapper, variables)
            inner = self._command(command.inner, variables)
            return Wrapped(around, inner, split=_split)
        raise UsageError(
            f"The template holds a {type(command).__name__} where none can stand; correct it."
        )

    def _sequence(self, tokens: list[Any], variables: Mapping[str, "Command"]) -> Choices:
        """Its variables hold for the whole sequence, wherever in it they are set."""
        from dynamicprompts.commands.variable_commands import VariableAssignmentCommand

        for place, token in enumerate(tokens):
            if not isinstance(token, VariableAssignmentCommand):
                continue
            rest = tokens[:place] + tokens[place + 1 :]
            if not token.overwrite and token.name in variables:
                return self._sequence(rest, variables)
            if not token.immediate:
                return self._sequence(rest, {**variables, token.name: token.value})
            return self._settled(token, rest, variables)
        return Chain([self._command(token, variables) for token in tokens])

    def _settled(self, token: Any, rest: list[Any], variables: Mapping[str, "Command"]) -> Choices:
        """The rest of a sequence, for each value of a variable that is chosen once."""
        from dynamicprompts.commands import LiteralCommand

        inside, depth = [*self._open], self._depth

        def then(text: str) -> Choices:
            # Long after all else is built, and for each value anew.
            builder = Builder(self._wildcards, limit=self._limit, by_chance=self._by_chance)
            builder._open, builder._depth = [*inside], depth
            return builder._sequence(rest, {**variables, token.name: LiteralCommand(text)})

        return Settled(self._command(token.value, variables), then, limit=self._limit)

    def _variant(self, command: Any, variables: Mapping[str, "Command"]) -> Choices:
        from dynamicprompts.commands import WildcardCommand

        options = _distinct(command.variants)
        only = next(iter(command.values)) if len(command.values) == 1 else None
        if isinstance(only, WildcardCommand):
            choices, weights = self._values(only, variables)
        else:
            choices = [self._command(option.value, variables) for option in options]
            weights = [option.weight for option in options]
        if not any(weights):
            raise UsageError("All options of a template's choice have weight 0; give one more.")
        if (command.min_bound, command.max_bound) == (1, 1):
            return Either(choices, weights)
        return Several(
            choices,
            weights,
            low=command.min_bound,
            high=command.max_bound,
            separator=plain(command.separator),
        )

    def _values(
        self, command: Any, variables: Mapping[str, "Command"]
    ) -> tuple[list[Choices], list[float]]:
        """What a wildcard stands for, and the weights."""
        inside = {**variables, **command.variables}
        options: list[Choices] = []
        weights: list[float] = []
        for name in self._names(command.wildcard, variables):
            if name in self._open:
                way = " > ".join(f"__{shown(step)}__" for step in (*self._open, name))
                raise UsageError(f"The wildcard names itself: {way}; take one of them out.")
            self._open.append(name)
            for value in self._wildcards.values(name):
                options.append(self._text(value.text, inside))
                weights.append(value.weight)
            self._open.pop()
        return options, weights

    def _names(self, wildcard: Any, variables: Mapping[str, "Command"]) -> list[str]:
        """The name of a wildcard, or the names when it is made from a choice itself."""
        if isinstance(wildcard, str):
            return [plain(wildcard)]
        choices = self._command(wildcard, variables)
        if choices.count > _MAX_NAMES:
            raise UsageError(
                f"A wildcard of the template may be one of {choices.count:,}; name fewer."
            )
        chance = random.Random(0)
        return list(dict.fromkeys(plain(name) for name in choices.texts(chance)))

    def _variable(self, command: Any, variables: Mapping[str, "Command"]) -> Choices:
        value = variables.get(command.name, command.default)
        mark = f"${{{command.name}}}"
        if value is None:
            raise UsageError(
                f"The variable {mark} is not set; set it in the same template, as in "
                f"${{{command.name}={{red|blue}}}}."
            )
        if mark in self._open:
            raise UsageError(f"The variable {mark} is made from itself; take that out.")
        self._open.append(mark)
        choices = self._command(value, variables)
        self._open.pop()
        return choices


def _distinct(options: list[Any]) -> list[Any]:
    """Options without those that are the same as an earlier one; their weights add up."""
    kept: list[Any] = []
    for option in options:
        twin = next(
            (place for place, other in enumerate(kept) if other.value == option.value), None
        )
        if twin is None:
            kept.append(option)
        else:
            weight = kept[twin].weight + option.weight
            kept[twin] = replace(kept[twin], weight=weight)
    return kept


def _split(text: str) -> tuple[str, str]:
    """What stands before and after the dots of a wrapper; one without dots stands before."""
    from dynamicprompts.commands.wrap_command import WRAP_MARKER_RE

    found = WRAP_MARKER_RE.search(text)
    return (text, "") if found is None else (text[: found.start()], text[found.end() :])
