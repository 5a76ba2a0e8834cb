"""Describing a file of prompts: rows in; their descriptions, printed in the rows' order, out."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli import order as choose
from imagine.cli.batch_listing import Source
from imagine.cli.console import fail_line
from imagine.cli.enhance import answers_of
from imagine.stages.batch.columns import with_defaults
from imagine.stages.batch.ordered import in_order
from imagine.stages.batch.rows import BadRow, Row
from imagine.stages.errors import (
    BudgetError,
    ConfigError,
    ImagineError,
    ItemsFailedError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imagine.cli.describing import Answers, Describing
    from imagine.cli.enhance import Printing
    from imagine.cli.purse import Purse
    from imagine.cli.services import Services
    from imagine.cli.settings import Settings
    from imagine.stages.batch.fields import Head
    from imagine.stages.batch.rows import Value
    from imagine.stages.series import Series
    from imagine.stages.styles import StylePreset

# Options of a row that decide its description; the others go on to whoever draws it.
APPLIED = ("style", "negative", "aspect_ratio", "enhance_seed")
# Seconds in which those who wait at a closed gate have left it.
MOMENT = 0.3


def describe_all(
    file: Path | None,
    describing: "Describing",
    *,
    settings: "Settings",
    services: "Services",
    purse: "Purse",
    printing: "Printing",
    threads: int,
) -> None:
    """Describe row after row, several at a time; print each when it and those before it are there.

    Args:
        file: of prompts; None for stdin.
        describing: for rows without options of their own.

    Raises:
        BudgetError, ConfigError: the next row would fare no better, so no more were begun; those
            that were under way are finished and printed.
        ItemsFailedError: some failed; each was reported.
        UsageError: there was none, or they cannot be read.
    """
    # In threads, these would be made twice.
    _ = purse.budget, purse.ledger, purse.prices
    read = Source(file=file).open(printing.console.warn)
    shared = _of_series(describing, read.head)
    stopped: list[ImagineError] = []

    def work(row: Row | BadRow) -> "Answers":
        if stopped:
            raise stopped[0]
        try:
            return _answers_of_row(row, shared, settings, purse)
        except (BudgetError, ConfigError) as error:
            stopped.append(error)
            raise

    rows = _filled(read.rows, read.head.defaults)
    done = failed = 0
    try:
        with closing(in_order(rows, work, threads=threads, is_over=lambda: bool(stopped))) as calls:
            for row, call in calls:
                done += 1
                try:
                    carried = {} if isinstance(row, BadRow) else _carried(row)
                    printing.answers(call.result(), row.line, carried)
                except (BudgetError, ConfigError):
                    # Told at the end: what was paid for behind this row comes all the same.
                    continue
                except ImagineError as error:
                    failed += 1
                    text = row.text if isinstance(row, BadRow) else str(row.prompt)
                    fail_line(error, line=row.line, prompt=text, json=printing.as_lines)
    except (KeyboardInterrupt, SystemExit, OSError):
        # An OSError: nobody reads stdout any more.
        _abandon(services, purse)
        raise
    if stopped:
        raise stopped[0]
    if not done:
        raise UsageError("The input holds no prompt; write one on a line.")
    if failed == done:
        raise ItemsFailedError("The only prompt failed." if done == 1 else "All prompts failed.")
    if failed:
        raise ItemsFailedError(f"{failed} of {done} prompts failed; the others are done.")


def _of_series(describing: "Describing", head: "Head") -> "Describing":
    """How to describe when the input says what all pictures share.

    Raises:
        UsageError: that is no series, or names an unknown style.
    """
    if head.series is None:
        return describing
    from imagine.stages.series import series_from

    series = series_from(head.series, origin="the input's series")
    return replace(describing, series=series, styles=[*_presets(series), *describing.styles])


def _presets(series: "Series | None") -> "list[StylePreset]":
    return [] if series is None else choose.named_styles(list(series.presets))


def _filled(
    rows: "Iterable[Row | BadRow]", defaults: "Mapping[str, Value]"
) -> Iterator[Row | BadRow]:
    """The rows, with what their file sets for all of them."""
    for row in rows:
        if isinstance(row, BadRow) or not defaults:
            yield row
        else:
            yield replace(row, options=with_defaults(row.options, defaults))


def _answers_of_row(
    row: Row | BadRow, describing: "Describing", settings: "Settings", purse: "Purse"
) -> "Answers":
    """At least one description.

    Raises:
        ImagineError: there is none.
    """
    if isinstance(row, BadRow):
        raise row.error
    if row.spec is not None:
        raise UsageError("The row is described already; leave it out.")
    answers = answers_of(str(row.prompt), _of_row(describing, row, settings), purse)
    if not answers.descriptions:
        raise answers.errors[0]
    return answers


def _of_row(describing: "Describing", row: Row, settings: "Settings") -> "Describing":
    """How to describe a row that has options of its own.

    Raises:
        UsageError: one is wrong.
    """
    own: dict[str, Any] = {name: row.options[name] for name in APPLIED if name in row.options}
    changes: dict[str, Any] = {}
    if "style" in own:
        named = choose.choose_styles(settings, own["style"])
        changes["styles"] = [*_presets(describing.series), *named]
    if "negative" in own:
        changes["negative"] = [*settings.items("negative"), *own["negative"]]
    if "aspect_ratio" in own:
        changes["aspect_ratio"] = choose.given_size(None, own["aspect_ratio"])[1]
    if "enhance_seed" in own:
        changes["seed"] = choose.check_seed("enhance_seed", own["enhance_seed"])
    return replace(describing, **changes) if changes else describing


def _carried(row: Row) -> dict[str, Any]:
    """What of a row its description does not hold, so that `imagine batch` reads it again."""
    identity = {} if row.id is None else {"id": row.id}
    options = {name: value for name, value in row.options.items() if name not in APPLIED}
    return {**identity, **options, **row.extra}


def _abandon(services: "Services", purse: "Purse") -> None:
    """Write down as lost what is under way; who only waits for a turn has asked for nothing."""
    gates = list(services.gates.values())
    for gate in gates:
        gate.close()
    purse.budget.close()
    try:
        if gates:
            time.sleep(MOMENT)
    finally:
        purse.abandon()
