"""Embedding: a Recipe becomes the blocks that a picture file carries.

PNG carries the A1111 text `parameters`, the recipe as `imagine`, and XMP. JPEG, WebP and AVIF
carry the A1111 text as EXIF UserComment, and XMP with the recipe in it. `stages/metadata.py`
reads all of them back.
"""

import base64
import json
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import escape

from imagine.stages.recipe import Recipe

if TYPE_CHECKING:
    from PIL.PngImagePlugin import PngInfo

ImageFormat = Literal["png", "jpg", "webp", "avif"]

PNG_PARAMETERS = "parameters"
PNG_RECIPE = "imagine"
PNG_XMP = "XML:com.adobe.xmp"
XMP_NAMESPACE = "urn:imagine-cli:recipe/1.0/"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# A JPEG segment counts its bytes in 16 bits, the two of the count included; Adobe's XMP header
# takes 29 more (ISO 16684-3, 1.1.3).
JPEG_SEGMENT = 65_533
JPEG_XMP = JPEG_SEGMENT - 29
# What XML 1.0 (section 2.2) cannot hold, and the controls that text chunks should not.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


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

    def png_info(self) -> "PngInfo":
        """The text chunks as Pillow writes them: tEXt where Latin-1 suffices, else iTXt."""
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_text(PNG_PARAMETERS, self.text[PNG_PARAMETERS])
        info.add_itxt(PNG_RECIPE, self.text[PNG_RECIPE])
        info.add_itxt(PNG_XMP, self.text[PNG_XMP])
        return info


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
        "Steps": given.get("steps"),
        "Sampler": given.get("sampler", recipe.backend.name),
        "Schedule type": given.get("scheduler", "none"),
        "CFG scale": given.get("guidance"),
        "Seed": request.seed,
        "Size": f"{request.width}x{request.height}",
        "Model": recipe.backend.model,
        "Version": recipe.program,
    }
    lines = [_a1111_words(recipe.prompt)]
    if recipe.negative_prompt:
        lines.append(f"Negative prompt: {_a1111_words(recipe.negative_prompt)}")
    pairs = [
        f"{key}: {_a1111_value(value)}" for key, value in settings.items() if value is not None
    ]
    lines.append(", ".join(pairs))
    return "\n".join(lines)


def _a1111_words(text: str) -> str:
    return _printable(text.strip()).replace("Negative prompt:", "Negative prompt\\:")


def _a1111_value(value: object) -> str:
    text = _a1111_words(str(value))
    return json.dumps(text, ensure_ascii=False) if re.search(r'[,:\n"]', text) else text


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def exif_block(comment: str, *, program: str) -> bytes:
    """An EXIF block with `comment` as UserComment and `program` as Software.

    Built by hand, big-endian with two directories: Pillow would store the comment as type BYTE,
    which piexif, exiv2 and A1111 do not read; EXIF 2.32 asks for UNDEFINED. The characters are
    UTF-16 after the prefix "UNICODE".
    """
    software = program.encode("ascii", "replace") + b"\0"
    user_comment = b"UNICODE\0" + comment.encode("utf-16-be")
    # The TIFF header takes 8 bytes, a directory of two entries 2 + 2 * 12 + 4.
    software_at = 8 + 30
    exif_ifd_at = software_at + len(software) + len(software) % 2
    comment_at = exif_ifd_at + 30
    ascii_, long, undefined = 2, 4, 7
    return b"".join(
        [
            b"Exif\0\0MM",
            struct.pack(">HI", 42, 8),
            struct.pack(">H", 2),
            _ifd_entry(0x0131, ascii_, software, at=software_at),
            struct.pack(">HHII", 0x8769, long, 1, exif_ifd_at),
            struct.pack(">I", 0),
            software + b"\0" * (len(software) % 2),
            struct.pack(">H", 2),
            _ifd_entry(0x9000, undefined, b"0232", at=0),
            _ifd_entry(0x9286, undefined, user_comment, at=comment_at),
            struct.pack(">I", 0),
            user_comment,
        ]
    )


def _ifd_entry(tag: int, kind: int, value: bytes, *, at: int) -> bytes:
    inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(">I", at)
    return struct.pack(">HHI", tag, kind, len(value)) + inline


def xmp_packet(recipe: Recipe, *, recipe_as: Literal["json", "deflate"] | None = None) -> str:
    """An XMP packet: IPTC digital source type, creator tool, the user's words, the recipe.

    Args:
        recipe: what made the picture.
        recipe_as: "json" writes it as `imagine:recipe`, "deflate" as `imagine:recipeDeflate`
            (zlib, then base64), None leaves it out.
    """
    source_type = "trainedAlgorithmicMedia" if recipe.backend.trained else "algorithmicMedia"
    carried = ""
    if recipe_as == "json":
        carried = f"<imagine:recipe>{_xml_json(recipe)}</imagine:recipe>"
    elif recipe_as == "deflate":
        packed = base64.b64encode(zlib.compress(recipe.to_json().encode(), 9)).decode()
        carried = f"<imagine:recipeDeflate>{packed}</imagine:recipeDeflate>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:imagine="{XMP_NAMESPACE}">\n'
        f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}{source_type}"
        "</Iptc4xmpExt:DigitalSourceType>\n"
        f"<xmp:CreatorTool>{escape(_printable(recipe.program))}</xmp:CreatorTool>\n"
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{escape(_printable(recipe.source_prompt))}</rdf:li></rdf:Alt></dc:description>\n"
        f"{carried}\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    )


def _xml_json(recipe: Recipe) -> str:
    """The recipe as JSON with `\\u` escapes for the characters that XML cannot hold."""
    return escape(_UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", recipe.to_json()))
