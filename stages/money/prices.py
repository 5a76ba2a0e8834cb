"""The price list: a service and a model in, what its tokens and pictures cost out.

Prices stand in prompts/prices.toml, and in a prices.toml of the user's that is merged over it.
"""

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from imagine.stages.document import decode
from imagine.stages.errors import ConfigError, SpecError, quoted_path
from imagine.stages.files import read_text
from imagine.stages.money.usage import Usage
from imagine.stages.network.address import origin_of, place_of
from imagine.stages.network.providers import PROVIDERS
from imagine.stages.recipe import UsageRecord
from imagine.stages.spec import Clause, Part
from imagine.stages.validation import fault_sentence

MAX_LIST_BYTES = 2**20
MEGAPIXEL = 1024 * 1024
# Google counts 1,120 for a reference picture, OpenAI 1,000 to 1,500; an estimate takes the most.
REFERENCE_TOKENS = 1500
# A model's name and the snapshot behind it: -001, -2026-09-08, -09-2025.
_SNAPSHOT = re.compile(r"-(?:\d{3}|\d{4}-\d{2}-\d{2}|\d{2}-\d{4})$")
# Run within this program.
_EMBEDDED = ("none", "offline", "sketch")
# Protocols that models of one's own are served by; the others are their makers' alone, so that
# what speaks them at an address of one's own passes the bill on.
_OWN = ("openai", "chat", "ollama", "lmstudio", "llamacpp", "vllm", "sdapi", "localai")

Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Tokens = Annotated[int, Field(ge=1, le=1_000_000)]
Megapixels = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]


class Price(Part):
    """What one model costs, in US dollars; the fields are explained in prompts/prices.toml."""

    provider: Annotated[str, Field(min_length=1, max_length=60)]
    model: Annotated[str, Field(min_length=1, max_length=200)]
    aliases: tuple[str, ...] = ()
    input: Dollars | None = None
    output: Dollars | None = None
    image_input: Dollars | None = None
    image_output: Dollars | None = None
    image_tokens: tuple[tuple[Megapixels, Tokens], ...] = ()
    grid: Annotated[int, Field(ge=1, le=1024)] | None = None
    picture: Dollars | None = None
    megapixel: Dollars | None = None
    edit_megapixel: Dollars | None = None
    until: datetime.date | None = None
    date: datetime.date | None = None
    source: Clause = "your prices.toml"

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        counted = bool(self.image_tokens) + (self.grid is not None)
        if counted != (self.image_output is not None):
            raise ValueError("needs image_output with image_tokens or grid, or none of the three")
        ways = [self.picture, self.megapixel, self.image_output]
        if sum(way is not None for way in ways) > 1:
            raise ValueError("names several prices of a picture, and one is the most")
        if self.edit_megapixel is not None and self.megapixel is None:
            raise ValueError("needs megapixel with edit_megapixel")
        if not any(way is not None for way in (*ways, self.input, self.output)):
            raise ValueError("names no price")
        return self

    def text(self, input_tokens: int, output_tokens: int) -> float | None:
        """Dollars for tokens of text; None when the list names no price of some of them.

        Words of a model that draws cost as much as its pictures where nothing else is listed.
        """
        output = self.image_output if self.output is None else self.output
        parts = ((input_tokens, self.input), (output_tokens, output))
        if any(tokens and price is None for tokens, price in parts):
            return None
        return sum(tokens * (price or 0.0) for tokens, price in parts) / 1e6

    def one_picture(self, width: int, height: int, *, references: int = 0) -> float | None:
        """Dollars for one picture of that many pixels; None when the list names no such price.

        Args:
            references: pictures that it starts from.
        """
        if self.picture is not None:
            return self.picture
        if self.megapixel is not None:
            each = self.megapixel
            if references and self.edit_megapixel is not None:
                each = self.edit_megapixel
            return each * math.ceil(width * height / MEGAPIXEL)
        if self.image_output is not None:
            return self._image_tokens(width, height) * self.image_output / 1e6
        return None

    def references(self, tokens: int) -> float:
        """Dollars for that many tokens of reference pictures; 0 where they are not billed."""
        price = self.input if self.image_input is None else self.image_input
        return tokens * (price or 0.0) / 1e6

    def used(
        self, usage: Usage | UsageRecord, *, size: tuple[int, int] | None, references: int
    ) -> float | None:
        """Dollars for what a provider counted.

        Args:
            size: pixels of each picture; None for a call that draws none.
            references: pictures that were shown to the model; they are billed as reference
                pictures as far as the counted tokens go.

        Returns:
            None when the list names no price of something that was used.
        """
        shown = min(usage.input_tokens, references * REFERENCE_TOKENS)
        text = self.text(usage.input_tokens - shown, usage.output_tokens)
        if size is None:
            return None if text is None else text + self.references(shown)
        if self.image_output is None:
            # Billed by the picture: tokens, if the provider counts any, cost nothing.
            each = self.one_picture(*size, references=references)
            return None if each is None else each * usage.images
        if text is None:
            return None
        drawn = usage.image_tokens or usage.images * self._image_tokens(*size)
        return text + self.references(shown) + drawn * self.image_output / 1e6

    def told(self) -> str:
        """The price in words: "$0.30 in, $2.50 out per 1M tokens"."""
        parts = [
            f"${price:.2f} {way}"
            for price, way in ((self.input, "in"), (self.output, "out"))
            if price is not None
        ]
        text = [f"{', '.join(parts)} per 1M tokens"] if parts else []
        if self.megapixel is not None:
            edit = self.edit_megapixel
            edits = "" if edit is None else f", {dollars(edit)} from a reference picture"
            return "; ".join([f"{dollars(self.megapixel)} a megapixel{edits}", *text])
        each = self.one_picture(1024, 1024)
        picture = [] if each is None else [f"{dollars(each)} a picture"]
        return "; ".join([*picture, *text])

    def _image_tokens(self, width: int, height: int) -> int:
        if self.grid is None:
            area = width * height / 1e6
            listed = (tokens for most, tokens in sorted(self.image_tokens) if area <= most)
            return next(listed, max(tokens for _, tokens in self.image_tokens))
        # OpenAI's calculator as its users read it: grid cells along the longer side, in proportion
        # along the shorter one, scaled by the area (community.openai.com, topic 1382699).
        long, short = max(width, height), min(width, height)
        across = (2 * self.grid * short + long) // (2 * long)
        return math.ceil(self.grid * across * (2_000_000 + width * height) / 4_000_000)

    def exactness(self, model: str) -> int:
        """How exactly the entry names `model`: its letters without asterisks; -1 for not at all."""
        fits = [
            len(name.replace("*", ""))
            for name in (self.model, *self.aliases)
            if re.fullmatch(".*".join(map(re.escape, name.split("*"))), model)
        ]
        return max(fits, default=-1)


