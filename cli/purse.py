"""The money of one command line: asks before it is spent, counts what was, writes it down."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console
from imagine.cli.settings import Settings, config_directory
from imagine.stages.errors import (
    BudgetError,
    ImagineError,
    LostAnswerError,
)

if TYPE_CHECKING:
    from imagine.cli.describing import Answers, Describing
    from imagine.cli.planning import Order
    from imagine.stages.description import Description
    from imagine.stages.generate import Backend
    from imagine.stages.money.cost import Budget
    from imagine.stages.money.estimate import Estimate, Service
    from imagine.stages.money.ledger import Kind, Ledger, Outcome
    from imagine.stages.money.prices import PriceList
    from imagine.stages.money.usage import Usage
    from imagine.stages.pipeline import Picture
    from imagine.stages.plan import Plan
    from imagine.stages.recipe import UsageRecord
    from imagine.stages.upscale import Enlarged, Upscaler


@dataclass
class Purse:
    """What may be spent, and what was.

    Attributes:
        limit: dollars of --budget, or None.
        yes: --yes was given: nobody need be asked.
        told_of_ledger: that it cannot be written was said once.
    """

    console: Console
    limit: float | None
    yes: bool
    told_of_ledger: bool = False
    _under_way: "dict[int, tuple[Kind, Service, Estimate]]" = field(default_factory=dict)

    # Each is read only when something costs money.

    @cached_property
    def prices(self) -> "PriceList":
        from imagine.stages.money.prices import load_prices

        return load_prices(config_directory() / "prices.toml")

    @cached_property
    def budget(self) -> "Budget":
        from imagine.stages.money.cost import Budget

        return Budget(self.limit)

    @cached_property
    def ledger(self) -> "Ledger":
        from imagine.stages.money.ledger import Ledger

        return Ledger(config_directory())

    def agree_to(self, order: "Order", *, times: int | None = 1) -> None:
        """Have the pictures of prompts agreed to where they are many; see `agree`.

        Args:
            times: prompts; None for an unknown number, which may be great.
        """
        from imagine.stages.money.cost import UNASKED

        describing, more = order.describing, times is None
        each = order.count * self._taken(describing)
        # One prompt more than may go unasked.
        number = UNASKED // each + 1 if times is None else times
        described = self._of_description(describing, variants=describing.pick * number)
        self.agree(
            order.backend,
            each * number,
            more=more,
            beside=described,
            enlarging=self._of_upscaler(order, each * number),
        )

    def agree_to_all(self, orders: "Iterable[Order]") -> None:
        """As `agree_to`, for the different prompts of a batch."""
        from imagine.stages.money.cost import UNASKED
        from imagine.stages.money.estimate import Estimate

        if self.yes:
            return
        pictures, estimate = 0, Estimate()
        for order in orders:
            number = order.count * self._taken(order.describing)
            enlarging = self._of_upscaler(order, number)
            if not order.backend.capabilities.paid and enlarging.is_free:
                continue
            pictures += number
            estimate += enlarging
            estimate += self._of_squares(order.backend, number)
            estimate += self._of_description(order.describing, variants=order.describing.pick)
        if pictures > UNASKED:
            self._ask(pictures, estimate, more=False)

    def _taken(self, describing: "Describing") -> int:
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
        estimate = self._of_squares(backend, pictures)
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

    def estimate(self, plan: "Plan", describing: "Describing | None" = None) -> "Estimate | None":
        """What a plan will cost, with the description that a dry run left out; None for nothing."""
        asks = describing is not None and plan.description.enhancer is None and describing.asks
        enlarged = any(step.upscaler.capabilities.paid for step in plan.enlargements)
        if not (plan.backend.capabilities.paid or asks or enlarged):
            return None
        if describing is None or not asks:
            count = len(plan.requests)
            return self._of_pictures(plan, count) + self.of_enlarging(plan, count)
        pictures = len(plan.requests) * self._taken(describing)
        asked = self._of_description(describing, variants=describing.pick)
        return self._of_pictures(plan, pictures) + self.of_enlarging(plan, pictures) + asked

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
        from imagine.stages.money.estimate import Estimate

        upscaler = order.upscaler
        if upscaler is None or not upscaler.capabilities.paid:
            return Estimate()
        size = order.size or order.backend.capabilities.sizes.for_ratio(
            order.backend.name, (1, 1), exact=False
        )
        factor = (order.enlarging.factor if order.enlarging else None) or 1
        return self.of_upscaling(upscaler, [(size[0] * factor, size[1] * factor)] * count)

    def _of_squares(self, backend: "Backend", count: int, *, references: int = 0) -> "Estimate":
        """What pictures will cost whose shape is not known yet."""
        from imagine.stages.money.estimate import estimate_images

        size = backend.capabilities.sizes.for_ratio(backend.name, (1, 1), exact=False)
        return estimate_images(self.prices, backend, size=size, count=count, references=references)

    def _of_pictures(self, plan: "Plan", count: int) -> "Estimate":
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

    def _of_description(self, describing: "Describing", *, variants: int = 1) -> "Estimate":
        from imagine.stages.money.estimate import estimate_enhance

        seen = len(describing.images)
        return estimate_enhance(self.prices, describing.enhancer, images=seen, variants=variants)

    @contextmanager
    def describing(
        self, describing: "Describing", backend: "Backend | None" = None, *, count: int = 1
    ) -> Iterator[None]:
        """Around asking the enhancer: checks the budget, writes down what was interrupted.

        Args:
            backend: draws what is described: a description that could not be drawn is not paid for
                either.
            count: pictures that it draws of each description.

        Raises:
            BudgetError: it could cost more than is left.
        """
        if not describing.asks or describing.dry_run:
            yield
            return
        enhancer, seen = describing.enhancer, len(describing.images)
        once = self._of_description(describing)
        total = self._of_description(describing, variants=describing.pick)
        if backend is not None and backend.capabilities.paid:
            pictures = count * self._taken(describing)
            total += self._of_squares(backend, pictures, references=seen)
        asking = self._asking("enhance", enhancer, once, calls=describing.pick)
        with self.budget.held(total), asking:
            yield

    def described(self, answers: "Answers", describing: "Describing") -> None:
        """Count what answers and failures cost, and write it down."""
        if not describing.asks or describing.dry_run:
            return
        for error in answers.errors:
            once = self._of_description(describing)
            self._failed("enhance", describing.enhancer, error, once)
        for description in answers.descriptions:
            if description.failed is not None:
                once = self._of_description(describing)
                self._failed("enhance", describing.enhancer, description.failed, once)
                continue
            record = description.enhancer
            if record is None or record.usage is None or record.cached:
                continue
            cost = self.asked(description, describing)
            self.budget.spend(cost)
            self._write(
                "enhance",
                describing.enhancer,
                cost,
                model=record.model,
                usage=record.usage,
                outcome="saved",
            )

    def asked(self, description: "Description", describing: "Describing") -> float | None:
        """What one description cost; 0 for one that nobody was asked for."""
        from imagine.stages.money.cost import actual

        record = description.enhancer
        if not describing.asks or record is None or record.cached or description.failed is not None:
            return 0.0
        return actual(
            self.prices,
            describing.enhancer,
            record.usage,
            served=record.model,
            references=len(describing.images) if record.images else 0,
        )

    def check(self, plan: "Plan") -> None:
        """Refuse a plan whose pictures together could cost more than is left.

        Raises:
            BudgetError: they could.
        """
        count = len(plan.requests)
        estimate = self.of_enlarging(plan, count)
        if plan.backend.capabilities.paid:
            estimate += self._of_pictures(plan, count)
        if not estimate.is_free:
            self.budget.check(estimate)

    @contextmanager
    def drawing(self, plan: "Plan") -> Iterator[None]:
        """Around drawing one picture: writes down what failed."""
        if not plan.backend.capabilities.paid:
            yield
            return
        estimate = self._of_pictures(plan, 1)
        with self.budget.held(estimate), self._asking("image", plan.backend, estimate):
            try:
                yield
            except ImagineError as error:
                self._failed("image", plan.backend, error, estimate)
                raise

    @contextmanager
    def enlarging(
        self, upscaler: "Upscaler", size: tuple[int, int]
    ) -> "Iterator[Callable[[Enlarged], float | None]]":
        """Around enlarging one picture: checks the budget, and writes down what was paid.

        Yields:
            What is to be told of the result; it says what that cost in dollars, None where nothing
            was paid or nobody knows.

        Args:
            size: pixels of the result.

        Raises:
            BudgetError: it could cost more than is left.
        """
        if not upscaler.capabilities.paid:
            yield lambda enlarged: None
            return
        from imagine.stages.money.cost import actual

        def paid(enlarged: "Enlarged") -> float | None:
            model, usage = enlarged.model, enlarged.usage
            dollars = actual(self.prices, upscaler, usage, served=model, size=size)
            self.budget.spend(dollars)
            self._write("upscale", upscaler, dollars, model=model, usage=usage, outcome="saved")
            return dollars

        estimate = self.of_upscaling(upscaler, [size])
        with self.budget.held(estimate), self._asking("upscale", upscaler, estimate):
            try:
                yield paid
            except ImagineError as error:
                self._failed("upscale", upscaler, error, estimate)
                raise

    def abandon(self) -> None:
        """Write down that nobody waits any more for what other threads have asked for."""
        for kind, service, estimate in list(self._under_way.values()):
            self._interrupted(kind, service, estimate)

    @contextmanager
    def _asking(
        self, kind: "Kind", service: "Service", estimate: "Estimate", *, calls: int = 1
    ) -> Iterator[None]:
        """Around calls that may be abandoned: then they are written down as lost."""
        tokens = [object() for _ in range(calls)]
        self._under_way |= {id(token): (kind, service, estimate) for token in tokens}
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            for _ in tokens:
                self._interrupted(kind, service, estimate)
            raise
        finally:
            for token in tokens:
                self._under_way.pop(id(token), None)

    def charged(
        self,
        picture: "Picture",
        plan: "Plan",
        describing: "Describing | None" = None,
    ) -> "Picture":
        """The picture with its cost in its recipe.

        Args:
            describing: what made the description, when this is the first picture of it.
        """
        asks = describing is not None and describing.asks
        asked = self.asked(plan.description, describing) if describing and asks else 0.0
        priced = self.priced(picture, plan, asked=asked)
        cost = priced.recipe.cost
        if cost is not None:
            self.budget.spend(cost.generate)
        return priced

    def priced(self, picture: "Picture", plan: "Plan", *, asked: float | None = 0.0) -> "Picture":
        """The picture with its cost in its recipe, which was counted before.

        Args:
            asked: what its description cost.
        """
        if not plan.backend.capabilities.paid and asked == 0:
            return picture
        from imagine.stages.money.cost import actual, cost_record

        recipe, request = picture.recipe, plan.requests[0]
        drawn = actual(
            self.prices,
            plan.backend,
            picture.image.usage,
            served=picture.image.model,
            size=(request.width, request.height),
            references=len(request.images),
        )
        cost = cost_record(self.prices, enhance=asked, generate=drawn)
        return replace(picture, recipe=recipe.model_copy(update={"cost": cost}))

    def received(self, picture: "Picture", plan: "Plan") -> None:
        """Write down what a picture cost that will be saved later."""
        with self.saving(picture, plan):
            pass

    @contextmanager
    def saving(self, picture: "Picture", plan: "Plan", *, again: bool = False) -> Iterator[None]:
        """Around saving a picture: writes down that it was paid for, and whether it was saved.

        Args:
            again: it was written down before.
        """
        cost = picture.recipe.cost
        outcome: Outcome = "failed"
        try:
            yield
            outcome = "saved"
        finally:
            if plan.backend.capabilities.paid and not again:
                self._write(
                    "image",
                    plan.backend,
                    0.0 if cost is None else cost.generate,
                    model=picture.image.model,
                    usage=picture.image.usage,
                    outcome=outcome,
                )

    def _failed(
        self, kind: "Kind", service: "Service", error: ImagineError, estimate: "Estimate"
    ) -> None:
        """Count and write down a call that failed, if it may have been paid for all the same."""
        from imagine.stages.money.cost import cost_of_failure

        found = cost_of_failure(self.prices, service, error, estimate)
        if estimate.is_free or found is None:
            return
        dollars, outcome = found
        self.budget.spend(dollars)
        model = getattr(service, "model", "")
        self._write(kind, service, dollars, model=model, usage=error.usage, outcome=outcome)

    def _interrupted(self, kind: "Kind", service: "Service", estimate: "Estimate") -> None:
        """Ctrl-C while a provider works: nobody knows whether it is billed."""
        error = LostAnswerError("Interrupted.")
        self._failed(kind, service, error, estimate)

    def adopted(self, records: "Iterable[Mapping[str, Any]]") -> None:
        """Write down pictures that a killed run saved, and did not come to write down.

        Args:
            records: as `Journal.adopted_records`; of those with a "backend" that cost something.
        """
        for record in records:
            cost, provider = record.get("cost"), record.get("backend")
            # No dollars are no payment; None is a price that nobody knows.
            if provider is None or cost is None or cost.get("generate") == 0:
                continue
            self._record(
                "image", provider, cost.get("generate"), model=record["model"], outcome="saved"
            )

    def _write(
        self,
        kind: "Kind",
        service: "Service",
        dollars: float | None,
        *,
        model: str,
        usage: "Usage | UsageRecord | None",
        outcome: "Outcome",
    ) -> None:
        from imagine.stages.money.estimate import price_of
        from imagine.stages.money.prices import FREE

        if price_of(self.prices, service, model) is FREE:
            return
        self._record(kind, service.name, dollars, model=model, usage=usage, outcome=outcome)

    def _record(
        self,
        kind: "Kind",
        provider: str,
        dollars: float | None,
        *,
        model: str,
        usage: "Usage | UsageRecord | None" = None,
        outcome: "Outcome",
    ) -> None:
        note = self.ledger.record(
            kind, provider=provider, model=model, dollars=dollars, outcome=outcome, usage=usage
        )
        if note is not None and not self.told_of_ledger:
            self.console.warn(note)
            self.told_of_ledger = True


def open_purse(
    settings: Settings, console: Console, *, budget: float | None = None, yes: bool = False
) -> Purse:
    """The purse of one command line."""
    return Purse(console, limit=settings.number("budget", budget), yes=yes)
