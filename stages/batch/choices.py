"""What a template leaves open: how many texts there are, each of them, or one drawn by chance.

Everything is generated as it is asked for, so that a template of 100,000 texts takes no more memory
than one of two.
"""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

# Counts stop here: it is far beyond any limit, and numbers of a thousand digits take their time.
ENDLESS = 10**15


class Choices(ABC):
    """Texts to choose from.

    Attributes:
        count: how many `texts` gives, at most `ENDLESS`.
        varies: it gives one text, and another one each time.
    """

    count: int
    varies = False

    @abstractmethod
    def texts(self, chance: random.Random) -> Iterator[str]:
        """Every text; `chance` decides only where the template itself asks for chance."""

    @abstractmethod
    def draw(self, chance: random.Random) -> str:
        """One text by chance, weights respected."""


class Text(Choices):
    """One text."""

    count = 1

    def __init__(self, text: str) -> None:
        self.text = text

    def texts(self, chance: random.Random) -> Iterator[str]:
        yield self.text

    def draw(self, chance: random.Random) -> str:
        return self.text


class Chain(Choices):
    """Parts one behind the other, the last one changing fastest."""

    def __init__(self, parts: Sequence[Choices]) -> None:
        self._parts = tuple(parts)
        self.count = capped(math.prod(part.count for part in parts))

    def texts(self, chance: random.Random) -> Iterator[str]:
        return self._from(0, chance)

    def _from(self, place: int, chance: random.Random) -> Iterator[str]:
        fixed = ""
        while place < len(self._parts) and isinstance(part := self._parts[place], Text):
            fixed += part.text
            place += 1
        if place == len(self._parts):
            yield fixed
            return
        part = self._parts[place]
        if part.varies:
            for rest in self._from(place + 1, chance):
                yield fixed + part.draw(chance) + rest
            return
        for text in part.texts(chance):
            for rest in self._from(place + 1, chance):
                yield fixed + text + rest

    def draw(self, chance: random.Random) -> str:
        return "".join(part.draw(chance) for part in self._parts)


class Either(Choices):
    """One of several options."""

    def __init__(self, options: Sequence[Choices], weights: Sequence[float]) -> None:
        self._options = tuple(options)
        self._weights = tuple(weights)
        self.count = capped(sum(option.count for option in options))

    def texts(self, chance: random.Random) -> Iterator[str]:
        for option in self._options:
            yield from option.texts(chance)

    def draw(self, chance: random.Random) -> str:
        return chance.choices(self._options, self._weights)[0].draw(chance)


class Several(Choices):
    """From `low` to `high` different options in any order, with a separator between them."""

    def __init__(
        self,
        options: Sequence[Choices],
        weights: Sequence[float],
        *,
        low: int,
        high: int,
        separator: str,
    ) -> None:
        self._options = tuple(options)
        self._weights = tuple(weights)
        self._low = min(low, len(options))
        self._high = min(high, len(options))
        self._separator = separator
        self.count = self._counted()

    def _counted(self) -> int:
        """The orders of each choice, times the texts of its options: k! e_k(counts)."""
        if math.perm(len(self._options), min(self._high, 20)) >= ENDLESS:
            return ENDLESS
        sums = [1] + [0] * self._high
        for option in self._options:
            for size in range(self._high, 0, -1):
                sums[size] += sums[size - 1] * option.count
        sizes = range(self._low, self._high + 1)
        return capped(sum(math.factorial(size) * sums[size] for size in sizes))

    def texts(self, chance: random.Random) -> Iterator[str]:
        for size in range(self._low, self._high + 1):
            for parts in self._orders(size, range(len(self._options)), chance):
                yield self._joined(parts)

    def _orders(
        self, size: int, left: Sequence[int], chance: random.Random
    ) -> Iterator[tuple[str, ...]]:
        if size == 0:
            yield ()
            return
        for place in left:
            others = [other for other in left if other != place]
            for text in self._options[place].texts(chance):
                for rest in self._orders(size - 1, others, chance):
                    yield (text, *rest)

    def draw(self, chance: random.Random) -> str:
        size = chance.randint(self._low, self._high)
        left = list(range(len(self._options)))
        chosen: list[int] = []
        while len(chosen) < size:
            weights = [self._weights[place] for place in left]
            # Options of weight 0 come after all others.
            place = chance.choices(left, weights)[0] if any(weights) else chance.choice(left)
            left.remove(place)
            chosen.append(place)
        return self._joined([self._options[place].draw(chance) for place in chosen])

    def _joined(self, parts: Sequence[str]) -> str:
        return self._separator.join(part for part in parts if part)


class Wrapped(Choices):
    """A text around another one: "a portrait of ..., in oil"; `split` parts it in two."""

    def __init__(
        self, around: Choices, inner: Choices, *, split: Callable[[str], tuple[str, str]]
    ) -> None:
        self._around = around
        self._inner = inner
        self._split = split
        self.count = capped(around.count * inner.count)

    def texts(self, chance: random.Random) -> Iterator[str]:
        for around in self._around.texts(chance):
            before, after = self._split(around)
            for inner in self._inner.texts(chance):
                yield before + inner + after

    def draw(self, chance: random.Random) -> str:
        before, after = self._split(self._around.draw(chance))
        return before + self._inner.draw(chance) + after


class Settled(Choices):
    """What follows from a value that is chosen once: a variable set with `=!`.

    `count` is exact where it is not above `limit`.
    """

    def __init__(self, value: Choices, then: Callable[[str], Choices], *, limit: int) -> None:
        self._value = value
        self._then = then
        chance = random.Random(0)
        # Most often every value leads to as many texts; that is exact enough for far too many.
        self.count = capped(value.count * then(next(value.texts(chance))).count)
        if self.count <= limit:
            self.count = capped(sum(then(text).count for text in value.texts(chance)))

    def texts(self, chance: random.Random) -> Iterator[str]:
        for value in self._value.texts(chance):
            yield from self._then(value).texts(chance)

    def draw(self, chance: random.Random) -> str:
        return self._then(self._value.draw(chance)).draw(chance)


class ByChance(Choices):
    """Options that do not multiply the others: each text takes one of them by chance."""

    count = 1
    varies = True

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def texts(self, chance: random.Random) -> Iterator[str]:
        yield self._choices.draw(chance)

    def draw(self, chance: random.Random) -> str:
        return self._choices.draw(chance)


class InTurn(Choices):
    """Options that do not multiply the others: each text takes the next one, over and over."""

    count = 1
    varies = True

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._turns: Iterator[str] | None = None

    def texts(self, chance: random.Random) -> Iterator[str]:
        yield self.draw(chance)

    def draw(self, chance: random.Random) -> str:
        if self._turns is None:
            self._turns = _over_and_over(self._choices, chance)
        return next(self._turns)


def _over_and_over(choices: Choices, chance: random.Random) -> Iterator[str]:
    while True:
        yield from choices.texts(chance)


def capped(count: int) -> int:
    return min(count, ENDLESS)
