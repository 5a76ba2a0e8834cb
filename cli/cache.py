"""`imagine cache`: descriptions that were paid for: where they are, how many; or none any more."""

from dataclasses import asdict
from typing import Annotated

import typer

from imagine.cli import options
from imagine.cli.console import Console


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove every entry.")] = False,
    json: options.Json = False,
) -> None:
    """Show or clear the descriptions that were paid for.

    The same question to the same model is answered from here, unless --no-cache is given.
    """
    from imagine.cli.settings import cache_directory
    from imagine.stages.cache import EnhancementCache

    console = Console(json=json)
    kept = EnhancementCache(cache_directory())
    found = kept.clear() if clear else kept.stats()
    if json:
        console.result_json({"directory": str(kept.directory), "cleared": clear, **asdict(found)})
        return
    number = "1 description" if found.entries == 1 else f"{found.entries} descriptions"
    told = f"{number}, {found.bytes / 1000:,.1f} kB"
    console.result(f"Removed {told}." if clear else f"{kept.directory}: {told}")
