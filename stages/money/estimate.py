"""An estimate: who will be asked for how much goes in, what it will probably cost comes out.

All amounts are US dollars.
"""

from dataclasses import dataclass, replace

from imagine.stages.enhance import Enhancer, ModelEnhancer
from imagine.stages.errors import shown
from imagine.stages.generate import Backend
from imagine.stages.money.prices import REFERENCE_TOKENS, Price, PriceList, rough
from imagine.stages.network.providers import address_of
from imagine.stages.upscale import Upscaler

Service = Enhancer | Backend | Upscaler

# What a question of stage 1 comes to, rounded up: the instruction with its examples, the schema
# and the prompt; and a description of some 600 tokens with the thoughts before it.
QUESTION_TOKENS = 4000
ANSWER_TOKENS = 800
# A model that draws may think first, and bills its thoughts.
DRAWING_THOUGHTS = 1000


@dataclass(frozen=True, slots=True)
class Expense:
    """Equal things that are to be paid for.

    Attributes:
        what: "picture", "description" or "enlargement".
        each: dollars that one will probably cost.
        most: dollars that one can cost: asked for a second time, thought about at length.
    """

    what: str
    count: int
    each: float
    most: float

    @property
    def things(self) -> str:
        """Like "5 pictures"."""
        return f"{self.count} {self.what}{'s'[: self.count != 1]}"

    def told(self) -> str:
        """Like "5 pictures at $0.034"."""
        return f"{self.things} at {rough(self.each)}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run will cost; the empty one is free.

    Attributes:
        parts: what has a price.
        unknown: "backend/model" of what has none.
    """

    parts: tuple[Expense, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def total(self) -> float | None:
        """Dollars, as far as can be told beforehand; None when a price is unknown."""
        return None if self.unknown else sum(part.count * part.each for part in self.parts)

    @property
    def most(self) -> float | None:
        """Dollars that can be spent at most; None when a price is unknown."""
        return None if self.unknown else sum(part.count * part.most for part in self.parts)

    @property
    def is_free(self) -> bool:
        return self.most == 0

    def __add__(self, other: "Estimate") -> "Estimate":
        counts: dict[Expense, int] = {}
        for part in (*self.parts, *other.parts):
            alike = replace(part, count=1)
            counts[alike] = counts.get(alike, 0) + part.count
        parts = (replace(alike, count=count) for alike, count in counts.items())
        return Estimate(tuple(parts), tuple(dict.fromkeys((*self.unknown, *other.unknown))))

    def told(self, *, most: bool = False) -> str:
        """Like "about $0.17: 5 pictures at $0.034", or "free".

        Args:
            most: with what it can cost: "about $0.17, at most $0.206: 5 pictures at $0.034".
        """
        # Of pictures whose prompts differ in length, the prices differ by nothing that is shown.
        counts: dict[tuple[str, str], int] = {}
        for part in self.parts:
            alike = part.what, rough(part.each)
            counts[alike] = counts.get(alike, 0) + part.count
        parts = ", ".join(
            f"{count} {what}{'s'[: count != 1]} at {each}" for (what, each), count in counts.items()
        )
        total, limit = self.total, self.most
        if total is None or limit is None:
            missing = f"price unknown for {', '.join(self.unknown)}"
            return f"{missing}, beside {parts}" if parts else missing
        if not parts:
            return "free"
        bound = f", at most {rough(limit, digits=3)}" if most and limit > total else ""
        single = len(self.parts) == 1 and self.parts[0].count == 1
        return f"about {rough(total)}{bound}" + ("" if single else f": {parts}")


def estimate_enhance(
    prices: PriceList, enhancer: Enhancer, *, images: int = 0, variants: int = 1
) -> Estimate:
    """What describing one prompt will cost: one call for each variant.

    At most there are two calls, the second with the first answer in it, as when the guard has the
    model asked once more.

    Args:
        images: reference pictures that the enhancer is shown.
        variants: alternatives asked for.
    """
    if not isinstance(enhancer, ModelEnhancer):
        return Estimate()
    price = price_of(prices, enhancer)
    once = None if price is None else price.text(QUESTION_TOKENS, ANSWER_TOKENS)
    if price is None or once is None:
        return Estimate(unknown=(_named(enhancer),))
    again = price.text(QUESTION_TOKENS + ANSWER_TOKENS, ANSWER_TOKENS) or 0.0
    seen = price.references(images * REFERENCE_TOKENS) if enhancer.sees_images else 0.0
    return _expense(Expense("description", variants, once + seen, once + again + 2 * seen))


def estimate_images(
    prices: PriceList,
    backend: Backend,
    *,
    size: tuple[int, int],
    count: int = 1,
    references: int = 0,
    prompt_tokens: int = 0,
) -> Estimate:
    """What `count` pictures of one size will cost.

    Args:
        size: pixels.
        references: pictures that go out with each request.
        prompt_tokens: of the rendered prompt.
    """
    if not backend.capabilities.paid:
        return Estimate()
    price = price_of(prices, backend)
    drawn = None if price is None else price.one_picture(*size, references=references)
    if price is None or drawn is None:
        return Estimate(unknown=(_named(backend),))
    if price.image_output is None:
        return _expense(Expense("picture", count, drawn, drawn))
    asked = price.text(prompt_tokens, 0) or 0.0
    each = drawn + asked + price.references(references * REFERENCE_TOKENS)
    thoughts = DRAWING_THOUGHTS * (price.output or 0.0) / 1e6
    return _expense(Expense("picture", count, each, each + thoughts))


def estimate_upscale(
    prices: PriceList, upscaler: Upscaler, *, size: tuple[int, int], count: int = 1
) -> Estimate:
    """What enlarging `count` pictures will cost.

    Args:
        size: pixels of the results.
    """
    if not upscaler.capabilities.paid:
        return Estimate()
    price = price_of(prices, upscaler)
    each = None if price is None else price.one_picture(*size)
    if each is None:
        return Estimate(unknown=(_named(upscaler),))
    return _expense(Expense("enlargement", count, each, each))


def _expense(expense: Expense) -> Estimate:
    return Estimate((expense,)) if expense.most else Estimate()


def _named(service: Service) -> str:
    model = getattr(service, "model", "")
    return shown(f"{service.name}/{model}" if model else service.name)


def price_of(prices: PriceList, service: Service, served: str = "") -> Price | None:
    """The price of what is asked for, FREE, or None when it is unknown.

    Args:
        served: the model that answered, when it is known: another may have, at its own price.
    """
    names = [name for name in (served, getattr(service, "model", "")) if name]
    return prices.price_of(service.name, *names, base_url=address_of(service))
