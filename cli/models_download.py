"""`imagine models download`: an id on the Hugging Face hub goes in; its files lie in the cache."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from imagine.cli import options
from imagine.cli.console import Console, is_terminal

if TYPE_CHECKING:
    from imagine.cli.settings import Settings
    from imagine.stages.generate.local.hub import Hub, Repository
    from imagine.stages.generate.local.hub_files import RemoteFile
    from imagine.stages.generate.local.hub_store import Store

# So much is downloaded unasked.
UNASKED = 10**9
# Seconds between lines where no bar can be shown.
INTERVAL = 30.0
# And between two states of the bar.
READABLE = 0.1
_MB = 10**6


def download(
    model: Annotated[
        str, typer.Argument(metavar="ORG/NAME", help="Its id on huggingface.co, as in its address.")
    ],
    *,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="NAME", help="This .safetensors or .gguf file alone, and no pipeline."
        ),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option(
            "--variant", metavar="NAME", help="Of the weights; else fp16 where there is one."
        ),
    ] = None,
    revision: Annotated[
        str, typer.Option("--revision", metavar="NAME", help="Branch, tag or commit.")
    ] = "main",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Download gigabytes without being asked.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Download a model from the Hugging Face hub.

    It goes into the cache that other programs share. Only what draws: descriptions, tokenizers and
    one precision of the weights, as .safetensors; pickles never. Asks before more than 1 GB. One
    that was stopped goes on where it was.
    """
    from imagine.cli.local import shelf_of
    from imagine.cli.models_lock import alone_with
    from imagine.cli.settings import load_settings
    from imagine.stages.generate.local import INDEX
    from imagine.stages.generate.local.hub_cache import folder_of
    from imagine.stages.generate.local.hub_store import Store

    console = Console(json=json, quiet=quiet)
    settings = load_settings()
    _check(model, revision, settings)
    directory = shelf_of(settings).hub
    with _hub(settings) as hub, alone_with(model, folder_of(directory, model)):
        repository = hub.repository(model, revision)
        files = _chosen(hub, repository, file, variant)
        store = Store(directory, repository)
        _agree(store, files, yes=yes, console=console)
        with _resumable(), _progress(files, console) as tell:
            for number, one in enumerate(files):
                store.fetch(hub, one, tell(number))
        store.name(revision)
        if any(one.name == INDEX for one in files):
            _check_whole(store)
    _report(store, files, console)


def _check(model: str, revision: str, settings: "Settings") -> None:
    """Refuse what cannot be asked."""
    import re

    from imagine.stages.errors import ConfigError, UsageError, shown
    from imagine.stages.generate.local.hub_cache import is_id

    if not is_id(model):
        raise UsageError(
            f"'{shown(model)}' is no id of a model on the hub; give one as ORG/NAME, such as "
            "stabilityai/sdxl-turbo."
        )
    if re.fullmatch(r"[\w.-]+(/[\w.-]+)*", revision, re.ASCII) is None or ".." in revision:
        raise UsageError(f"'{shown(revision)}' is no branch, tag or commit; see the model's page.")
    if settings.flag("offline"):
        raise ConfigError(
            f"The setting offline ({settings.origins['offline']}) forbids downloads; unset "
            "IMAGINE_OFFLINE and HF_HUB_OFFLINE."
        )


def _hub(settings: "Settings") -> "Hub":
    """The hub, with the user's token; never a token of his for an address that a directory names.

    Raises:
        ConfigError: a file of the working directory would send it elsewhere.
    """
    from imagine.cli.trust import leads_away
    from imagine.stages.errors import ConfigError
    from imagine.stages.generate.local.hub import Hub

    address = settings.text("hub_url") or ""
    if leads_away(settings, address="hub_url", key="huggingface_api_key"):
        raise ConfigError(
            f"'{settings.origins['hub_url']}' of this directory would send your Hugging Face token "
            f"to {address}; if that is meant, set IMAGINE_HUB_URL in the environment, or put the "
            "token beside it."
        )
    return Hub(address=address, key=settings.secret("huggingface_api_key"))


