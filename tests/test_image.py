"""Requests, sizes and aspect ratios."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.errors import UsageError
from imagine.stages.image import (
    ImageRequest,
    ReferenceImage,
    parse_aspect_ratio,
    parse_size,
    size_for,
)
from imagine.stages.spec import PromptSpec


def test_equal_requests_give_equal_bytes() -> None:
    def request() -> ImageRequest:
        spec = PromptSpec.model_validate(
            {
                "source_prompt": "ein Fuchs 🦊",
                "subjects": [{"id": "fox", "name": "Fuchs"}],
                "style": {"medium": "drawing"},
            }
        )
        return ImageRequest(
            prompt="ein Fuchs 🦊", negative_prompt=None, spec=spec, width=64, height=64, seed=7
        )

    assert request().to_json() == request().to_json()
    assert '"prompt": "ein Fuchs 🦊"' in request().to_json()


def test_a_reference_picture_stands_in_an_address() -> None:
    image = ReferenceImage(b"\x89PNG", "png", 1, 1, sha256="0" * 64)
    assert image.base64 == "iVBORw=="
    assert image.data_url == "data:image/png;base64,iVBORw=="


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ((1, 1), (1024, 1024)),
        ((16, 9), (1344, 768)),
        ((9, 16), (768, 1344)),
        ((3, 2), (1280, 832)),
        ((21, 9), (1536, 640)),
    ],
)
def test_usual_ratios_have_the_sizes_that_models_were_trained_on(
    ratio: tuple[int, int], size: tuple[int, int]
) -> None:
    assert size_for(ratio) == size


@given(st.integers(1, 100), st.integers(1, 100))
def test_a_size_is_near_its_ratio_and_area(width: int, height: int) -> None:
    if max(width, height) > 8 * min(width, height):
        return
    made = size_for((width, height))
    assert made[0] % 64 == made[1] % 64 == 0
    assert made[0] * made[1] == pytest.approx(1024 * 1024, rel=0.2)
    assert made[0] / made[1] == pytest.approx(width / height, rel=0.2)


@pytest.mark.parametrize("text", ["16:9x", "16", "0:1", ":", "101:100", "٣:٢", "-1:2"])
def test_a_malformed_ratio_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_aspect_ratio(text)
    assert str(caught.value) == f"The aspect ratio '{text}' is not W:H, such as 16:9; write it so."


def test_a_long_value_is_cut_in_the_message() -> None:
    digits = "1" * 10_000
    with pytest.raises(UsageError) as ratio:
        parse_aspect_ratio(f"{digits}:{digits}")
    assert str(ratio.value).startswith(f"The aspect ratio '{'1' * 79}…' is not W:H")
    with pytest.raises(UsageError) as size:
        parse_size(f"{digits}x1")
    assert str(size.value).startswith(f"The size '{'1' * 79}…' is not WIDTHxHEIGHT")


def test_a_steep_ratio_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^The aspect ratio 9:1 is steeper than 8:1"):
        parse_aspect_ratio("9:1")


def test_a_size_is_read() -> None:
    assert parse_size("1024X768") == parse_size("1024×768") == (1024, 768)


@pytest.mark.parametrize("text", ["1024", "x", "1024x", "-1x5", "1e3x5", "9999999999x1"])
def test_a_malformed_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert str(caught.value) == (
        f"The size '{text}' is not WIDTHxHEIGHT, such as 1024x768; write it so."
    )
