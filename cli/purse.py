"""The money of one command line: keeps to the budget, counts what is spent, writes it down."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from imagine.cli.agreement import Agreement
from imagine.cli.console import Console
from imagine.cli.settings import Settings, config_directory
from imagine.stages.errors import (
    ImagineError,
    LostAnswerError,
)

if TYPE_CHECKING:
    from imagine.cli.describing import Answers, Describing
    from imagine.stages.description import Description
    from imagine.stages.generate import Backend
    from imagine.stages.money.cost import Budget
    from imagine.stages.money.estimate import Estimate, Service
    from imagine.stages.money.ledger import Kind, Ledger, Outcome
    from imagine.stages.money.usage import Usage
    from imagine.stages.pipeline import Picture
    from imagine.stages.plan import Plan
    from imagine.stages.recipe import UsageRecord
    from imagine.stages.upscale import Enlarged, Upscaler

# In what the journal notes of a picture that is coming: what it cost is in the ledger.
IN_LEDGER = "in_ledger"


@dataclass
class Purse(Agreement):
    """What may be spent, and what was.

    Attributes:
        limit: dollars of --budget, or None.
        told_of_ledger: that it cannot be written was said once.
    """

    limit: float | None
    told_of_ledger: bool = False
    _under_way: "dict[int, tuple[Kind, Service, Estimate]]" = field(default_factory=dict)

    # Each is read only when something costs money.

    @cached_property
    def budget(self) -> "Budget":
        from imagine.stages.money.cost import Budget

        return Budget(self.limit)

    @cached_property
    def ledger(self) -> "Ledger":
        from imagine.stages.money.ledger import Ledger

        return Ledger(config_directory())

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
        once = self.of_description(describing)
        total = self.of_description(describing, variants=describing.pick)
        if backend is not None and backend.capabilities.paid:
            pictures = count * self.taken(describing)
            total += self.of_squares(backend, pictures, references=seen)
        asking = self._asking("enhance", enhancer, once, calls=describing.pick)
        with self.budget.held(total), asking:
            yield

    def described(self, answers: "Answers", describing: "Describing") -> None:
        """Count what answers and failures cost, and write it down."""
        if not describing.asks or describing.dry_run:
            return
        for error in answers.errors:
            once = self.of_description(describing)
            self._failed("enhance", describing.enhancer, error, once)
        for description in answers.descriptions:
            if description.failed is not None:
                once = self.of_description(describing)
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
        estimate = self.estimate(plan)
        if estimate is not None and not estimate.is_free:
            self.budget.check(estimate)

    @contextmanager
    def drawing(self, plan: "Plan") -> Iterator[None]:
        """Around drawing one picture: writes down what failed."""
        if not plan.backend.capabilities.paid:
            yield
            return
        estimate = self.of_pictures(plan, 1)
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
        """Around enlarging one picture, and saving it where that follows at once.

        Checks the budget, and writes down at the end what was paid, and whether it came to that.

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

        estimate = self.of_upscaling(upscaler, [size])
        answered: list[tuple[Enlarged, float | None]] = []
        outcome: Outcome = "failed"
        try:
            with ExitStack() as asking:
                asking.enter_context(self.budget.held(estimate))
                asking.enter_context(self._asking("upscale", upscaler, estimate))

                def paid(enlarged: "Enlarged") -> float | None:
                    model, usage = enlarged.model, enlarged.usage
                    dollars = actual(self.prices, upscaler, usage, served=model, size=size)
                    self.budget.spend(dollars)
                    answered.append((enlarged, dollars))
                    # From here on nothing is lost any more, whatever interrupts.
                    asking.close()
                    return dollars

                try:
                    yield paid
                except ImagineError as error:
                    if not answered:
                        self._failed("upscale", upscaler, error, estimate)
                    raise
            outcome = "saved"
        finally:
            for made, dollars in answered:
                model, usage = made.model, made.usage
                self._write("upscale", upscaler, dollars, model=model, usage=usage, outcome=outcome)

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
            records: as `Journal.adopted_records`; of those that are not marked as in the ledger,
                what cost something.
        """
        for record in records:
            cost, provider = record.get("cost"), record.get("backend")
            # Journals of earlier versions name no backend where the ledger has it.
            if record.get(IN_LEDGER) or provider is None:
                continue
            # No dollars are no payment; None is a price that nobody knows.
            if cost is None or cost.get("generate") == 0:
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