def _chosen(
    hub: "Hub", repository: "Repository", file: str | None, variant: str | None
) -> "list[RemoteFile]":
    """What of a repository is needed."""
    from imagine.stages.errors import UsageError
    from imagine.stages.generate.local import INDEX
    from imagine.stages.generate.local.hub_files import (
        file_of,
        files_of_part,
        files_of_pipeline,
        is_part,
        is_pipeline,
    )

    model, files = repository.model, repository.files
    if file is not None and variant is not None:
        raise UsageError("--file names the weights already; leave out --variant.")
    if file is None and is_pipeline(files):
        return files_of_pipeline(model, files, hub.index(repository, INDEX), variant=variant)
    if file is None and is_part(files):
        return files_of_part(model, files, variant=variant)
    return [file_of(model, files, file)]


def _agree(store: "Store", files: "list[RemoteFile]", *, yes: bool, console: Console) -> None:
    """Say what will be downloaded, and have gigabytes agreed to."""
    from imagine.stages.errors import BudgetError
    from imagine.stages.generate.local.hub_files import in_words

    size = store.missing(files)
    if not size:
        return
    store.check_room(size)
    repository = store.repository
    licence = f" (licence: {repository.licence})" if repository.licence else ""
    told = f"{in_words(size)} of {repository.model}{licence}"
    if yes or size <= UNASKED:
        console.note(f"Downloading {told}.")
        return
    if not console.can_ask():
        raise BudgetError(f"Downloading {told} needs your consent; give --yes.")
    if console.ask(f"Download {told} to {store.hub}? [y/N] ").lower() not in ("y", "yes"):
        raise BudgetError("The download was not agreed to; nothing was downloaded.")


@contextmanager
def _resumable() -> Iterator[None]:
    """Tell whoever presses Ctrl-C how it goes on."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        told = "Stopped; the same command goes on from here."
        raise KeyboardInterrupt(told) from stopped


@contextmanager
def _progress(
    files: "list[RemoteFile]", console: Console
) -> "Iterator[Callable[[int], Callable[[int], None]]]":
    """Yields what makes, for the number of a file, what takes how many bytes of it are there."""
    from imagine.stages.generate.local.hub_files import in_words
    from imagine.stages.image import Progress

    total = sum(file.size for file in files)
    before = [sum(file.size for file in files[:number]) for number in range(len(files))]
    told_at, shown_at = time.monotonic(), 0.0
    with console.progress("downloading", time_left=True) as bar:

        def of_file(number: int) -> Callable[[int], None]:
            def tell(there: int) -> None:
                nonlocal told_at, shown_at
                done, name = before[number] + there, files[number].name
                # It is called for every piece that comes, some thousand times a second.
                if there < files[number].size and time.monotonic() - shown_at < READABLE:
                    return
                shown_at = time.monotonic()
                bar(Progress(done // _MB, max(total // _MB, 1), f"MB, {name}"))
                if not is_terminal() and time.monotonic() - told_at >= INTERVAL:
                    told_at = time.monotonic()
                    console.note(f"{in_words(done)} of {in_words(total)}, {name}")

            return tell

        yield of_file


def _check_whole(store: "Store") -> None:
    """Refuse a pipeline that is not whole although everything of it is here.

    Raises:
        LocalBackendError: its repository lacks a part.
    """
    from imagine.stages.errors import LocalBackendError, shown
    from imagine.stages.generate.local.hub_cache import missing_part

    if part := missing_part(store.snapshot):
        model = store.repository.model
        raise LocalBackendError(
            f"The repository of {model} lacks the part '{shown(part)}' of its own pipeline, so it "
            "cannot be drawn with; choose another model, or tell its authors."
        )


def _report(store: "Store", files: "list[RemoteFile]", console: Console) -> None:
    """Where it is, and how it is used."""
    from imagine.cli.models_rows import lora_row, model_row
    from imagine.stages.generate.local.hub_cache import id_of
    from imagine.stages.generate.local.hub_files import SINGLE
    from imagine.stages.generate.local.shelf import Place
    from imagine.stages.generate.local.stock import is_lora, stock_of

    single = len(files) == 1 and files[0].name.endswith(SINGLE)
    path = store.snapshot / files[0].name if single else store.snapshot
    name = id_of(store.hub, path)
    place = Place(name, path)
    row = lora_row(place) if single and is_lora(path) else model_row(stock_of(place))
    if console.json:
        console.result_json(
            {
                "name": name,
                "path": str(path),
                "commit": store.repository.commit,
                "bytes": sum(file.size for file in files),
                "licence": store.repository.licence,
                "kinds": list(row.kinds),
            }
        )
        return
    console.result(str(path))
    if not row.problem:
        console.note(row.use)
