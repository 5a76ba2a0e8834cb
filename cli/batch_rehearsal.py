"""The dry run of a batch: every item is planned and shown; nobody is asked, nothing is drawn."""

from typing import TYPE_CHECKING, Any

from imagine.cli.console import fail_line
from imagine.cli.planning import planned
from imagine.stages.errors import ImagineError, ItemsFailedError

if TYPE_CHECKING:
    from imagine.cli.batch_run import BatchRun
    from imagine.stages.batch.listing import Item
    from imagine.stages.money.estimate import Estimate
    from imagine.stages.plan import Plan


# Ways of enlarging that the summary names.
MOST_STEPS = 5
# Backends and models that it names.
MOST_PAINTERS = 5


def rehearse_batch(run: "BatchRun") -> None:
    """Show what would be sent for each item: its final prompt on stdout, all of it with --json.

    Raises:
        ItemsFailedError: some items cannot be drawn so.
    """
    console, total = run.console, _Total()
    received = run.journal.numbers_kept()
    for item in run.journal.todo():
        try:
            plans = _plans(run, item)
        except ImagineError as error:
            total.failed += 1
            fail_line(
                error,
                line=item.row.line,
                prompt=str(item.row.prompt),
                json=console.json,
                origin=run.source.origin,
            )
            continue
        total.items += 1
        kept = received.get(item.key, 0)
        total.received += kept
        for plan in plans:
            estimate = run.purse.estimate(
                plan, run.orders.of_row(item.row).describing, received=kept
            )
            kept = max(kept - len(plan.requests), 0)
            total.add(plan, estimate)
            _show(run, item, plan, estimate)
    listing = run.journal.listing
    before = f" {listing.done:,} of {listing.total:,} are finished." if listing.done else ""
    refused = f" {listing.refused:,} were refused before." if listing.refused else ""
    if not total.items and not total.failed:
        console.note(f"There is nothing left to do.{before}{refused}")
        return
    there = ""
    if total.received:
        are = "is" if total.received == 1 else "are"
        there = f" {total.received:,} of them {are} received already."
    price = f": {total.estimate.told(most=True)}" if total.estimate is not None else ""
    console.note(
        f"Would draw {total.pictures:,} {'picture' if total.pictures == 1 else 'pictures'} of "
        f"{total.items:,} {'prompt' if total.items == 1 else 'prompts'}"
        f"{total.painters}{total.enlarged}{price}.{there}{before}{refused} "
        "Nothing was drawn."
    )
    if total.failed:
        items, them = ("item", "it") if total.failed == 1 else ("items", "them")
        raise ItemsFailedError(f"{total.failed:,} {items} cannot be drawn so; correct {them}.")


class _Total:
    def __init__(self) -> None:
        self.items = self.pictures = self.received = self.failed = 0
        self.estimate: Estimate | None = None
        self._steps: dict[str, int] = {}
        self._painters: dict[str, int] = {}

    @property
    def painters(self) -> str:
        """Who draws them: " with sketch", or how many each of several draws."""
        if len(self._painters) < 2:
            return "".join(f" with {painter}" for painter in self._painters)
        told = [f"{number:,} with {painter}" for painter, number in self._painters.items()]
        if len(told) > MOST_PAINTERS:
            rest = sum(list(self._painters.values())[MOST_PAINTERS:])
            told = [*told[:MOST_PAINTERS], f"{rest:,} with others"]
        return f", {', '.join(told[:-1])} and {told[-1]}"

    @property
    def enlarged(self) -> str:
        """What becomes of them, for the summary."""
        if len(self._steps) == 1 and sum(self._steps.values()) == self.pictures:
            return f", {next(iter(self._steps))}"
        told = [f"{number:,} {step}" for step, number in self._steps.items()]
        if len(told) > MOST_STEPS:
            rest = sum(list(self._steps.values())[MOST_STEPS:])
            told = [*told[:MOST_STEPS], f"{rest:,} in other ways"]
        return f" ({', '.join(told)})" if told else ""

    def add(self, plan: "Plan", estimate: "Estimate | None") -> None:
        from imagine.cli.order import titled

        self.pictures += len(plan.requests)
        painter = titled(plan.backend)
        self._painters[painter] = self._painters.get(painter, 0) + len(plan.requests)
        if plan.enlargements:
            told = ", ".join(step.told() for step in plan.enlargements)
            self._steps[told] = self._steps.get(told, 0) + len(plan.requests)
        if estimate is not None:
            self.estimate = estimate if self.estimate is None else self.estimate + estimate


def _plans(run: "BatchRun", item: "Item") -> "list[Plan]":
    from imagine.cli.drawing import is_undescribed
    from imagine.cli.order import check_pictures

    order = run.orders.place_of(run.orders.of_row(item.row), item.position)
    if item.row.spec is not None:
        descriptions = run.work.descriptions(item, order)
    else:
        answers = order.describing.describe(str(item.row.prompt))
        if not answers.descriptions:
            raise answers.errors[0]
        descriptions = answers.descriptions
    plans = [planned(description, order) for description in descriptions]
    for plan in plans:
        check_pictures(plan, order.saving)
    # Without their descriptions the alternatives are all alike.
    return plans[:1] if is_undescribed(plans[0]) else plans


def _show(run: "BatchRun", item: "Item", plan: "Plan", estimate: "Estimate | None") -> None:
    from imagine.cli.drawing import is_undescribed
    from imagine.cli.text import estimate_values, plan_values, prompt_text, spec_text

    console, row, request = run.console, item.row, plan.requests[0]
    if console.json:
        told: dict[str, Any] = {"event": "plan", "ok": True, "id": item.key, "line": row.line}
        told |= {"dry_run": True, **plan_values(plan), "estimate": estimate_values(estimate)}
        console.result_json(told)
        return
    if run.batching.show_prompt:
        console.note(f"line {row.line}:\n{spec_text(plan.description.spec)}")
        if not is_undescribed(plan):
            console.note(prompt_text(plan))
    for note in plan.notes:
        console.detail(f"line {row.line}: {note}")
    words = str(row.prompt) if is_undescribed(plan) else request.prompt
    # One line each, so that the next program can count on it.
    console.result(" ".join(words.split("\n")))
