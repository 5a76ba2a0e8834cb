from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from fakes.pictures import draw
from hosted import KEY, base64_picture, connected, picture_bytes
from hosted_upscale import away, deep, enlarged, picture
from PIL import Image

from imagine.stages.errors import ConfigError, ImagineError, UnusableAnswerError, UsageError
from imagine.stages.formats.png_encode import encode_png
from imagine.stages.image import Progress
from imagine.stages.money.usage import Usage
from imagine.stages.network.json_values import table
from imagine.stages.network.providers import connect
from imagine.stages.upscale import (
    UPSCALERS,
    CheckingUpscaler,
    OnProgress,
    UpscaleCapabilities,
    UpscaleRequest,
)
from imagine.stages.upscale.enlarge import check, enlarge, scaled
from imagine.stages.upscale.hosted import Answer, HostedUpscaler
from imagine.stages.upscale.raster import Raster, image_of, raster_of
from imagine.stages.upscale.sent import Sent


class PlainUpscaler(HostedUpscaler):
    """Sends a picture, gets JSON with another."""

    name = "plain"
    capabilities = UpscaleCapabilities(trained=True)

    def ask(
        self,
        picture: Sent,
        size: tuple[int, int],
        request: UpscaleRequest,
        *,
        on_progress: OnProgress,
    ) -> Answer:
        files = picture.part("image")
        reply = self.session.post("/enlarge", fields={}, files=files, paid=True)
        return Answer(self.picture_in(table(reply.json()).get("image")))


def answering(image: object, seen: Callable[[httpx.Request], None] | None = None) -> PlainUpscaler:
    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        if seen is not None:
            seen(request)
        return httpx.Response(200, json={"image": image})

    return PlainUpscaler(connection=connected("stability", answer), model="brush")


def in_base64(width: int, height: int) -> str:
    return b64encode(encode_png(picture(width, height))).decode()


def test_a_picture_of_the_right_size_comes_through_as_it_is() -> None:
    steps: list[Progress] = []
    made = enlarged(answering(in_base64(384, 256)), told=steps.append)
    assert image_of(made.raster).tobytes() == picture(384, 256).tobytes()
    assert (made.model, made.parameters, made.notes) == ("brush", (), ())
    assert made.usage == Usage(calls=1, images=1)
    assert steps == [
        Progress(1, 2, "sent to Stability AI"),
        Progress(2, 2, "received 384x256 PNG, 0.0 MB"),
    ]


@pytest.mark.parametrize(
    ("came", "notes"),
    [
        ((768, 512), ()),
        ((376, 248), ()),
        ((385, 256), ()),
        ((192, 128), ("Stability AI enlarged it to 192x128; from there to 384x256 it was "
                      "resampled.",)),
    ],
    ids=["larger", "cut to whole cells", "rounded", "less than asked for"],
)  # fmt: skip
def test_what_is_not_of_the_size_wanted_is_resampled_to_it(
    came: tuple[int, int], notes: tuple[str, ...]
) -> None:
    made = enlarged(answering(in_base64(*came)))
    assert away(made) <= 3
    assert made.notes == notes
    assert made.parameters == (("size", f"{came[0]}x{came[1]}"),)


