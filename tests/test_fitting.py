import io

import pytest
from hosted import picture_bytes, reference, request_of
from PIL import Image

from imagine.stages.errors import UsageError
from imagine.stages.generate.fitting import fitted
from imagine.stages.image import ReferenceImage


def test_a_picture_of_the_right_size_is_left_alone() -> None:
    image = reference(1024, 768)
    assert fitted(request_of(width=1024, height=768, images=(image,)), who="fal") is image


@pytest.mark.parametrize("size", [(400, 300), (2048, 1536), (420, 300), (385, 300)])
def test_a_picture_of_about_the_right_shape_is_brought_to_the_size(size: tuple[int, int]) -> None:
    image = reference(*size)
    sized = fitted(request_of(width=1024, height=768, images=(image,)), who="fal")
    assert (sized.width, sized.height, sized.format) == (1024, 768, "png")
    assert Image.open(io.BytesIO(sized.data)).size == (1024, 768)
    assert sized.sha256 == image.sha256


def test_a_photo_stays_a_jpeg() -> None:
    data = picture_bytes(2048, 1536, format="JPEG")
    image = ReferenceImage(data, "jpg", 2048, 1536, sha256="0" * 64)
    sized = fitted(request_of(width=1024, height=768, images=(image,)), who="fal")
    assert (sized.width, sized.height, sized.format) == (1024, 768, "jpg")
    assert Image.open(io.BytesIO(sized.data)).format == "JPEG"


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ((1200, 899), "4:3"),
        ((1344, 768), "16:9"),
        ((1000, 1000), "1:1"),
        ((768, 1376), "9:16"),
        ((3000, 1000), "3:1"),
    ],
)
def test_another_shape_is_refused_with_the_ratio_to_ask_for(
    size: tuple[int, int], ratio: str
) -> None:
    request = request_of(width=1024, height=832, images=(reference(*size),))
    with pytest.raises(UsageError) as caught:
        fitted(request, who="fal with fal-ai/flux/dev")
    assert str(caught.value) == (
        f"fal with fal-ai/flux/dev draws in the shape of the reference picture, {size[0]}x{size[1]}"
        f", and 1024x832 was asked for; ask for its shape (--ar {ratio}), or crop it."
    )
