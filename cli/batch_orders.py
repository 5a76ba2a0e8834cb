"""The Order of every row of a batch: the command's, changed by the row's own options."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, replace
from hashlib import sha256
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli.order import refuse_without_enlarging
from imagine.cli.planning import Order, Wanted, check_drawable, order_for
from imagine.stages.batch.rows import FINISHING, Row
from imagine.stages.errors import (
    ConfigError,
    LocalBackendError,
    MissingPackageError,
    UsageError,
    quoted_path,
)
from imagine.stages.generate import identity_of
from imagine.stages.paths import is_file, is_there

if TYPE_CHECKING:
    from imagine.cli.order import Saving
    from imagine.cli.services import Services
    from imagine.cli.settings import Settings
    from imagine.stages.drawing import DrawingOptions
    from imagine.stages.image import ReferenceImage
    from imagine.stages.series import Series

# Rows with the same options share an Order; a file seldom has more kinds of them.
MAX_ORDERS = 256
# What differs from row to row, and needs no service, style or picture to be looked up.
LIGHT = frozenset({"seed", "num", "name"})
# With these a row asks somebody of its own, whose missing key is not the others' affair.
OWN_SERVICES = frozenset({"enhancer", "backend", "model", "upscaler"})
# With these it may name a model's file of its own, which may be damaged.
OWN_MODELS = frozenset({"backend", "model", "lora", "upscaler"})

# With these it names pictures and styles, or says how a picture is finished.
PICTURING = frozenset({"image", "style", *FINISHING})
# Bytes at both ends of a LoRA's file that tell it from others.
PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Orders:
    """The Order of every row: the command's, changed by the row's own options.

    Attributes:
        base_directory: what the files that rows name are relative to.
        shard: items in a directory of their own; None for all in one.
    """

    wanted: Wanted
    settings: "Settings"
    services: "Services"
    base: Order
    series: "Series | None"
    base_directory: Path
    shard: int | None
    _known: "OrderedDict[str, Order]"
    _lock: threading.Lock
    _references: "list[ReferenceImage]"
    # A sum over the paid rows that were listed, of their own ways of being enlarged.
    _enlarged: "list[int]"

    @classmethod
    def of(
        cls,
        wanted: Wanted,
        settings: "Settings",
        services: "Services",
        *,
        dry_run: bool,
        series: "Series | None",
        base_directory: Path,
        shard: int | None,
        series_reference: bool,
    ) -> "Orders":
        """Errors as in `order_for`."""
        base = order_for(
            wanted,
            settings,
            services,
            dry_run=dry_run,
            series=series,
            batch=True,
            rows_may_choose=True,
            series_reference=series_reference,
        )
        return cls(
            wanted,
            settings,
            services,
            base,
            series,
            base_directory,
            shard,
            OrderedDict(),
            threading.Lock(),
            [],
            [0],
        )

    def refer_to(self, path: Path) -> None:
        """Show a picture to the backends of all orders from now on.

        Raises:
            UsageError: it cannot be read.
        """
        from imagine.cli.order import references

        with self._lock:
            self._references[:] = references([path])
            self._known.clear()

    def files_of(self, row: Row) -> str:
        """A hash of the pictures, styles and models that a row names; "" for none.

        How pictures are enlarged that cost nothing to draw is part of it, too. Errors as in
        `of_row`.
        """
        order = self.of_row(row)
        parts: list[str] = []
        if not PICTURING.isdisjoint(row.options):
            parts += self._picturing(row, order)
        if not OWN_MODELS.isdisjoint(row.options):
            parts += filter(None, [identity_of(order.backend), *self.lora_files(order.options)])
        if not parts:
            return ""
        return sha256(" ".join(parts).encode()).hexdigest()[:16]

    def _picturing(self, row: Row, order: Order) -> list[str]:
        parts = [image.sha256 for image in order.options.images]
        parts += [] if order.options.mask is None else [order.options.mask.sha256]
        parts += [style.model_dump_json() for style in order.describing.styles]
        own = {name: row.options[name] for name in sorted(FINISHING & row.options.keys())}
        if own and order.backend.capabilities.paid:
            self._note_enlarged(row, own)
        elif own:
            parts.append(repr(own))
        return parts

    def lora_files(self, options: "DrawingOptions") -> list[str]:
        """A hash for each LoRA whose file is on this machine, that another file would not have."""
        from imagine.cli.local import shelf_of

        if not options.loras:
            return []
        shelf = shelf_of(self.settings)
        found = []
        for lora in options.loras:
            # A server of one's own has LoRAs that nobody here knows.
            with suppress(LocalBackendError):
                found.append(_digest_of(shelf.lora(lora.name).path))
        return found

    def _note_enlarged(self, row: Row, own: Mapping[str, Any]) -> None:
        """Count a paid row's own way of being enlarged in; their order says nothing."""
        digest = sha256(f"{row.id or row.content} {own!r}".encode("utf-8", "surrogatepass"))
        with self._lock:
            self._enlarged[0] = (self._enlarged[0] + int(digest.hexdigest()[:16], 16)) % 2**64

    @property
    def enlarged(self) -> str:
        """A hash of how the paid rows that were listed are enlarged by themselves; "" for none."""
        return f"{self._enlarged[0]:016x}" if self._enlarged[0] else ""

    def check(self, row: Row, *, series_reference: bool) -> None:
        """Refuse a row that cannot be drawn.

        Args:
            series_reference: whether its backend will be shown the first picture.

        Raises:
            UsageError: naming the option.
        """
        order = self.of_row(row)
        if series_reference and order.backend.capabilities.max_images <= len(order.options.images):
            raise UsageError(
                f"{order.backend.name} takes no picture of --series-reference; choose another "
                "backend for the row."
            )
        if order.upscaler is not None and FINISHING & row.options.keys():
            with own_fault(row):
                _check_upscaler(order)

    def of_row(self, row: Row) -> Order:
        """Errors as in `order_for`; those about a service of the row's own are its own fault."""
        order = self._of_row(row)
        if not self._references:
            return order
        images = (*order.options.images, *self._references)
        return replace(order, options=replace(order.options, images=images))

    def _of_row(self, row: Row) -> Order:
        rest = {name: row.options[name] for name in row.options if name not in LIGHT}
        order = self._known_for(row, rest) if rest else self.base
        if len(rest) == len(row.options):
            return order
        options: dict[str, Any] = dict(row.options)
        saving = order.saving
        if "name" in options:
            saving = _named(saving, options["name"])
        return replace(
            order,
            seed=options.get("seed", order.seed),
            count=options.get("num", order.count),
            saving=saving,
        )

    def _known_for(self, row: Row, options: Mapping[str, Any]) -> Order:
        """The order for options that rows often share."""
        if "image" in options or "mask" in options:
            # Kept, their pictures would fill the memory.
            return self._made(row, dict(options))
        key = repr(sorted(options.items()))
        with self._lock:
            order = self._known.get(key)
            if order is None:
                order = self._made(row, dict(options))
                self._known[key] = order
            self._known.move_to_end(key)
            if len(self._known) > MAX_ORDERS:
                self._known.popitem(last=False)
            return order

    def _made(self, row: Row, options: dict[str, Any]) -> Order:
        from imagine.stages.batch.columns import files_of

        if "image" in options:
            options["image"] = files_of(row, self.base_directory)
        if "mask" in options:
            options["mask"] = self.base_directory / options["mask"]
        if "model" in options:
            options["model"] = _model_of(options["model"], self.base_directory)
        if "lora" in options:
            options["lora"] = [_lora_of(text, self.base_directory) for text in options["lora"]]
        if "upscaler" in options:
            options["upscaler"] = _upscaler_of(options["upscaler"], self.base_directory)
        with own_fault(row):
            order = order_for(
                changed(self.wanted, options),
                self.settings,
                self.services,
                dry_run=self.base.describing.dry_run,
                series=self.series,
                batch=True,
            )
            check_drawable(order)
        if order.stages == 3:
            # Who enlarges is said of many rows at once; how, of those that are enlarged.
            refuse_without_enlarging(
                upscaler=None, denoise=options.get("denoise"), sharpen=options.get("sharpen")
            )
        return order

    def place_of(self, order: Order, position: int) -> "Order":
        """The order with the directory that the item at `position` (from 1) belongs in."""
        if self.shard is None:
            return order
        saving = order.saving
        place = saving.destination
        directory = place.directory / f"{(position - 1) // self.shard:04d}"
        return replace(
            order, saving=replace(saving, destination=replace(place, directory=directory))
        )