FREE = Price(provider="own", model="*", input=0, output=0, picture=0, source="costs nothing")


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices that are in force today, the user's own first.

    Attributes:
        prices: in the order of their files.
        date: of the newest entry, as YYYY-MM-DD.
    """

    prices: tuple[Price, ...]
    date: str

    def price_of(self, provider: str, *models: str, base_url: str = "") -> Price | None:
        """The price of a model: the entry that names it most exactly, FREE, or None if unknown.

        What is listed is charged wherever it is reached, as a gateway may stand between; what is
        not is free when it runs here, or behind a protocol that models of one's own are served by
        on this machine or one of its network.

        Args:
            models: names of one thing, the first that is listed counts: what served a request,
                then what the request named.
            base_url: where it is reached; "" for the provider's usual address.
        """
        for model in models:
            name = model.removeprefix("models/")
            for known in (name, _SNAPSHOT.sub("", name)):
                if price := self._nearest(provider, known):
                    return price
        if provider in _EMBEDDED:
            return FREE
        if provider not in _OWN:
            return None
        host = origin_of(base_url or PROVIDERS[provider].base_url)[1]
        return FREE if place_of(host) != "public" else None

    def _nearest(self, provider: str, model: str) -> Price | None:
        # Of equally exact ones `max` takes the first.
        fitting = [
            (exactness, price)
            for price in self.prices
            if price.provider == provider and (exactness := price.exactness(model)) >= 0
        ]
        return max(fitting, key=lambda found: found[0])[1] if fitting else None


def load_prices(user_file: Path | None = None, *, today: datetime.date | None = None) -> PriceList:
    """The built-in prices with those of `user_file` over them; a missing file holds none.

    Args:
        today: decides which entries with `until` are still in force; default is the clock's day.

    Raises:
        ConfigError: the user's file cannot be read or breaks a rule; names the entry and field.
    """
    day = today or datetime.date.today()
    # Of two entries of one name the first wins: the user's, and a price that ends before the usual.
    entries = [
        price
        for source in (_user_prices(user_file), _built_in())
        for price in sorted(source, key=lambda price: price.until is None)
    ]
    valid = [price for price in entries if price.until is None or day <= price.until]
    newest = max(price.date for price in _built_in() if price.date is not None)
    return PriceList(prices=tuple(valid), date=newest.isoformat())


def _user_prices(path: Path | None) -> list[Price]:
    if path is None or _is_missing(path):
        return []
    origin = f"The price list {quoted_path(path)}"
    try:
        document = decode(read_text(path, limit=MAX_LIST_BYTES), "toml", origin=origin)
        return _read(document, origin=origin)
    except SpecError as error:
        raise ConfigError(str(error)) from error


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        # It may be there: whoever reads it says what is wrong.
        return False
    return False


@cache
def _built_in() -> tuple[Price, ...]:
    from importlib.resources import files

    text = (files("imagine.prompts") / "prices.toml").read_text(encoding="utf-8")
    return tuple(_read(decode(text, "toml", origin="prices.toml"), origin="prices.toml"))


def _read(document: dict[str, Any], *, origin: str) -> list[Price]:
    entries = document.pop("price", [])
    if document or not isinstance(entries, Sequence) or isinstance(entries, str):
        raise SpecError(
            f"{origin} is no list of [[price]] entries; see `imagine cost --prices` for the form."
        )
    prices = []
    for number, entry in enumerate(entries, start=1):
        try:
            prices.append(Price.model_validate(entry))
        except ValidationError as error:
            told = fault_sentence(error, Price, origin=f"{origin}, entry {number}")
            raise SpecError(told) from error
    return prices


def dollars(amount: float) -> str:
    """An amount as people read it: "$12.30", "$0.0336", "less than $0.0001"."""
    if amount >= 1:
        return f"${amount:,.2f}"
    if 0 < amount < 0.00005:
        return "less than $0.0001"
    whole, cents = f"{amount:.4f}".split(".")
    return f"${whole}.{cents[:2]}{cents[2:].rstrip('0')}"


def rough(amount: float, *, digits: int = 2) -> str:
    """An estimate as people read it, with no more digits below a dollar than it is worth."""
    return dollars(amount if amount >= 1 else float(f"{amount:.{digits}g}"))