@pytest.mark.parametrize(
    ("came", "message"),
    [
        (
            (96, 64),
            "Stability AI sent a picture of 96x64 for one of 96x64, which is not enlarged; "
            "nothing was saved, choose another upscaler (--upscaler).",
        ),
        (
            (48, 128),
            "Stability AI sent a picture of 48x128 for one of 96x64, which is not enlarged; "
            "nothing was saved, choose another upscaler (--upscaler).",
        ),
        (
            (384, 384),
            "Stability AI sent a picture of 384x384 for one of 96x64, which is another shape; "
            "nothing was saved, choose another upscaler (--upscaler).",
        ),
    ],
    ids=["as it was", "narrower", "square"],
)
def test_what_is_not_the_picture_enlarged_is_an_error(came: tuple[int, int], message: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        enlarged(answering(base64_picture(*came)))
    assert str(caught.value) == message


def test_sixteen_bits_go_out_as_eight_and_come_back_as_sixteen() -> None:
    made = enlarged(answering(in_base64(384, 256)), deep())
    strips = list(made.raster.strips())
    assert {strip.dtype for strip in strips} == {np.dtype(np.uint16)}
    assert max(int(strip.max()) for strip in strips) == 65535
    assert away(made) <= 1
    assert made.notes == ("Stability AI was sent 8 of the 16 bits of a sample.",)


def test_a_signature_that_cannot_be_kept_is_told() -> None:
    signed = b64encode(draw(384, 256, prompt="a fox", signed=True).bytes).decode()
    assert enlarged(answering(signed)).notes == (
        "Stability AI signed what it sent (C2PA), which holds for its own file alone: the "
        "signature is not kept.",
    )


def test_strips_can_be_read_twice() -> None:
    raster = enlarged(answering(in_base64(192, 128))).raster
    first, second = (b"".join(strip.tobytes() for strip in raster.strips()) for _ in range(2))
    assert first == second
    assert len(first) == 384 * 256 * 3


def sent(upscaler_class: type[PlainUpscaler], raster: Raster) -> tuple[bytes, tuple[str, ...]]:
    """The body of the request for a picture, and the notes on what came of it."""
    bodies: list[bytes] = []
    answer = answering(
        in_base64(raster.width * 2, raster.height * 2), lambda r: bodies.append(r.content)
    )
    made = enlarged(upscaler_class(connection=answer.connection, model="x"), raster, by=2)
    return bodies[0], made.notes


class NarrowUpscaler(PlainUpscaler):
    max_bytes = 2**20 // 2


def noise(side: int) -> Raster:
    """A square of which a PNG takes a byte and a half a pixel, a JPEG half of that."""
    pixels = np.random.default_rng(7).integers(0, 32, (side, side, 3), np.uint8)
    return raster_of(Image.fromarray(pixels))


def test_a_png_that_is_too_large_goes_out_as_a_jpeg() -> None:
    body, notes = sent(NarrowUpscaler, noise(400))
    assert b'filename="image.png"' in body
    assert notes == ()
    body, notes = sent(NarrowUpscaler, noise(600))
    assert b'filename="image.jpg"' in body
    assert b"Content-Type: image/jpeg" in body
    assert notes == (
        "Stability AI was sent a JPEG of quality 95, as the PNG has 0.6 MiB and it takes 0.5.",
    )


def test_a_picture_that_is_too_large_in_any_format_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        sent(NarrowUpscaler, noise(800))
    assert str(caught.value) == (
        "Stability AI takes files of at most 0.5 MiB, and this picture has 0.6 as a JPEG; choose "
        "another upscaler (--upscaler)."
    )


def test_a_picture_that_is_damaged_inside_is_an_error() -> None:
    data = bytearray(picture_bytes(384, 256, format="JPEG"))
    # Its outline is whole; the tables that its pixels are decoded by are not.
    start = data.index(b"\xff\xc4")
    data[start + 5 : start + 21] = b"\xff" * 16
    with pytest.raises(UnusableAnswerError) as caught:
        enlarged(answering(b64encode(bytes(data)).decode()))
    assert str(caught.value).startswith("The picture that Stability AI sent cannot be decoded: ")
    assert str(caught.value).endswith(
        "; nothing was saved, try again or choose another upscaler (--upscaler)."
    )


def test_without_a_key_nothing_is_said_to_be_sent() -> None:
    steps: list[Progress] = []
    with pytest.raises(ConfigError) as caught:
        enlarged(PlainUpscaler(connection=connect("stability"), model="x"), told=steps.append)
    assert str(caught.value) == (
        "There is no key for Stability AI: set STABILITY_API_KEY in the environment or in .env "
        "(https://platform.stability.ai/account/keys), or work without one: --upscaler auto."
    )
    assert steps == []


def test_a_key_is_in_no_message() -> None:
    with pytest.raises(ImagineError) as caught:
        enlarged(answering(b64encode(f"<html>no {KEY} here</html>".encode()).decode()))
    assert str(caught.value) == (
        "The answer is a web page instead of a picture: 'no [key] here'; check the base URL and "
        "--upscaler."
    )


@pytest.mark.parametrize(
    ("mode", "channels", "depth"), [("L", 1, 8), ("I;16", 1, 16), ("LA", 2, 8), ("RGBA", 4, 8)]
)
def test_pictures_of_any_kind_keep_their_channels_and_depth(
    mode: str, channels: int, depth: int
) -> None:
    image = Image.new(mode, (96, 64), 7 if mode in ("L", "I;16") else None)
    made = enlarge(raster_of(image), answering(in_base64(384, 256)), scaled((96, 64), 4))
    assert made.raster.size == (384, 256)
    assert (made.raster.channels, made.raster.depth) == (channels, depth)
    assert sum(len(strip) for strip in made.raster.strips()) == 256


HOSTED = [("stability", "fast"), ("sdapi", ""), ("localai", "x")]


@pytest.mark.parametrize(("name", "model"), HOSTED)
def test_those_that_are_registered_are_made_with_a_connection(name: str, model: str) -> None:
    upscaler: Any = UPSCALERS.create(name, connection=connect(name), model=model)
    assert (upscaler.name, upscaler.model) == (name, model)
    assert isinstance(upscaler, CheckingUpscaler)
    assert upscaler.capabilities.paid == (name == "stability")
    upscaler.close()


def test_their_own_rules_hold_before_anything_is_spent() -> None:
    upscaler = UPSCALERS.create("stability", connection=connect("stability"), model="fast")
    with pytest.raises(UsageError, match=r"^stability/fast takes pictures of 32 to 1536 pixels"):
        check(upscaler, (2000, 100), scaled((2000, 100), 4), denoise=None)
