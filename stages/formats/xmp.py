"""XMP: a Recipe becomes a packet that says how the picture was made, and back."""

import base64
import re
import zlib
from html import escape
from typing import Literal
from xml.parsers import expat

from imagine.stages.formats.png import inflate
from imagine.stages.recipe import Recipe

NAMESPACE = "urn:imagine-cli:recipe/1.0/"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# What a trained model made of words alone; something else with what one made, or made of it; and
# something else in better quality, its content the same.
TRAINED = "trainedAlgorithmicMedia"
COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
ENHANCED = "algorithmicallyEnhanced"
# What XML 1.0 (section 2.2) cannot hold, and the C1 controls.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def xmp_packet(recipe: Recipe, *, recipe_as: Literal["json", "deflate"] | None = None) -> str:
    """An XMP packet: IPTC digital source type, creator tool, the user's words, the recipe.

    Args:
        recipe: what made the picture.
        recipe_as: "json" writes it as `imagine:recipe`, "deflate" as `imagine:recipeDeflate`
            (zlib, then base64), None leaves it out.
    """
    properties = {} if recipe_as is None else recipe_property(recipe, recipe_as)
    carried = "".join(
        f"<imagine:{name}>{escape(text, quote=False)}</imagine:{name}>"
        for name, text in properties.items()
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        f' xmlns:imagine="{NAMESPACE}">\n'
        f"<Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}{source_type(recipe)}"
        "</Iptc4xmpExt:DigitalSourceType>\n"
        f"<xmp:CreatorTool>{escape(printable(recipe.program), quote=False)}</xmp:CreatorTool>\n"
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{escape(printable(recipe.source_prompt), quote=False)}"
        "</rdf:li></rdf:Alt></dc:description>\n"
        f"{carried}\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    )


def source_type(recipe: Recipe) -> str:
    """IPTC's word for what made the picture (newscodes "Digital Source Type")."""
    if not recipe.backend.trained:
        enlarged = any(upscale.trained for upscale in recipe.upscales)
        return COMPOSITE if enlarged else "algorithmicMedia"
    return COMPOSITE if recipe.references else TRAINED


def recipe_property(recipe: Recipe, recipe_as: Literal["json", "deflate"]) -> dict[str, str]:
    """Name and value of the property that holds a recipe; see `xmp_packet`."""
    if recipe_as == "json":
        return {"recipe": xml_json(recipe.to_json())}
    packed = base64.b64encode(zlib.compress(recipe.to_json().encode(), 9)).decode()
    return {"recipeDeflate": packed}


def xml_json(json: str) -> str:
    """JSON with `\\u` escapes for the characters that XML cannot hold."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json)


def printable(text: str) -> str:
    """`text` with "\\n" as line end and U+FFFD for what XML and text chunks cannot hold."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def recipe_in(packet: bytes, *, limit: int) -> str | None:
    """The recipe of a packet as JSON text, or None when it has none.

    Raises:
        ValueError: its compressed form is damaged.
        OverflowError: it is longer than `limit` bytes.
    """
    found = own_properties(packet)
    if "recipeDeflate" not in found:
        return found.get("recipe")
    packed = base64.b64decode(found["recipeDeflate"])
    return inflate(packed, limit=limit).decode("utf-8", "replace")


def own_properties(packet: bytes) -> dict[str, str]:
    """Properties of our namespace in an XMP packet, written as elements or as attributes.

    Programs that edit XMP may turn the one into the other. A packet that is no XML, or that
    defines entities, has none.
    """
    found: dict[str, str] = {}
    current: list[str] = []

    def own(name: str) -> str | None:
        return name.removeprefix(NAMESPACE + " ") if name.startswith(NAMESPACE) else None

    def start(name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if (short := own(key)) is not None:
                found[short] = value
        current.append(own(name) or "")

    def text(data: str) -> None:
        if current and current[-1]:
            found[current[-1]] = found.get(current[-1], "") + data

    def refuse(*_: object) -> None:
        raise ValueError("a document type in XMP")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: current.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(packet.rstrip(b"\0"), True)
    except (expat.ExpatError, ValueError):
        return {}
    return found
