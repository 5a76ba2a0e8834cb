"""What a batch settles before its first row: its options, its series, its place, its journal."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli.batch import EXPAND_MAX, ORDERS, Batching
from imagine.cli.console import Console
from imagine.stages.errors import ConfigError, UsageError, unknown_name
from imagine.stages.generate import identity_of

if TYPE_CHECKING:
    from imagine.cli.batch_orders import Orders
    from imagine.cli.planning import Order
    from imagine.stages.batch.fields import Head
    from imagine.stages.batch.journal import Journal
    from imagine.stages.drawing import DrawingOptions
    from imagine.stages.series import Series

MOST_THREADS = 1000


def check_batching(batching: Batching) -> None:
    """Refuse options that are out of range or exclude each other.

    Raises:
        UsageError: naming them.
    """
    for option, value, most in (
        ("--concurrency", batching.concurrency, MOST_THREADS),
        ("--limit", batching.limit, None),
        ("--sample", batching.sample, None),
        ("--shard", batching.shard, None),
        ("--expand-max", batching.expand_max, None),
    ):
        if value is not None and not 1 <= value <= (most or value):
            told = "not a number from 1" if most is None else f"not between 1 and {most}"
            raise UsageError(f"{option} {value} is {told}; choose one that is.")
    if batching.order is not None and batching.order not in ORDERS:
        raise unknown_name("--order", batching.order, list(ORDERS))
    for one, other in (
        ("--retry-failed", "--force"),
        ("--shuffle", "--order"),
        ("--series-reference", "--shuffle"),
        ("--series-reference", "--sample"),
        ("--series-reference", "--order"),
    ):
        if _given(batching, one) and _given(batching, other):
            raise UsageError(f"{one} and {other} exclude each other; give one of them.")
    _check_company(batching)
    if batching.wildcards is not None and not batching.wildcards.is_dir():
        raise UsageError(f"--wildcards '{batching.wildcards}' is no directory; name one.")


def _check_company(batching: Batching) -> None:
    """Refuse options that would do nothing without another one.

    Raises:
        UsageError: naming both.
    """
    by_chance = batching.expand not in (None, "all")
    chosen = batching.sample is not None or batching.shuffle
    for option, is_given, is_used, other in (
        ("--wildcards", batching.wildcards is not None, batching.expand, "--expand all"),
        ("--expand-max", batching.expand_max != EXPAND_MAX, batching.expand, "--expand all"),
        ("--expand-seed", batching.expand_seed != 0, by_chance, "--expand N"),
        ("--sample-seed", batching.sample_seed != 0, chosen, "--sample or --shuffle"),
        ("--input-format", batching.input_format, not batching.words, "a file or stdin"),
    ):
        if is_given and not is_used:
            raise UsageError(f"{option} goes with {other}; add that, or leave it out.")


def check_results(directory: Path) -> None:
    """Refuse a place where the results cannot be written, before anything is drawn.

    Raises:
        UsageError: something else has their name.
    """
    from imagine.stages.batch.results import FILE_NAME

    path = directory / FILE_NAME
    if path.exists() and not path.is_file():
        raise UsageError(f"'{path}' is no file, and the results go there; move it away.")


def check_order(order: "Order", batching: Batching) -> None:
    """Refuse what one picture can be asked for and a batch cannot.

    Raises:
        UsageError: the output is a file, or two options exclude each other.
    """
    place = order.saving.destination
    if place.file_name is not None:
        raise UsageError(
            f"The output '{place.file_name}' is one file, and a batch has many pictures; name a "
            "directory."
        )
    if batching.series_reference and order.options.hires_fix is not None:
        raise UsageError(
            "--series-reference and --refine exclude each other: a picture that is drawn from "
            "another one is drawn once; give one of them."
        )


def _given(batching: Batching, option: str) -> bool:
    value = getattr(batching, option.removeprefix("--").replace("-", "_"))
    return value not in (None, False)


def series_of(batching: Batching, head: "Head") -> "Series | None":
    """What all pictures share: of --series, else of the input's first document.

    Raises:
        UsageError: there are two, or it is none.
    """
    if batching.series is None and head.series is None:
        return None
    from imagine.stages.series import load_series, series_from

    if batching.series is None:
        return series_from(head.series, origin="the input's series")
    if head.series is not None:
        raise UsageError("--series was given, and the input has a series too; leave out one.")
    return load_series(batching.series)


def fingerprint(orders: "Orders", batching: Batching) -> str:
    """Everything of the command line that decides the pictures, as canonical JSON.

    Where and in which format they are saved is no part of it: nobody wants to pay again for that.
    Nor is how they are enlarged, unless drawing them again costs nothing.
    """
    base = orders.base
    describing = base.describing
    values: dict[str, Any] = {
        "enhancer": [describing.enhancer.name, getattr(describing.enhancer, "model", "")],
        "backend": [base.backend.name, base.backend.model],
        "styles": [style.model_dump(mode="json") for style in describing.styles],
        "negative": describing.negative,
        "aspect_ratio": describing.aspect_ratio or base.default_aspect_ratio,
        "size": base.size,
        "num": base.count,
        "pick": describing.pick,
        "seed": base.seed,
        "enhance_seed": describing.seed,
        "steps": base.options.num_inference_steps,
        "guidance": base.options.guidance_scale,
        "strength": base.options.strength,
        "images": [image.sha256 for image in base.options.images],
        "series": None if describing.series is None else describing.series.to_json(),
        "series_reference": batching.series_reference,
    }
    values |= _drawing_values(base.options)
    # What has none stays as it was, so that batches that were begun before go on.
    if identity := identity_of(base.backend):
        values["identity"] = identity
    if loras := orders.lora_files(base.options):
        values["lora_files"] = loras
    enlarging = enlarging_values(orders)
    if enlarging is not None and not base.backend.capabilities.paid:
        values["enlarging"] = enlarging
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _drawing_values(options: "DrawingOptions") -> dict[str, Any]:
    """What the command line says of how pictures are drawn that few say anything of.

    What is not said stays out, so that batches that were begun without such options go on.
    """
    again = options.hires_fix
    values = {
        "mask": None if options.mask is None else options.mask.sha256,
        "loras": [[lora.recorded, lora.weight] for lora in options.loras] or None,
        "scheduler": options.scheduler,
        "refine": None if again is None else [again.scale, again.strength],
    }
    return {name: value for name, value in values.items() if value is not None}


def enlarging_values(orders: "Orders") -> dict[str, Any] | None:
    """How the command line has pictures enlarged, as plain values; None where it does not say.

    Where it enlarges none by itself, it may still say how those rows are that ask for it.
    """
    enlarging, upscaler = orders.base.enlarging, orders.wanted.upscaler
    if enlarging is None:
        return None
    says = enlarging.factor not in (None, 1) or upscaler is not None
    says = says or enlarging.denoise is not None or enlarging.sharpen is not None
    if orders.base.stages == 3 and not says:
        return None
    return {
        "upscale": enlarging.factor,
        "upscaler": orders.settings.text("upscaler", upscaler),
        "denoise": enlarging.denoise,
        "sharpen": enlarging.sharpen,
    }


@contextmanager
def open_journal(directory: Path, console: Console, *, dry_run: bool) -> "Iterator[Journal]":
    """The journal of the output directory; for a dry run a copy of it, so that nothing is written.

    Raises:
        BusyError: another run has it.
        ConfigError, SaveError: it cannot be used.
    """
    from imagine.stages.batch.journal import Journal

    if not dry_run:
        with Journal.open(directory) as journal:
            if journal.adopted:
                pictures = "picture" if journal.adopted == 1 else "pictures"
                console.note(
                    f"The run before was cut off: {journal.adopted} {pictures} that it had "
                    "finished are taken over."
                )
            yield journal
        return
    with tempfile.TemporaryDirectory(prefix="imagine-") as name:
        from imagine.stages.batch.database import FILE_NAME

        for path in directory.glob(f"{FILE_NAME}*") if directory.is_dir() else ():
            with suppress(OSError):
                shutil.copy(path, name)
        try:
            journal = Journal.open(Path(name))
        except ConfigError:
            # Copied while a run was writing it.
            console.warn("What is finished cannot be told now; the dry run shows every item.")
            Path(name, FILE_NAME).unlink()
            journal = Journal.open(Path(name))
        with journal:
            yield journal


class Unmaking:
    """Whether what a run has made before its first item is to go again."""

    is_wanted = False


@contextmanager
def unmaking(directory: Path, *, dry_run: bool) -> Iterator[Unmaking]:
    """Around a run: removes the journal and the directories that it made, if that is wanted."""
    from imagine.stages.batch.database import FILE_NAME

    made = [path for path in (directory, *directory.parents) if not path.exists()]
    had = (directory / FILE_NAME).exists()
    unmake = Unmaking()
    try:
        yield unmake
    finally:
        if unmake.is_wanted and not (had or dry_run):
            for path in directory.glob(f"{FILE_NAME}*"):
                path.unlink(missing_ok=True)
            for path in made:
                with suppress(OSError):
                    path.rmdir()
