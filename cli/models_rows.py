"""Rows of `imagine models`: entries of the catalog and models in the cache in; lines, JSON out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Literal

from imagine.cli.console import Console
from imagine.cli.local import shelf_of
from imagine.cli.settings import load_settings
from imagine.stages.errors import LocalBackendError, UsageError, did_you_mean, shown
from imagine.stages.generate.local.catalog import Entry, Kind, load_catalog
from imagine.stages.generate.local.hub_cache import id_of, is_tiny_vae
from imagine.stages.generate.local.hub_files import in_words
from imagine.stages.generate.local.shelf import Place, Shelf
from imagine.stages.generate.local.stock import Stock, is_lora, size_of, stock_of
from imagine.stages.paths import absolute, is_there

# Whether it stands in the catalog, lies in the hub's cache alone, or was named by its path.
Origin = Literal["catalog", "hub", "path"]


@dataclass(frozen=True, slots=True)
class Row:
    """A model, LoRA or tiny VAE of this machine.

    Attributes:
        kinds: the backends that draw with a model.
        bytes: on the disk; 0 when it is not there any more.
        problem: why it cannot be drawn with, a sentence; "" when it can.
        num_inference_steps, guidance_scale: what a model draws with where nobody says otherwise;
            None where only its pipeline knows, or it has no guidance.
        side: pixels of the square that a model draws best.
    """

    table: Literal["model", "lora", "tiny VAE"]
    name: str
    kinds: tuple[Kind, ...]
    family: str
    bytes: int
    path: str
    origin: Origin
    problem: str
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    side: int | None = None

    @property
    def size(self) -> str:
        return in_words(self.bytes)

    @property
    def kind(self) -> str:
        """Who draws with it, or what it is."""
        return {"lora": "LoRA", "tiny VAE": "tiny VAE"}.get(self.table, ", ".join(self.kinds))

    @property
    def use(self) -> str:
        """How it is used, a sentence."""
        if self.table == "tiny VAE":
            return f"Decode with it: set IMAGINE_TINY_VAE={self.name}"
        if self.table == "lora":
            return f'Draw with it: imagine "PROMPT" --lora {quote(self.name)}'
        return drawing_with(self.name, self.kinds)


def drawing_with(name: str, kinds: Sequence[Kind]) -> str:
    """How a model is drawn with, a sentence; the backend is named where a setting has another.

    Args:
        kinds: the backends that can draw with it.
    """
    chosen = load_settings().text("backend")
    backend = "" if chosen in ("auto", *kinds) else f"-b {kinds[0]} "
    return f'Draw with it: imagine "PROMPT" {backend}-m {quote(name)}'


def listed() -> list[Row]:
    """Everything that has a name, then what of the hub's cache can be used.

    Raises:
        ConfigError: the settings or the catalog cannot be read.
    """
    rows = catalogued()
    names = {row.name for row in rows}
    shelf = shelf_of(load_settings())
    others = [*shelf.models(), *shelf.tiny_vaes()]
    cached = [_cached(place) for place in others if place.name not in names]
    return rows + [row for row in cached if row is not None]


def catalogued() -> list[Row]:
    """The models and LoRAs that have a name, broken ones too; errors as `listed`."""
    shelf = shelf_of(load_settings())
    known = load_catalog(shelf.catalog)
    rows = [_named(name, entry, shelf) for name, entry in known.models.items()]
    return rows + [lora_row(Place(name, entry.path)) for name, entry in known.loras.items()]


def row_of(name: str) -> Row:
    """What is known of one, by its name, id or path.

    Raises:
        LocalBackendError: it is not on this machine, or only half of it.
        ConfigError: as `listed`.
    """
    shelf = shelf_of(load_settings())
    known = load_catalog(shelf.catalog)
    place = shelf.lora(name) if name in known.loras else shelf.model(name)
    named = place.name in known.models or place.name in known.loras
    origin: Origin = "catalog" if named else "hub" if id_of(shelf.hub, place.path) else "path"
    if is_lora(place.path):
        return lora_row(place, origin)
    return model_row(stock_of(place), origin)


def model_row(stock: Stock, origin: Origin = "catalog") -> Row:
    family = stock.family
    steps = family.num_inference_steps if family else 0
    # Of a pipeline that is in no table, its own defaults count, which only the library knows.
    guided = family is not None and family.guidance_scale >= 0 and family.max_guidance != 0
    return Row(
        table="tiny VAE" if is_tiny_vae(stock.place.path) else "model",
        name=stock.place.name,
        kinds=stock.kinds,
        family=family.title if family else "",
        bytes=stock.bytes,
        path=str(stock.place.path),
        origin=origin,
        problem=stock.problem,
        num_inference_steps=steps or None,
        guidance_scale=family.guidance_scale if family and guided else None,
        side=family.side if family else None,
    )


def lora_row(place: Place, origin: Origin = "catalog") -> Row:
    """A LoRA; the backends find out whether it fits a model."""
    there = place.path.is_file()
    problem = "" if there else "Its file is not there any more; put it back, or remove the name."
    try:
        if there and not is_lora(place.path):
            problem = "Its file holds no LoRA; remove the name."
    except LocalBackendError as error:
        problem = str(error)
    return Row(
        table="lora",
        name=place.name,
        kinds=(),
        family="",
        bytes=size_of(place.path) if there else 0,
        path=str(place.path),
        origin=origin,
        problem=problem,
    )


def print_rows(rows: Iterable[Row], console: Console) -> None:
    """A line for each, in columns."""
    cells = [_cells(row) for row in rows]
    widths = [max(map(len, column)) + 2 for column in zip(*cells, strict=True)]
    for *first, last in cells:
        line = "".join(f"{text:<{width}}" for text, width in zip(first, widths, strict=False))
        console.result(line + last)


def existing(text: str, what: str) -> Path:
    """The absolute path of something that is there, links left as they are.

    Raises:
        UsageError: it is not.
    """
    path = absolute(text)
    # No text at all would be the working directory.
    if not text or not is_there(path):
        raise UsageError(f"There is no {what} at '{shown(text)}'; check the path.")
    return path


def nothing_called(name: str) -> UsageError:
    """The error for a name that nothing has."""
    known = load_catalog(shelf_of(load_settings()).catalog)
    hint = did_you_mean(name, [*known.models, *known.loras])
    return UsageError(f"Nothing is called '{shown(name)}'{hint} (see `imagine models`).")


def _named(name: str, entry: Entry, shelf: Shelf) -> Row:
    """A model of the catalog, of which only the entry may be left."""
    try:
        return model_row(stock_of(Place(name, entry.path, shelf.model(name).config)))
    except LocalBackendError as error:
        kinds = (entry.kind,) if entry.kind else ()
        path, problem = str(entry.path), str(error)
        return Row("model", name, kinds, entry.family, 0, path, "catalog", problem)


def _cached(place: Place) -> Row | None:
    """What lies in the hub's cache; None for what does not draw, as models of language."""
    stock = stock_of(place)
    if not stock.problem:
        return model_row(stock, "hub")
    row = lora_row(place, "hub") if place.path.is_file() else None
    return row if row is not None and not row.problem else None


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    last = f"broken: {row.problem}" if row.problem else row.path
    return row.name, row.kind, row.family, row.size, last
