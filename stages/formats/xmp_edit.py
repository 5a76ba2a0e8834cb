"""XMP editing: a packet of any program goes in; the same one, for the enlarged picture, comes out.

Everything in it stays but what speaks of the size, the orientation and the preview of the picture
as it was (ISO 16684-1; the properties are those of Adobe's XMP Specification, part 2).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from xml.parsers import expat

from imagine.stages.formats.xmp import NAMESPACE, SOURCE_TYPE

if TYPE_CHECKING:
    from xml.dom.minidom import Document, Element

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_SOURCE_TYPE = (_IPTC, "DigitalSourceType")
# The preview, and the rest of a packet that did not fit into a JPEG and is not read.
_STALE = {
    ("http://ns.adobe.com/xap/1.0/", "Thumbnails"),
    ("http://ns.adobe.com/xmp/note/", "HasExtendedXMP"),
}
# A packet of more bytes, of more elements, or with elements in more elements, holds no words on a
# picture. As many elements take half a second.
MAX_PACKET = 2**22
_MAX_ELEMENTS = 20_000
_DEEPEST = 64
_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF></x:xmpmeta>\n'
    '<?xpacket end="w"?>'
).encode()


def adapted(
    packet: bytes,
    *,
    width: int,
    height: int,
    properties: Mapping[str, str | None],
    source_type: str | None = None,
    kept_source_types: Collection[str] | None = None,
) -> bytes:
    """The packet of a picture that was enlarged; a new one where there was none.

    Args:
        packet: b"" for none.
        width, height: pixels of the new picture, which is upright.
        properties: of this program's namespace, in place of what the packet has of the same
            names; None for none. Values hold no character that XML cannot.
        source_type: IPTC's word for what made the picture, or None to say nothing new of it.
        kept_source_types: those words of the packet's own that stay; None for any.

    Raises:
        ValueError: it is no XMP, or one that is too large or too deep.
    """
    _check(packet)
    document = _parsed(packet or _EMPTY)
    rdf = next(iter(document.getElementsByTagNameNS(_RDF, "RDF")), None)
    if rdf is None:
        raise ValueError("it is no XMP")
    _set_sizes(rdf, width, height)
    for key, name, element in list(_properties(rdf)):
        if key in _STALE or (key[0] == NAMESPACE and key[1] in properties):
            _remove(element, name)
    said = [item for item in _properties(rdf) if item[0] == _SOURCE_TYPE]
    kept = any(
        kept_source_types is None or _word(element, name) in kept_source_types
        for _, name, element in said
    )
    if source_type is None or kept:
        source_type = None
    else:
        for _, name, element in said:
            _remove(element, name)
    words = [(NAMESPACE, f"imagine:{name}", text) for name, text in properties.items() if text]
    if source_type is not None:
        words.append((_IPTC, "Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE + source_type))
    if words:
        rdf.appendChild(_description(document, rdf, words))
    return "".join(node.toxml() for node in document.childNodes).encode()


def _check(packet: bytes) -> None:
    """Refuse what would cost much to read, or define entities.

    Raises:
        ValueError: it does.
    """
    if len(packet) > MAX_PACKET:
        raise ValueError(f"it takes more than {MAX_PACKET // 2**20} MB")
    depth = count = 0

    def start(_: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth += 1
        count += 1 + len(attributes)
        if depth > _DEEPEST:
            raise ValueError("it is too deep")
        if count > _MAX_ELEMENTS:
            raise ValueError(f"it has more than {_MAX_ELEMENTS} elements")

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        raise ValueError("it has a document type")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = refuse
    if packet:
        try:
            parser.Parse(packet.rstrip(b"\0 \r\n\t"), True)
        except expat.ExpatError as error:
            raise ValueError("it is no XML") from error


def _parsed(packet: bytes) -> "Document":
    from xml.dom.minidom import parseString

    # It is XML without entities: `_check` has seen it.
    return parseString(packet.rstrip(b"\0 \r\n\t"))  # noqa: S318


def _properties(rdf: "Element") -> "Iterator[tuple[tuple[str, str], str | None, Element]]":
    """Each property: namespace and name; its attribute's name, or None for an element; where."""
    for element in rdf.getElementsByTagNameNS("*", "*"):
        yield (element.namespaceURI or "", element.localName or ""), None, element
        for attribute in list(element.attributes.values()):
            yield (attribute.namespaceURI or "", attribute.localName), attribute.name, element


def _set_sizes(rdf: "Element", width: int, height: int) -> None:
    values = {
        (_TIFF, "Orientation"): 1,
        (_TIFF, "ImageWidth"): width,
        (_TIFF, "ImageLength"): height,
        (_EXIF, "PixelXDimension"): width,
        (_EXIF, "PixelYDimension"): height,
    }
    for key, name, element in list(_properties(rdf)):
        if key not in values:
            continue
        if name is not None:
            element.setAttribute(name, str(values[key]))
            continue
        for child in list(element.childNodes):
            element.removeChild(child)
        document = element.ownerDocument
        assert document is not None  # noqa: S101  # it was parsed out of one
        element.appendChild(document.createTextNode(str(values[key])))


def _word(element: "Element", attribute: str | None) -> str:
    """The last part of the address that a property names a term of a vocabulary by."""
    if attribute is not None:
        address = element.getAttribute(attribute)
    else:
        texts = [child.data for child in element.childNodes if child.nodeType == child.TEXT_NODE]
        address = "".join(texts).strip() or element.getAttributeNS(_RDF, "resource")
    return address.rpartition("/")[2]


def _remove(element: "Element", attribute: str | None) -> None:
    if attribute is not None:
        element.removeAttribute(attribute)
    elif element.parentNode is not None:
        element.parentNode.removeChild(element)


def _description(
    document: "Document", rdf: "Element", words: Sequence[tuple[str, str, str]]
) -> "Element":
    """Elements, each of a namespace, a name and a text, as they are put into a packet."""
    # All descriptions of a packet are of one thing, which most leave without a name.
    about = next(
        (
            found.getAttributeNS(_RDF, "about")
            for found in rdf.getElementsByTagNameNS(_RDF, "Description")
            if found.hasAttributeNS(_RDF, "about")
        ),
        "",
    )
    made = document.createElementNS(_RDF, "rdf:Description")
    # Those that are used: a packet may know the others by another prefix, which exiv2 minds.
    used = {f"xmlns:{name.partition(':')[0]}": namespace for namespace, name, _ in words}
    for name, value in {"xmlns:rdf": _RDF, **used, "rdf:about": about}.items():
        made.setAttribute(name, value)
    for namespace, name, text in words:
        element = document.createElementNS(namespace, name)
        element.appendChild(document.createTextNode(text))
        made.appendChild(element)
    return made
