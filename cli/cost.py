"""`imagine cost`: what was spent, from the ledger; and the prices it is reckoned with."""

from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from imagine.cli import options
from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.stages.money.ledger import Total


def cost(
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Only from this day on (UTC), as 2026-11-01."),
    ] = None,
    by: Annotated[
        str,
        typer.Option("--by", metavar="WHAT", help="A line for each day, month, model, provider."),
    ] = "day",
    prices: Annotated[
        bool, typer.Option("--prices", help="List the known prices, with their dates and sources.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show what was spent, or the known prices.

    Every paid call stands in ledger.jsonl of your configuration directory. Prices of your own go
    into prices.toml there.
    """
    console = Console(json=json)
    if prices:
        _list_prices(console)
    else:
        _list_totals(console, since=since, by=by)


def _list_totals(console: Console, *, since: str | None, by: str) -> None:
    """A line for each group and one for all of them.

    Raises:
        UsageError: the date or the grouping is none.
        ConfigError: the ledger cannot be read.
    """
    from dataclasses import asdict

    from imagine.cli.settings import config_directory
    from imagine.stages.errors import unknown_name
    from imagine.stages.money.ledger import Grouping, read_ledger, total, totals

    if by not in get_args(Grouping):
        raise unknown_name("--by", by, list(get_args(Grouping)))
    first = _checked_date(since) if since is not None else ""
    entries, damaged = read_ledger(config_directory())
    entries = [entry for entry in entries if entry.time >= first]
    rows = totals(entries, cast("Grouping", by))
    everything = total(entries)
    if damaged:
        lines = "1 damaged line" if damaged == 1 else f"{damaged} damaged lines"
        console.warn(f"{lines} of the ledger left out.")
    if console.json:
        console.result_json(
            {
                "since": since,
                "by": by,
                "rows": [asdict(row) for row in rows],
                "total": asdict(everything),
                "damaged": damaged,
            }
        )
        return
    width = max(len(row.key) for row in (*rows, everything)) + 2
    console.result(f"{by:<{width}}{'pictures':>10}{'calls':>8}{'dollars':>12}")
    for row in (*rows, everything):
        console.result(_line(row, width))


def _line(row: "Total", width: int) -> str:
    from imagine.stages.money.prices import dollars

    unpriced = f"  and {row.unpriced} at an unknown price" if row.unpriced else ""
    spent = dollars(row.dollars)
    return f"{row.key:<{width}}{row.pictures:>10}{row.calls:>8}{spent:>12}{unpriced}"


def _checked_date(text: str) -> str:
    """The date itself.

    Raises:
        UsageError: it is none.
    """
    from datetime import datetime

    from imagine.stages.errors import UsageError, shown

    try:
        return datetime.strptime(text, "%Y-%m-%d").strftime("%Y-%m-%d")
    except ValueError as error:
        raise UsageError(
            f"--since '{shown(text)}' is no date; give one such as 2026-11-01."
        ) from error


def _list_prices(console: Console) -> None:
    """A line for each price in force today.

    Raises:
        ConfigError: the user's price list cannot be read.
    """
    from imagine.cli.settings import config_directory
    from imagine.stages.money.prices import load_prices

    own = config_directory() / "prices.toml"
    listed = sorted(
        load_prices(own).prices,
        key=lambda price: (price.provider, price.model, price.until is None),
    )
    if console.json:
        for price in listed:
            console.result_json(price.model_dump(mode="json", exclude_none=True))
        return
    names = [f"{price.provider}/{price.model}" for price in listed]
    width = max(map(len, names)) + 2
    told_width = max(len(price.told()) for price in listed) + 2
    for name, price in zip(names, listed, strict=True):
        day = "" if price.date is None else price.date.isoformat()
        until = "" if price.until is None else f", until {price.until.isoformat()}"
        console.result(f"{name:<{width}}{price.told():<{told_width}}{day:<12}{price.source}{until}")
    console.result(
        f"\nAdd or change prices in {own}:\n\n"
        '  [[price]]\n  provider = "openai"\n  model = "gpt-image-3"\n  picture = 0.04'
    )
