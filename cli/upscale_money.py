"""The money of `imagine upscale`: jobs go in; what they cost is told, judged and agreed to."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from imagine.stages.errors import BudgetError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from imagine.cli.purse import Purse
    from imagine.cli.upscale_names import Naming
    from imagine.cli.upscale_plan import Job
    from imagine.cli.upscale_report import Report
    from imagine.stages.money.estimate import Estimate


def alone(jobs: "list[Job]", naming: "Naming") -> "AbstractContextManager[None]":
    """Where results cost money, no other run may pay for them at the same time."""
    from imagine.cli.upscale_lock import alone_in

    if not any(job.is_paid for job in jobs):
        return nullcontext()
    # One run's directory may lie within another's, so each that gets a result is held, too.
    whole = () if naming.directory is None else (naming.directory,)
    return alone_in([*whole, *naming.directories])


def tell_plan(jobs: "list[Job]", purse: "Purse", report: "Report") -> None:
    from imagine.stages.money.estimate import Estimate

    total = Estimate()
    for job in jobs:
        estimate = Estimate()
        if job.is_paid:
            estimate = purse.of_upscaling(job.upscaler, [_result_size(job)])
        total += estimate
        report.planned(job, estimate)
    report.conclude_dry_run(len(jobs), total)
    _judge(jobs, purse, total)


def _judge(jobs: "list[Job]", purse: "Purse", total: "Estimate") -> None:
    """Say how far a budget goes that is too small.

    Raises:
        BudgetError: it is.
    """
    from imagine.stages.money.prices import dollars

    if purse.limit is None or total.is_free:
        return
    if total.most is None or total.most <= purse.limit + 1e-9:
        # Refuses an unknown price.
        return purse.budget.check(total)
    paid, spent, enough = [job for job in jobs if job.is_paid], 0.0, 0
    for job in paid:
        spent += purse.of_upscaling(job.upscaler, [_result_size(job)]).most or 0.0
        enough += spent <= purse.limit + 1e-9
    raise BudgetError(
        f"The budget of {dollars(purse.limit)} is enough for {enough} of {len(paid)} pictures; "
        "raise --budget or ask for less."
    )


def agree(jobs: "list[Job]", purse: "Purse") -> None:
    """Have the pictures that cost money agreed to where they are many.

    Raises:
        BudgetError: nobody agrees.
    """
    paid = [job for job in jobs if job.is_paid]
    if paid:
        # An upscaler that costs money is never chosen for a picture, but named for all of them.
        purse.agree_to_enlarge(paid[0].upscaler, [_result_size(job) for job in paid])


def _result_size(job: "Job") -> tuple[int, int]:
    return job.target.width, job.target.height
