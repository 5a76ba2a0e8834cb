"""Embedding: a Recipe becomes the blocks that a picture file carries.

PNG carries the A1111 text `parameters`, the recipe as `imagine`, and XMP. JPEG, WebP and AVIF
carry the A1111 text as EXIF UserComment, and XMP with the recipe in it. `stages/metadata.py`
reads all of them back.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagine.stages.formats.exif import exif_block
from imagine.stages.formats.png import text_chunk
from imagine.stages.formats.xmp import printable, xmp_packet
from imagine.stages.image import ImageFormat, ImageRequest
from imagine.stages.recipe import Recipe, UpscaleRecord

PNG_PARAMETERS = "parameters"
PNG_RECIPE = "imagine"
PNG_XMP = "XML:com.adobe.xmp"
# What enlarged a picture that has no recipe; in other formats a property of XMP.
PNG_UPSCALES = "imagine-upscale"
XMP_UPSCALES = "upscales"
# A JPEG segment counts its bytes in 16 bits, the two of the count included; Adobe's XMP header
# takes 29 more (ISO 16684-3, 1.1.3).
JPEG_SEGMENT = 65_533
JPEG_XMP = JPEG_SEGMENT - 29


@dataclass(frozen=True, slots=True)
class Blocks:
    """What goes into a picture file beside its pixels.

    Attributes:
        text: PNG text chunks by keyword; empty for the other formats.
        exif: the EXIF block with its "Exif" prefix; empty for PNG.
        xmp: the XMP packet; for PNG it is among `text`.
        recipe_fits: whether the recipe is among them; a JPEG has room for about 64 KB of it.
    """

    text: dict[str, str]
    exif: bytes
    xmp: bytes
    recipe_fits: bool = True

    def png_chunks(self) -> dict[str, tuple[bytes, bytes]]:
        """Types and data of the text chunks by keyword; XMP and JSON are UTF-8 in any case."""
        return {
            keyword: text_chunk(keyword, text, wide=keyword != PNG_PARAMETERS)
            for keyword, text in self.text.items()
        }


def blocks_for(recipe: Recipe, format: ImageFormat) -> Blocks:
    """The metadata blocks of a picture of `format`.

    A block that a JPEG cannot hold is left out: a UserComment over 64 KB, and a recipe that is
    over 64 KB even when compressed.
    """
    parameters = a1111_text(recipe)
    if format == "png":
        text = {
            PNG_PARAMETERS: parameters,
            PNG_RECIPE: recipe.to_json(),
            PNG_XMP: xmp_packet(recipe),
        }
        return Blocks(text=text, exif=b"", xmp=b"")
    exif = exif_block(parameters, program=recipe.program)
    if format != "jpg":
        return Blocks(text={}, exif=exif, xmp=xmp_packet(recipe, recipe_as="json").encode())
    if len(exif) > JPEG_SEGMENT:
        exif = b""
    for encoding in ("json", "deflate"):
        packet = xmp_packet(recipe, recipe_as=encoding).encode()
        if len(packet) <= JPEG_XMP:
            return Blocks(text={}, exif=exif, xmp=packet)
    return Blocks(text={}, exif=exif, xmp=xmp_packet(recipe).encode(), recipe_fits=False)


def a1111_text(recipe: Recipe) -> str:
    """The picture's parameters as AUTOMATIC1111's web UI writes them.

    Prompt, "Negative prompt: ..." when there is one, and a line of "Key: value" pairs. Steps and
    CFG scale stand there only when the backend has them. Readers ask for a sampler and two more
    of its settings: a backend without a sampler is named as its own, its schedule as "none".

    "Negative prompt:" inside the prompt would end it for every reader, so it becomes
    "Negative prompt\\:" here; control characters become U+FFFD. The recipe keeps both.
    """
    request, given = recipe.to_request(), recipe.backend.parameters
    settings = {
        "Steps": given.get("num_inference_steps"),
        **_sampler(recipe),
        "CFG scale": given.get("guidance_scale"),
        "Seed": request.seed,
        "Size": f"{request.width}x{request.height}",
        "Model": recipe.backend.model,
        **_passes(request),
        **postprocess(recipe.upscales),
        "Version": recipe.program,
    }
    lines = [_a1111_words(recipe.prompt)]
    if recipe.negative_prompt:
        lines.append(f"Negative prompt: {_a1111_words(recipe.negative_prompt)}")
    lines.append(a1111_pairs(settings))
    return "\n".join(lines)


def _sampler(recipe: Recipe) -> dict[str, object]:
    """What A1111 calls who leads the steps; there a scheduler is a sampler with its schedule."""
    given = recipe.backend.parameters
    if "sampler" in given:
        return {"Sampler": given["sampler"], "Schedule type": given.get("scheduler", "none")}
    named = recipe.to_request().scheduler
    if named is None:
        return {"Sampler": recipe.backend.name, "Schedule type": "none"}
    # Few pictures have one.
    from imagine.stages.generate.local.schedulers import find_scheduler

    known = find_scheduler(named)
    sampler, schedule = (known and known.a1111) or (named, "none")
    return {"Sampler": sampler, "Schedule type": schedule}


def _passes(request: ImageRequest) -> dict[str, object]:
    """How far a picture was left that it was drawn from, or the first of two passes."""
    again = request.hires_fix
    if again is None:
        return {"Denoising strength": request.strength}
    return {
        "Denoising strength": again.strength,
        "Hires upscale": f"{again.scale:g}",
        "Hires upscaler": "Lanczos",
    }


def postprocess(upscales: Sequence[UpscaleRecord]) -> dict[str, str]:
    """What enlarged a picture after it was drawn, in the settings that A1111 has for that.

    "Size" stays what was drawn.
    """
    if not upscales:
        return {}
    first, last = upscales[0], upscales[-1]
    factor = round(last.width / first.from_width, 2)
    whole = all(
        (step.width, step.height) == (step.full_width, step.full_height) for step in upscales
    )
    grown = (first.from_width * factor, first.from_height * factor)
    by = whole and grown == (last.width, last.height)
    names = dict.fromkeys(step.upscaler for step in upscales)
    size = {"by": f"{factor:g}"} if by else {"to": f"{last.width}x{last.height}"}
    return {
        **{f"Postprocess upscale {key}": value for key, value in size.items()},
        "Postprocess upscaler": " + ".join(names),
    }


def a1111_pairs(settings: Mapping[str, object]) -> str:
    """Settings as they stand on the last line, those that are None left out."""
    return ", ".join(
        f"{key}: {_a1111_value(value)}" for key, value in settings.items() if value is not None
    )


def _a1111_words(text: str) -> str:
    return printable(text.strip()).replace("Negative prompt:", "Negative prompt\\:")


def _a1111_value(value: object) -> str:
    text = _a1111_words(str(value))
    return json.dumps(text, ensure_ascii=False) if re.search(r'[,:\n"]', text) else text
