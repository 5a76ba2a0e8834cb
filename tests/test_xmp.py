"""XMP packets: well-formed whatever the words, honest about the source, read back."""

from xml.parsers import expat

import pytest
from hypothesis import given
from recipes import any_recipe, make_recipe

from imagine.stages.formats.xmp import recipe_in, xmp_packet
from imagine.stages.recipe import (
    BackendRecord,
    Recipe,
    ReferenceRecord,
    UpscaleRecord,
    parse_recipe,
)

REFERENCE = ReferenceRecord(sha256="b" * 64)
SIZES = {
    "from_width": 8,
    "from_height": 8,
    "width": 16,
    "height": 16,
    "full_width": 16,
    "full_height": 16,
}
LANCZOS = UpscaleRecord.model_validate({"upscaler": "lanczos", **SIZES})
NETWORK = UpscaleRecord.model_validate({"upscaler": "art", "trained": True, **SIZES})


@pytest.mark.parametrize(
    ("trained", "references", "upscales", "source_type"),
    [
        (False, (), (), "algorithmicMedia"),
        (False, (), (LANCZOS,), "algorithmicMedia"),
        (False, (), (LANCZOS, NETWORK), "compositeWithTrainedAlgorithmicMedia"),
        (True, (), (), "trainedAlgorithmicMedia"),
        (True, (), (NETWORK,), "trainedAlgorithmicMedia"),
        (True, (REFERENCE,), (), "compositeWithTrainedAlgorithmicMedia"),
    ],
)
def test_the_digital_source_type_says_what_made_the_picture(
    trained: bool,
    references: tuple[ReferenceRecord, ...],
    upscales: tuple[UpscaleRecord, ...],
    source_type: str,
) -> None:
    record = BackendRecord(
        name="x", model="x", trained=trained, parameters={"width": 8, "height": 8, "seed": 1}
    )
    assert (
        "<Iptc4xmpExt:DigitalSourceType>"
        f"http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"
        "</Iptc4xmpExt:DigitalSourceType>"
    ) in xmp_packet(make_recipe(backend=record, references=references, upscales=upscales))


@given(any_recipe())
def test_xmp_is_well_formed_whatever_the_prompt(recipe: Recipe) -> None:
    for recipe_as in (None, "json", "deflate"):
        packet = xmp_packet(recipe, recipe_as=recipe_as)
        assert expat.ParserCreate().Parse(packet.encode(), True) == 1


@given(any_recipe())
def test_both_forms_of_the_recipe_are_read_back(recipe: Recipe) -> None:
    for recipe_as in ("json", "deflate"):
        text = recipe_in(xmp_packet(recipe, recipe_as=recipe_as).encode(), limit=2**20)
        assert text is not None
        assert parse_recipe(text) == recipe
    assert recipe_in(xmp_packet(recipe).encode(), limit=2**20) is None


def test_a_recipe_written_as_an_attribute_is_read() -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><a xmlns:other="urn:imagine-cli:recipe/1.0/" '
        'other:recipe="{&quot;a&quot;: 1}"/></x:xmpmeta>'
    )
    assert recipe_in(packet.encode(), limit=100) == '{"a": 1}'


def test_another_namespace_is_not_ours() -> None:
    packet = (
        '<a xmlns:imagine="urn:other/" imagine:recipe="x"><imagine:recipe>y</imagine:recipe></a>'
    )
    assert recipe_in(packet.encode(), limit=100) is None


@pytest.mark.parametrize("packet", [b"", b"<a", b"\xff\xfe", b"<a></b>"])
def test_a_broken_packet_has_no_recipe(packet: bytes) -> None:
    assert recipe_in(packet, limit=100) is None


def test_entities_are_not_expanded() -> None:
    packet = (
        '<!DOCTYPE x [<!ENTITY a "boom">]><x:xmpmeta xmlns:x="adobe:ns:meta/" '
        'xmlns:i="urn:imagine-cli:recipe/1.0/"><i:recipe>&a;</i:recipe></x:xmpmeta>'
    )
    assert recipe_in(packet.encode(), limit=100) is None


def test_a_compressed_recipe_has_a_limit_and_must_be_whole() -> None:
    packet = xmp_packet(make_recipe(notes=("x" * 10_000,)), recipe_as="deflate")
    assert recipe_in(packet.encode(), limit=20_000) is not None
    with pytest.raises(OverflowError):
        recipe_in(packet.encode(), limit=10_000)
    start = packet.index("<imagine:recipeDeflate>") + 23
    with pytest.raises(ValueError, match="its compressed text cannot be read"):
        recipe_in((packet[:start] + "AAAA" + packet[start + 4 :]).encode(), limit=20_000)
