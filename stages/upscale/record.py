"""Record: what enlarged a picture, in and out as JSON, in its recipe or where it has none."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from imagine.stages.document import decode
from imagine.stages.errors import SpecError, quoted_path
from imagine.stages.files import read_text
from imagine.stages.formats.embed import PNG_UPSCALES, XMP_UPSCALES
from imagine.stages.metadata import (
    MAX_METADATA,
    embedded_recipe,
    embedded_text,
    is_file,
    sidecar_of,
)
from imagine.stages.recipe import Parameter, Recipe, Told, UpscaleRecord, parse_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagine.stages.upscale import Enlarged, Upscaler
    from imagine.stages.upscale.enlarge import Target


class UpscaleHistory(BaseModel):
    """What a picture of another program carries of its enlargements, schema version 1.

    It has no time of its own: the same picture enlarged twice is the same file.
    """

    # A field that a newer version wrote is no reason to refuse its picture.
    model_config = ConfigDict(extra="ignore", frozen=True)

    schema_version: Literal[1] = 1
    program: Told
    """Name and version of the last: "imagine 0.1.0"."""
    upscales: Annotated[tuple[UpscaleRecord, ...], Field(min_length=1)]
    """In order."""

    def to_json(self, *, indent: int | None = None) -> str:
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=indent)


@dataclass(frozen=True, slots=True)
class History:
    """What made a picture as it is now.

    Attributes:
        recipe: the last step among its upscales; None for a picture of another program.
        upscales: all steps that are known, in order.
        program: name and version of this one.
    """

    recipe: Recipe | None
    upscales: tuple[UpscaleRecord, ...]
    program: str

    def to_json(self, *, indent: int | None = None) -> str | None:
        """The recipe, else a record of its own; None where there is nothing to tell."""
        if self.recipe is not None:
            return self.recipe.to_json(indent=indent)
        if not self.upscales:
            return None
        history = UpscaleHistory(program=self.program, upscales=self.upscales)
        return history.to_json(indent=indent)


def record_of(
    result: "Enlarged",
    upscaler: "Upscaler",
    *,
    size: tuple[int, int],
    target: "Target",
    denoise: int | None = None,
    sharpen: float = 0.0,
    parameters: "Mapping[str, Parameter] | None" = None,
    source_sha256: str | None = None,
    cost: float | None = None,
) -> UpscaleRecord:
    """What is to be remembered of one enlargement.

    A picture that was as large already was only resampled, whoever was to enlarge it: then the
    record names what did that.

    Args:
        result: of `imagine.stages.upscale.enlarge.enlarge`.
        size: of the picture before, in pixels.
        parameters: what was asked for beside those that the result tells.
        source_sha256: of the file that was enlarged, in hexadecimal; None where there was none.
        cost: US dollars.
    """
    grows = target.full_width > size[0] or target.full_height > size[1]
    return UpscaleRecord(
        upscaler=upscaler.name if grows else result.model or "lanczos",
        model=result.model,
        trained=grows and upscaler.capabilities.trained,
        invents=grows and upscaler.capabilities.invents,
        from_width=size[0],
        from_height=size[1],
        width=target.width,
        height=target.height,
        full_width=target.full_width,
        full_height=target.full_height,
        denoise=denoise,
        sharpen=sharpen,
        parameters={**dict(result.parameters), **(parameters or {})},
        source_sha256=source_sha256,
        cost=cost,
    )


def read_upscales(path: Path) -> tuple[UpscaleRecord, ...]:
    """What enlarged a picture, in order, by its recipe or its record, or by those beside it.

    Pixels are not decoded. Empty for a picture that says nothing of it.

    Args:
        path: a PNG, JPEG, WebP or AVIF file.

    Raises:
        SpecError: there is no such file, it is no such picture, or what it says is broken.
    """
    try:
        recipe = embedded_recipe(path)
    except SpecError:
        # One of a newer version stays as it is, with the record beside it.
        recipe = None
    if recipe is not None:
        return recipe.upscales
    text = embedded_text(path, chunk=PNG_UPSCALES, property=XMP_UPSCALES)
    if text is not None:
        return _history(text, f"The upscale record in {quoted_path(path)}").upscales
    return _beside(sidecar_of(path))


def _beside(sidecar: Path) -> tuple[UpscaleRecord, ...]:
    """What a sidecar says; a file that has its name by chance says nothing."""
    if not is_file(sidecar):
        return ()
    origin = quoted_path(sidecar)
    try:
        text = read_text(sidecar, limit=MAX_METADATA)
        document = decode(text, "json", origin=origin)
        if not isinstance(document, dict):
            return ()
        if "spec" in document:
            return parse_recipe(text, origin=origin).upscales
        return _history(text, origin).upscales
    except SpecError:
        return ()


def _history(text: str, origin: str) -> UpscaleHistory:
    try:
        return UpscaleHistory.model_validate(decode(text, "json", origin=origin))
    except ValidationError as error:
        raise SpecError(
            f"{origin} is broken or of a newer version; use the picture that it was made of."
        ) from error
