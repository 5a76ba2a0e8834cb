"""What pictures will cost: an order or a plan goes in; the estimate, and a yes to it, come out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from imagine.cli.console import Console
from imagine.cli.settings import config_directory
from imagine.stages.errors import BudgetError

if TYPE_CHECKING:
    from imagine.cli.describing import Describing
    from imagine.cli.planning import Order
    from imagine.stages.generate import Backend
    from imagine.stages.money.estimate import Estimate
    from imagine.stages.money.prices import PriceList
    from imagine.stages.plan import Plan
    from imagine.stages.upscale import Upscaler


@dataclass
class Agreement:
    """Estimates, and has them agreed to where they are of many pictures.

    Attributes:
        yes: --yes was given: nobody need be asked.
    """

    console: Console
    yes: bool

    # Read only when something costs money.

    @cached_property
    def prices(self) -> "PriceList":
        from imagine.stages.money.prices import load_prices

        return load_prices(config_directory() / "prices.toml")

    def agree_to(self, order: "Order", *, times: int | None = 1) -> None:
        """Have the pictures of prompts agreed to where they are many; see `agree`.

        Args:
            times: prompts; None for an unknown number, which may be great.
        """
        from imagine.stages.money.cost import UNASKED

        describing, more = order.describing, times is None
        each = order.count * self.taken(describing)
        # One prompt more than may go unasked.
        number = UNASKED // each + 1 if times is None else times
        described = self.of_description(describing, variants=describing.pick * number)
        self.agree(
            order.backend,
            each * number,
            more=more,
            beside=described,
            enlarging=self._of_upscaler(order, each * number),
        )

    def agree_to_all(self, orders: "Iterable[tuple[Order, int]]") -> None:
        """As `agree_to`, for the different prompts of a batch.

        Args:
            orders: with how many of its pictures were paid for and received before, each.
        """
        from imagine.stages.money.cost import UNASKED
        from imagine.stages.money.estimate import Estimate

        if self.yes:
            return
        pictures, estimate = 0, Estimate()
        for order, received in orders:
            wanted = order.count * self.taken(order.describing)
            number = max(wanted - received, 0)
            enlarging = self._of_upscaler(order, wanted)
            if not order.backend.capabilities.paid and enlarging.is_free:
                continue
            pictures += number if enlarging.is_free else wanted
            estimate += enlarging
            estimate += self.of_squares(order.backend, number)
            if not received:
                estimate += self.of_description(order.describing, variants=order.describing.pick)
        if pictures > UNASKED:
            self._ask(pictures, estimate, more=False)

    def taken(self, describing: "Describing") -> int:
        """How many of the alternatives are drawn: in a terminal one is picked, elsewhere all."""
        return 1 if self.console.can_ask() else describing.pick

    def agree(
        self,
        backend: "Backend",
        pictures: int,
        *,
        more: bool = False,
        beside: "Estimate | None" = None,
        enlarging: "Estimate | None" = None,
    ) -> None:
        """Have many paid pictures agreed to; those of a server of one's own need no agreement.

        Args:
            more: there may be more than `pictures` of them.
            beside: what their descriptions cost.
            enlarging: what enlarging them costs.

        Raises:
            BudgetError: nobody agrees.
        """
        free = enlarging is None or enlarging.is_free
        if self.yes or (free and not backend.capabilities.paid):
            return
        from imagine.stages.money.cost import UNASKED

        if pictures <= UNASKED:
            return
        estimate = self.of_squares(backend, pictures)
        for part in (beside, enlarging):
            if part is not None:
                estimate += part
        self._ask(pictures, estimate, more=more)

    def agree_to_enlarge(self, upscaler: "Upscaler", sizes: "Sequence[tuple[int, int]]") -> None:
        """Have the enlarging of many pictures agreed to, where it costs money.

        Args:
            sizes: pixels of the results.

        Raises:
            BudgetError: nobody agrees.
        """
        if not upscaler.capabilities.paid or self.yes:
            return
        from imagine.stages.money.cost import UNASKED

        if len(sizes) > UNASKED:
            self._ask(len(sizes), self.of_upscaling(upscaler, sizes), more=False)

    def _ask(self, pictures: int, estimate: "Estimate", *, more: bool) -> None:
        from imagine.stages.money.cost import check_consent, many_pictures

        attended = self.console.can_ask()
        check_consent(pictures, estimate, attended=attended, more=more)
        if estimate.is_free or not attended:
            return
        told = many_pictures(pictures, estimate, more=more)
        if self.console.ask(f"Draw {told}? [y/N] ").lower() not in ("y", "yes"):
            raise BudgetError("The pictures were not agreed to; nothing was drawn or paid.")

    def estimate(
        self, plan: "Plan", describing: "Describing | None" = None, *, received: int = 0
    ) -> "Estimate | None":
        """What a plan will cost, with the description that a dry run left out; None for nothing.

        Args:
            received: pictures that were paid for before, and so was their description.
        """
        asks = describing is not None and plan.description.enhancer is None and describing.asks
        enlarged = any(step.upscaler.capabilities.paid for step in plan.enlargements)
        if not (plan.backend.capabilities.paid or asks or enlarged):
            return None
        count = len(plan.requests)
        if describing is not None and asks:
            count *= self.taken(describing)
        if received >= count and not enlarged:
            return None
        estimate = self.of_enlarging(plan, count)
        if received < count:
            estimate = self.of_pictures(plan, count - received) + estimate
        if describing is not None and asks and not received:
            estimate += self.of_description(describing, variants=describing.pick)
        return estimate

    def of_upscaling(self, upscaler: "Upscaler", sizes: "Iterable[tuple[int, int]]") -> "Estimate":
        """What enlarging pictures to those sizes will cost."""
        from imagine.stages.money.estimate import Estimate, estimate_upscale

        total = Estimate()
        for size in sizes if upscaler.capabilities.paid else ():
            total += estimate_upscale(self.prices, upscaler, size=size)
        return total

    def of_enlarging(self, plan: "Plan", count: int) -> "Estimate":
        """What enlarging `count` pictures of a plan will cost."""
        from imagine.stages.money.estimate import Estimate

        total = Estimate()
        for step in plan.enlargements:
            total += self.of_upscaling(step.upscaler, [step.result] * count)
        return total

    def _of_upscaler(self, order: "Order", count: int) -> "Estimate":
        """As `of_enlarging`, while nobody knows the shapes."""
        from imagine.stages.enlargement import drawn_size, grows
        from imagine.stages.money.estimate import Estimate

        upscaler = order.upscaler
        if upscaler is None or not upscaler.capabilities.paid:
            return Estimate()
        size = order.size or order.backend.capabilities.sizes.for_ratio(
            order.backend.name, (1, 1), exact=False
        )
        factor = (order.enlarging.factor if order.enlarging else None) or 1
        result = size[0] * factor, size[1] * factor
        if not grows(drawn_size(order.backend, size, order.enlarging), result):
            return Estimate()
        return self.of_upscaling(upscaler, [result] * count)

    def of_squares(self, backend: "Backend", count: int, *, references: int = 0) -> "Estimate":
        """What pictures will cost whose shape is not known yet."""
        from imagine.stages.money.estimate import estimate_images

        size = backend.capabilities.sizes.for_ratio(backend.name, (1, 1), exact=False)
        return estimate_images(self.prices, backend, size=size, count=count, references=references)

    def of_pictures(self, plan: "Plan", count: int) -> "Estimate":
        from imagine.stages.money.estimate import estimate_images

        request = plan.requests[0]
        return estimate_images(
            self.prices,
            plan.backend,
            size=(request.width, request.height),
            count=count,
            references=len(request.images),
            prompt_tokens=plan.rendered.tokens,
        )

    def of_description(self, describing: "Describing", *, variants: int = 1) -> "Estimate":
        from imagine.stages.money.estimate import estimate_enhance

        seen = len(describing.images)
        return estimate_enhance(self.prices, describing.enhancer, images=seen, variants=variants)
