"""Money: what calls did cost, what may still be spent, and whether that was agreed to.

All amounts are US dollars, rounded to a millionth where they are recorded.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Condition

from imagine.stages.errors import (
    BudgetError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    StoppedError,
    UnusableAnswerError,
    UsageError,
    shown,
)
from imagine.stages.generate import Capabilities
from imagine.stages.money.estimate import Estimate, Service, price_of
from imagine.stages.money.ledger import Outcome
from imagine.stages.money.prices import FREE, PriceList, dollars, rough
from imagine.stages.money.usage import Usage
from imagine.stages.recipe import CostRecord, UsageRecord
from imagine.stages.upscale import UpscaleCapabilities

# Pictures that may be paid for without asking.
UNASKED = 4


def actual(
    prices: PriceList,
    service: Service,
    usage: Usage | UsageRecord | None,
    *,
    served: str = "",
    size: tuple[int, int] | None = None,
    references: int = 0,
) -> float | None:
    """What calls did cost, from what the provider counted.

    Args:
        service: the enhancer, backend or upscaler that was asked.
        usage: the sum of its calls; None for none of an enhancer, and for a picture of the others
            where nothing is counted.
        served: the model that answered.
        size: pixels of each picture; None for an enhancer.
        references: pictures that were shown with each call.

    Returns:
        Dollars, 0 for what is free; None when no price is known, or nothing was counted.
    """
    counted = usage if usage is not None and usage.calls else None
    if size is not None and _draws_for_money(service):
        # A plugin may count nothing, and its picture is paid for all the same.
        counted = counted or Usage(calls=1, images=1)
    if counted is None:
        return 0.0
    price = price_of(prices, service, served)
    if price is None or price is FREE:
        return None if price is None else 0.0
    if size is None and not counted.input_tokens + counted.output_tokens:
        return None
    spent = price.used(counted, size=size, references=references * counted.calls)
    return None if spent is None else round(spent, 6)


def _draws_for_money(service: Service) -> bool:
    capabilities = getattr(service, "capabilities", None)
    return isinstance(capabilities, Capabilities | UpscaleCapabilities) and capabilities.paid


def cost_of_failure(
    prices: PriceList, service: Service, error: ImagineError, estimate: Estimate
) -> tuple[float | None, Outcome] | None:
    """What a failure has cost, and the ledger's word for how it ended.

    Whatever was counted is billed. An answer that was lost is taken for billed too, at its
    estimate; so is one that cannot be used, where nothing was counted or a picture came. Other
    failures cost nothing else.

    Args:
        error: its `usage` counts the calls before it too, as when a second attempt failed.
        estimate: of this one call.

    Returns:
        Dollars (None for an unknown price) and outcome; None when nobody was asked.
    """
    usage = error.usage
    tokens = 0 if usage is None else usage.input_tokens + usage.output_tokens + usage.image_tokens
    counted = _counted(prices, service, usage) if usage is not None and tokens else 0.0
    lost = 1 if isinstance(error, LostAnswerError) else error.lost
    if lost:
        total = estimate.total
        known = counted is not None and total is not None
        return (round((counted or 0.0) + lost * (total or 0.0), 6) if known else None), "lost"
    if isinstance(error, UnusableAnswerError):
        by_count = tokens and not _draws_for_money(service)
        return (counted if by_count else estimate.total), "failed"
    if isinstance(error, RefusedError):
        return counted, "refused"
    return (counted, "failed") if tokens or isinstance(error, ProviderError) else None


def _counted(prices: PriceList, service: Service, usage: Usage) -> float | None:
    """What calls cost that gave no picture."""
    if not _draws_for_money(service):
        return actual(prices, service, usage)
    # The size is that of pictures, and there are none.
    return actual(prices, service, replace(usage, images=0), size=(1, 1))


def cost_record(
    prices: PriceList, *, enhance: float | None, generate: float | None
) -> CostRecord | None:
    """What a Recipe keeps of the `actual` costs of one picture; None when nothing was paid."""
    if enhance == 0 and generate == 0:
        return None
    return CostRecord(enhance=enhance, generate=generate, prices=prices.date)


class Budget:
    """What may still be spent in one run; `Budget(None)` allows everything. Threads may share it.

    It is kept by what a step may cost as far as can be foreseen: a model that thinks at unusual
    length can exceed it in its last step, by cents.

    Args:
        limit: dollars, from 0.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self.spent = 0.0
        self._held = 0.0
        self._closed = False
        self._changed = Condition()

    @property
    def left(self) -> float | None:
        """Dollars that are neither spent nor held, or None without a limit."""
        return None if self.limit is None else max(0.0, self.limit - self.spent - self._held)

    def check(self, estimate: Estimate) -> None:
        """Refuse what could cost more than is left: a step, or all that a plan consists of.

        Raises:
            BudgetError: it could, or its price is unknown while there is a limit.
        """
        if self.left is None:
            return
        if estimate.most is None:
            raise BudgetError(
                f"The price of {', '.join(estimate.unknown)} is not known, so that --budget "
                f"{dollars(self.limit or 0)} cannot be kept; add it to prices.toml (see `imagine "
                "cost --prices`), or leave --budget out."
            )
        # A sum of floating-point cents may end a hair above the limit.
        if estimate.most > self.left + 1e-9:
            things = " and ".join(part.things for part in estimate.parts)
            so_far = f" ({dollars(self.spent)} is spent)" if self.spent else ""
            raise BudgetError(
                f"{things} may cost {dollars(estimate.most)}, and {dollars(self.left)} of the "
                f"budget of {dollars(self.limit or 0)} is left{so_far}; raise --budget or ask for "
                "less."
            )

    @contextmanager
    def held(self, estimate: Estimate) -> Iterator[None]:
        """Keep what a step may cost from all others while it runs; it is to `spend` meanwhile.

        While others hold what is missing, this waits: most steps cost less than they may.

        Raises:
            BudgetError: as `check`.
            StoppedError: the budget was closed while this waited.
        """
        most = estimate.most or 0.0
        with self._changed:
            while self._must_wait(estimate):
                self._changed.wait()
            self._held += most
        try:
            yield
        finally:
            with self._changed:
                self._held -= most
                self._changed.notify_all()

    def _must_wait(self, estimate: Estimate) -> bool:
        if self._closed:
            raise StoppedError("The run was stopped before this could be paid for.")
        try:
            self.check(estimate)
        except BudgetError:
            # What is a hair above nothing is left over from sums of cents.
            if self._held <= 1e-9 or estimate.most is None:
                raise
            return True
        return False

    def close(self) -> None:
        """Let nobody hold anything any more: who waits gets a StoppedError."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def spend(self, amount: float | None) -> None:
        """Count what was paid; for a call whose answer was lost, what it was estimated at.

        Args:
            amount: dollars; None, where the price is unknown, counts nothing.
        """
        with self._changed:
            self.spent += amount or 0.0


def check_consent(pictures: int, estimate: Estimate, *, attended: bool, more: bool = False) -> None:
    """Refuse paid pictures that need somebody's yes where nobody can be asked.

    Args:
        pictures: how many will be drawn.
        estimate: of the pictures and their descriptions.
        attended: somebody is at a terminal and will be asked.
        more: there may be more pictures than `pictures`.

    Raises:
        BudgetError: they cost money, and nobody can be asked.
    """
    if attended or estimate.is_free:
        return
    told = many_pictures(pictures, estimate, more=more)
    raise BudgetError(
        f"{told[0].upper()}{told[1:]}, need a yes, and nobody can be asked here; add --yes, or ask "
        f"for at most {UNASKED}."
    )


def many_pictures(pictures: int, estimate: Estimate, *, more: bool = False) -> str:
    """What somebody has to agree to: "5 paid pictures, about $0.17"; arguments as above."""
    number = f"at least {pictures}" if more else str(pictures)
    total = estimate.total
    if total is None:
        price = estimate.told()
    elif more:
        price = f"at least {rough(total, digits=3)}"
    else:
        price = f"about {rough(total)}"
    return f"{number} paid pictures, {price}"


def parse_dollars(text: str) -> float:
    """A budget as typed: "2", "0.50", "$1.20".

    Raises:
        UsageError: it is no amount from 0 to 1,000,000.
    """
    number = text.strip().removeprefix("$")
    try:
        amount = float(number) if number.isascii() and "_" not in number else math.nan
    except ValueError:
        amount = math.nan
    if not 0 <= amount <= 1_000_000:
        raise UsageError(
            f"The budget '{shown(text)}' is no amount of dollars; give one such as 0.50."
        )
    return amount
