"""Embedding: what was carried and what enlarged the picture become the blocks of the new file."""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imagine.stages.formats import jpeg
from imagine.stages.formats.embed import (
    JPEG_SEGMENT,
    JPEG_XMP,
    PNG_PARAMETERS,
    PNG_RECIPE,
    PNG_UPSCALES,
    PNG_XMP,
    XMP_UPSCALES,
    a1111_pairs,
    a1111_text,
    postprocess,
)
from imagine.stages.formats.exif import exif_block, user_comment
from imagine.stages.formats.exif_edit import PREFIX, edited, tells_resolution, with_resolution
from imagine.stages.formats.png import text_chunk
from imagine.stages.formats.png_colors import is_srgb
from imagine.stages.formats.png_encode import profile_chunk
from imagine.stages.formats.xmp import (
    COMPOSITE,
    ENHANCED,
    TRAINED,
    recipe_property,
    source_type,
    xml_json,
    xmp_packet,
)
from imagine.stages.formats.xmp_edit import adapted
from imagine.stages.image import ImageFormat
from imagine.stages.metadata import parse_a1111
from imagine.stages.recipe import UpscaleRecord
from imagine.stages.upscale.carried import Carried
from imagine.stages.upscale.record import History

_INCH = 0.0254
_ONLY_PNG = "The picture's colours are no sRGB, which only a png can tell, not {}."
_NO_ROOM = "The picture's {} takes more than the 64 KB of a JPEG and is left out."
_NO_PLACE = "The picture's {} has no place in {} and is left out."
_POSTPROCESS = re.compile(r', Postprocess upscale[^:,\n]*: ("(?:\\.|[^\\"])*"|[^,\n]*)')
# IPTC's words for pictures that a trained model drew, or drew in.
_DRAWN_BY_MODELS = (TRAINED, COMPOSITE, "compositeSynthetic")
# A JPEG counts dots to the inch in 16 bits.
_JPEG_DPI = 65_535
# Texts of a PNG that are named in a note; the rest are counted.
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Embedding:
    """What goes into a new file beside its pixels.

    Attributes:
        chunks: types and data, for a PNG.
        options: for Pillow's encoders of the other formats.
        complete: the recipe or the record is among them.
        notes: what was left out, a sentence each.
    """

    chunks: tuple[tuple[bytes, bytes], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    complete: bool = True
    notes: tuple[str, ...] = ()


def colors_only(carried: Carried, format: ImageFormat) -> Embedding:
    """What says how the pixels look, and nothing else of the picture."""
    if format in ("webp", "avif") and carried.icc[16:20] == b"GRAY":
        # Their pictures are colours to every reader, even those of grey.
        return Embedding(notes=(f"The picture's profile is for grey, which {format} has none of.",))
    if format != "png":
        told = not carried.icc and not is_srgb(dict(carried.colors))
        return Embedding(
            options={"icc_profile": carried.icc} if carried.icc else {},
            notes=(_ONLY_PNG.format(format),) * told,
        )
    profile = [profile_chunk(carried.icc)] if carried.icc else []
    return Embedding(chunks=(*profile, *carried.colors))


def embedding(
    carried: Carried, history: History, *, format: ImageFormat, width: int, height: int
) -> Embedding:
    """Everything that a new file of these pixels is to carry.

    Args:
        carried: from the picture that it was made of.
        history: what it tells of its making.
        format: of the new file.
        width, height: pixels of the new picture, which is upright.
    """
    colors = colors_only(carried, format)
    made = _Making(carried, history, format, width, height, list(colors.notes))
    if format == "png":
        chunks = tuple(made.png_chunks())
        made.note_what_has_no_place()
        return Embedding(chunks=chunks, notes=tuple(made.notes))
    options = dict(colors.options)
    packet, complete = made.packet()
    options |= {"exif": made.exif_with_comment(), "xmp": packet}
    if format == "jpg":
        options |= made.jpeg_options()
    made.note_what_has_no_place()
    kept = {key: value for key, value in options.items() if value}
    return Embedding(options=kept, complete=complete, notes=tuple(made.notes))


@dataclass(frozen=True, slots=True)
class _Making:
    carried: Carried
    history: History
    format: ImageFormat
    width: int
    height: int
    notes: list[str]

    @property
    def parameters(self) -> str:
        """The A1111 text, of the recipe or extended; "" where the picture has none."""
        if self.history.recipe is not None:
            return a1111_text(self.history.recipe)
        return _with_postprocess(self.carried.parameters, self.history.upscales)

    def png_chunks(self) -> list[tuple[bytes, bytes]]:
        carried, told = self.carried, self.history.to_json()
        chunks = list(colors_only(carried, "png").chunks)
        if carried.dpi is not None:
            across, down = (round(value / _INCH) for value in carried.dpi)
            chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
        exif = self.exif()
        if exif:
            chunks.append((b"eXIf", exif))
        keyword = PNG_UPSCALES if self.history.recipe is None else PNG_RECIPE
        texts = {
            **dict(carried.texts),
            PNG_PARAMETERS: self.parameters,
            PNG_XMP: self.packet()[0].decode(),
            keyword: told or "",
        }
        if carried.comment and "Comment" not in texts:
            texts["Comment"] = carried.comment.decode("utf-8", "replace")
        wide = (PNG_XMP, PNG_RECIPE, PNG_UPSCALES)
        return chunks + [
            text_chunk(key, text.replace("\0", ""), wide=key in wide)
            for key, text in texts.items()
            if text
        ]

    def exif(self) -> bytes:
        """The carried block as TIFF, with the new size."""
        if not self.carried.exif:
            return b""
        comment = user_comment(self.carried.exif) or ""
        replaced = not comment.strip("\0 ") or len(parse_a1111(comment)) > 3
        try:
            return edited(
                self.carried.exif,
                width=self.width,
                height=self.height,
                comment=(self.parameters or None) if replaced else None,
                # Pillow would write the whole block anew.
                upright=self.format != "avif",
            )
        except ValueError as error:
            self.notes.append(f"The picture's EXIF cannot be read ({error}) and is left out.")
            return b""

    def exif_with_comment(self) -> bytes:
        """The block with its prefix; a new one for what an A1111 text came without."""
        tiff, parameters = self.exif(), self.parameters
        block = PREFIX + tiff if tiff else b""
        if not block and parameters:
            block = exif_block(parameters, program=self.history.program)
        if self.format in ("webp", "avif") and self.carried.dpi is not None:
            # They have no other place for it.
            plain = block.removeprefix(PREFIX)
            if not tells_resolution(plain):
                block = PREFIX + with_resolution(plain, *self.carried.dpi)
        if self.format == "jpg" and len(block) > JPEG_SEGMENT:
            self.notes.append(_NO_ROOM.format("EXIF"))
            return b""
        return block

    def packet(self) -> tuple[bytes, bool]:
        """The XMP packet, b"" for none; and whether what made the picture is told in it."""
        recipe, room = self.history.recipe, JPEG_XMP if self.format == "jpg" else None
        told = self.history.to_json()
        if recipe is None:
            said = {XMP_UPSCALES: None if told is None or self.format == "png" else xml_json(told)}
            packet = self._packet(self.carried.xmp, said)
            if room is not None and len(packet) > room:
                self.notes.append(_NO_ROOM.format("XMP"))
                packet = self._packet(b"", said)
            return packet, True
        if self.format == "png":
            return self._packet(self.carried.xmp, {}), True
        for base in dict.fromkeys((self.carried.xmp, b"")):
            for encoding in ("json", "deflate"):
                packet = self._packet(base, recipe_property(recipe, encoding))
                if room is None or len(packet) <= room:
                    return packet, True
        return self._packet(b"", {}), False

    def _packet(self, base: bytes, said: Mapping[str, str | None]) -> bytes:
        recipe = self.history.recipe
        if recipe is not None:
            said = {"recipe": None, "recipeDeflate": None, XMP_UPSCALES: None, **said}
            base = base or xmp_packet(recipe).encode()
            word: str | None = source_type(recipe)
        else:
            word = self._foreign_source_type()
        if not base and word is None and not any(said.values()):
            return b""
        options: dict[str, Any] = {
            "width": self.width,
            "height": self.height,
            "properties": said,
            "source_type": word,
            "kept_source_types": () if recipe is not None else self._kept_source_types(),
        }
        try:
            return adapted(base, **options)
        except ValueError as error:
            note = f"The picture's XMP cannot be read ({error}) and is left out."
            if note not in self.notes:
                self.notes.append(note)
            return adapted(b"", **options)

    def _foreign_source_type(self) -> str | None:
        """IPTC's word for what another program's picture has become."""
        if not any(step.trained for step in self.history.upscales):
            return None
        if _is_generated(self.carried.parameters):
            return TRAINED
        return COMPOSITE if self._invented() else ENHANCED

    def _kept_source_types(self) -> tuple[str, ...] | None:
        """What the picture says of itself is kept, unless it says that no model drew in it."""
        return _DRAWN_BY_MODELS if self._invented() else None

    def _invented(self) -> bool:
        return any(step.trained and step.invents for step in self.history.upscales)

    def jpeg_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"comment": self.carried.comment[:JPEG_SEGMENT]}
        if self.carried.dpi is not None and max(self.carried.dpi) <= _JPEG_DPI:
            options["dpi"] = self.carried.dpi
        if 0 < len(self.carried.iptc) < JPEG_SEGMENT - 100:
            options["extra"] = jpeg.iptc_segment(self.carried.iptc)
        return options

    def note_what_has_no_place(self) -> None:
        """Say what a file of this format cannot hold."""
        if self.carried.iptc and self.format != "jpg":
            self.notes.append(_NO_PLACE.format("IPTC caption", self.format))
        if self.carried.comment and self.format in ("webp", "avif"):
            self.notes.append(_NO_PLACE.format("comment", self.format))
        if self.format == "png":
            return
        dpi = self.carried.dpi
        if self.format == "jpg" and dpi is not None and max(dpi) > _JPEG_DPI:
            self.notes.append(
                f"The picture's resolution of {max(dpi):g} pixels per inch is more than a JPEG "
                "can tell, and is left out."
            )
        keys = [
            key for key, _ in self.carried.texts if key != PNG_RECIPE or not self.history.recipe
        ]
        if keys:
            more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
            self.notes.append(
                f"Text of the PNG has no place in {self.format} and is left out: "
                f"{', '.join(keys[:_NAMED])}{more}."
            )


def _is_generated(text: str) -> bool:
    """Whether a text is of a picture that a program drew: it has A1111's settings."""
    return any(key in parse_a1111(text) for key in ("Steps", "Sampler", "Size"))


def _with_postprocess(text: str, upscales: Sequence[UpscaleRecord]) -> str:
    """An A1111 text with what enlarged the picture; as it was where it has no settings."""
    settings = postprocess(upscales)
    last = text.strip().rpartition("\n")[2]
    if not settings or not _is_generated(text):
        return text
    head = text.strip().removesuffix(last)
    return f"{head}{_POSTPROCESS.sub('', last)}, {a1111_pairs(settings)}"
