"""XMP of other programs: theirs stays, stale values go, ours stand beside it."""

import io
from collections.abc import Mapping
from pathlib import Path

import exiv2
import pytest
from PIL import Image
from recipes import make_recipe

from imagine.stages.formats.xmp import own_properties, xmp_packet
from imagine.stages.formats.xmp_edit import adapted

exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
CAMERA = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="uuid:7" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"
    tiff:Orientation="6" tiff:ImageWidth="640" xmp:Rating="5">
   <exif:PixelXDimension>640</exif:PixelXDimension>
   <exif:PixelYDimension>480</exif:PixelYDimension>
   <dc:creator><rdf:Seq><rdf:li>Ada &amp; Łucja</rdf:li></rdf:Seq></dc:creator>
   <xmp:Thumbnails><rdf:Alt><rdf:li xmpGImg:image="QUJD"/></rdf:Alt></xmp:Thumbnails>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>""".encode()
IPTC_NAMESPACE = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def values_of(packet: bytes) -> dict[str, str]:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", xmp=packet)
    picture = exiv2.ImageFactory.open(buffer.getvalue())
    picture.readMetadata()
    found = {item.key(): item.toString() for item in picture.xmpData()}
    assert found
    return found


def adapt(
    packet: bytes, properties: Mapping[str, str | None] | None = None, **options: object
) -> bytes:
    return adapted(packet, width=1920, height=2560, properties=properties or {}, **options)  # type: ignore[arg-type]


def test_what_is_stale_changes_and_the_rest_stays() -> None:
    before, after = values_of(CAMERA), values_of(adapt(CAMERA))
    kept = {key: value for key, value in before.items() if "Thumbnails" not in key}
    assert len(kept) < len(before)
    assert after == kept | {
        "Xmp.tiff.Orientation": "1",
        "Xmp.tiff.ImageWidth": "1920",
        "Xmp.exif.PixelXDimension": "1920",
        "Xmp.exif.PixelYDimension": "2560",
    }


def test_properties_of_ours_are_added_to_the_same_thing() -> None:
    words = '{"a": "<b> & \'c\' \\u0001"}'
    after = adapt(CAMERA, {"upscales": words}, source_type="algorithmicMedia")
    assert own_properties(after) == {"upscales": words}
    assert values_of(after)["Xmp.iptcExt.DigitalSourceType"] == IPTC + "algorithmicMedia"
    assert after.count(b'rdf:about="uuid:7"') == after.count(b"rdf:about=") == 2
    assert values_of(after)["Xmp.dc.creator"] == "Ada & Łucja"


def test_properties_of_ours_are_replaced_or_taken_out() -> None:
    once = adapt(CAMERA, {"recipe": "1", "upscales": "2"})
    twice = adapt(once, {"recipe": None, "recipeDeflate": "3", "upscales": "4"})
    assert own_properties(twice) == {"recipeDeflate": "3", "upscales": "4"}
    assert own_properties(adapt(twice, {"upscales": None})) == {"recipeDeflate": "3"}


def test_a_packet_is_made_where_there_was_none() -> None:
    made = adapt(b"", {"upscales": "7"})
    assert own_properties(made) == {"upscales": "7"}
    assert made.startswith('<?xpacket begin="\ufeff"'.encode())
    assert made.endswith(b'<?xpacket end="w"?>')


def test_the_source_type_of_another_program_is_only_corrected_when_asked() -> None:
    said = adapt(CAMERA, source_type="digitalCapture")
    kept = adapt(said, source_type="algorithmicMedia")
    assert values_of(kept)["Xmp.iptcExt.DigitalSourceType"] == IPTC + "digitalCapture"
    corrected = adapt(said, source_type="algorithmicMedia", kept_source_types=())
    assert values_of(corrected)["Xmp.iptcExt.DigitalSourceType"] == IPTC + "algorithmicMedia"
    assert corrected.count(b"DigitalSourceType>") == 2


def test_a_packet_that_another_program_wrote_anew_is_still_ours(tmp_path: Path) -> None:
    path = tmp_path / "fox.jpg"
    Image.new("RGB", (8, 8)).save(path, xmp=adapt(CAMERA, {"upscales": '{"a": 1}'}))
    picture = exiv2.ImageFactory.open(str(path))
    picture.readMetadata()
    changed = picture.xmpData()
    changed["Xmp.xmp.Rating"] = "1"
    picture.setXmpData(changed)
    picture.writeMetadata()
    with Image.open(io.BytesIO(path.read_bytes())) as again:
        packet = again.info["xmp"]
    assert own_properties(packet) == {"upscales": '{"a": 1}'}
    assert own_properties(adapt(packet, {"upscales": "7"})) == {"upscales": "7"}


DEEP = b"<a>" * 65 + b"</a>" * 65
ENTITIES = b'<!DOCTYPE a [<!ENTITY b "c">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&b;</x:xmpmeta>'


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (b"no XML", "it is no XML"),
        (b"<a>", "it is no XML"),
        (b"<a/>", "it is no XMP"),
        (DEEP, "it is too deep"),
        (b"<a>" + b"<a/>" * 20_000 + b"</a>", "it has more than 20000 elements"),
        (b"<a>" + b"<a b='' c=''/>" * 7_000 + b"</a>", "it has more than 20000 elements"),
        (ENTITIES, "it has a document type"),
        (b" " * (2**22 + 1), "it takes more than 4 MB"),
    ],
)
def test_what_is_no_packet_is_an_error(packet: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        adapt(packet)


def test_a_packet_may_have_a_prefix_of_its_own_for_what_is_not_added() -> None:
    other = CAMERA.replace(b"</rdf:Description>", b"<e:Event>fox</e:Event></rdf:Description>")
    other = other.replace(b"xmlns:tiff=", b'xmlns:e="%s" xmlns:tiff=' % IPTC_NAMESPACE.encode())
    after = values_of(adapt(other, {"upscales": "7"}))
    assert after["Xmp.iptcExt.Event"] == "fox"
    assert after["Xmp.imagine.upscales"] == "7"


def test_padding_and_a_packet_without_its_wrapper_are_read() -> None:
    bare = CAMERA[CAMERA.index(b"<x:xmpmeta") : CAMERA.index(b"<?xpacket end")]
    assert values_of(adapt(bare + b"\n   \n\0")) == values_of(adapt(CAMERA))


def test_a_packet_may_call_rdf_otherwise() -> None:
    other = CAMERA.replace(b"<rdf:", b"<r:").replace(b"</rdf:", b"</r:").replace(b":rdf=", b":r=")
    after = adapt(other.replace(b"rdf:about", b"r:about"), {"upscales": "7"})
    assert own_properties(after) == {"upscales": "7"}
    assert b'tiff:Orientation="1"' in after


def test_a_packet_of_a_recipe_is_adapted() -> None:
    packet = xmp_packet(make_recipe(), recipe_as="json").encode()
    assert values_of(adapt(packet)) == values_of(packet)