def _named(saving: "Saving", template: str) -> "Saving":
    """Where a row's pictures are saved that has a name of its own.

    Raises:
        UsageError: the name is wrong.
    """
    from imagine.stages.names import check_template
    from imagine.stages.save import split_template

    place = saving.destination
    stem, format = split_template(template, place.format)
    check_template(stem, batch=True)
    return replace(saving, name_template=template, destination=replace(place, format=format))


def _model_of(named: str, base: Path) -> str:
    """A model as a row names it; the path of one of this machine counts from `base`."""
    from imagine.cli.local import is_path

    path = base / named
    return str(path.absolute()) if is_path(named) and is_there(path) else named


def _lora_of(text: str, base: Path) -> str:
    """A LoRA as a row names it; the path of a file counts from `base`, if it is there."""
    from imagine.stages.drawing import parse_lora

    lora = parse_lora(text)
    path = base / lora.name
    # 1e-05 would be no weight, and goes on as part of the name.
    weight = f"{lora.weight:.9f}".rstrip("0").rstrip(".")
    return f"{path.absolute()}:{weight}" if is_file(path) else text


def _digest_of(path: Path) -> str:
    """A hash of a file's size, first and last bytes: a batch asks for every row.

    Raises:
        LocalBackendError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, SEEK_END)
            digest = sha256(str(size).encode())
            for place in (0, max(0, size - PIECE)):
                file.seek(place)
                digest.update(file.read(PIECE))
    except OSError as error:
        raise LocalBackendError(
            f"The LoRA {quoted_path(path)} cannot be read: {error.strerror}; put it back."
        ) from error
    return digest.hexdigest()[:16]


def _upscaler_of(named: str, base: Path) -> str:
    """What a row calls its upscaler; the path of a model counts from `base`, if it is there."""
    from imagine.cli.upscalers import is_model_file

    path = base / named
    return str(path.absolute()) if is_model_file(named) and is_there(path) else named


def _check_upscaler(order: Order) -> None:
    """Refuse an upscaler that cannot do what is wanted of it, whatever the picture.

    Raises:
        UsageError: it removes no noise, or not so much.
        LocalBackendError: its model cannot be used.
    """
    from imagine.stages.enlargement import drawn_size, grows
    from imagine.stages.upscale.enlarge import check_denoise

    upscaler, enlarging, size = order.upscaler, order.enlarging, order.size
    if upscaler is None or enlarging is None:
        return
    brought = size is not None and enlarging.factor in (None, 1)
    if brought and size and not grows(drawn_size(order.backend, size, enlarging), size):
        # It is not asked.
        return
    # Asked for what it can do, a model is loaded.
    _ = upscaler.capabilities
    if enlarging.denoise is not None:
        check_denoise(upscaler, enlarging.denoise)


def changed(wanted: Wanted, options: Mapping[str, Any]) -> Wanted:
    """What is wanted, with the options of one row in place of those of all."""
    changes = dict(options)
    if "backend" in changes:
        # A model belongs to its backend.
        changes.setdefault("model", None)
    if "enhancer" in changes:
        changes["no_enhance"] = False
    if changes.get("upscaler") == "none":
        # What all others are enlarged by and how is not for this row.
        for name in FINISHING:
            changes.setdefault(name, None)
    if "size" in changes:
        changes.setdefault("aspect_ratio", None)
    if "aspect_ratio" in changes:
        changes.setdefault("size", None)
    return replace(wanted, **changes)


@contextmanager
def own_fault(row: Row) -> Iterator[None]:
    """Make an error about a service that only this row asks an error of this row."""
    try:
        with own_model(row):
            yield
    except ConfigError as error:
        if OWN_SERVICES & row.options.keys():
            raise UsageError(str(error)) from error
        raise


@contextmanager
def own_model(row: Row) -> Iterator[None]:
    """Mark an error of a model that only this row names as one of this row."""
    try:
        yield
    except LocalBackendError as error:
        # What is not installed is missing for every row.
        if OWN_MODELS.isdisjoint(row.options) or isinstance(error, MissingPackageError):
            raise
        # Rows that were drawn in one go share the error, and not all of them may name the model.
        own = copy(error)
        own.of_row = True
        raise own from error
