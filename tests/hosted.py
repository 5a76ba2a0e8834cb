"""Requests, pictures and connections for tests of hosted backends."""

import io
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fakes import Fake
from PIL import Image

from imagine.stages.generate import Backend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress, ReferenceImage
from imagine.stages.network.providers import Connection, Secret, connect
from imagine.stages.spec import spec_from_dict

KEY = "key-that-nobody-may-see"


def picture_bytes(width: int = 1024, height: int = 1024, *, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, format)
    return file.getvalue()


def base64_picture(width: int = 1024, height: int = 1024) -> str:
    return b64encode(picture_bytes(width, height)).decode("ascii")


def request_of(prompt: str = "a red fox", **changes: Any) -> ImageRequest:
    values: dict[str, Any] = {
        "prompt": prompt,
        "negative_prompt": None,
        "spec": spec_from_dict(
            {
                "source_prompt": prompt,
                "subjects": [{"id": "fox", "name": "fox"}],
                "style": {"medium": "photograph"},
            }
        ),
        "width": 1024,
        "height": 1024,
        "seed": 7,
    }
    return ImageRequest(**(values | changes))


def reference(width: int = 32, height: int = 24) -> ReferenceImage:
    return ReferenceImage(
        data=picture_bytes(width, height), format="png", width=width, height=height, sha256="0" * 64
    )


def connected(
    provider: str, answer: Callable[[httpx.Request], httpx.Response], **changes: Any
) -> Connection:
    """A connection to `provider` whose network is the function `answer`."""
    values = {"key": Secret(KEY), "patience": 0.0, "transport": httpx.MockTransport(answer)}
    return connect(provider, **(values | changes))


def pauses_pass(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> None:
    """Between two polls of a job nobody waits: the fake's seconds go by at once."""
    monkeypatch.setattr("imagine.stages.generate.job.monotonic", fake.service.clock.now)
    monkeypatch.setattr("imagine.stages.generate.job.sleep", fake.forward)


def draw(backend: Backend, request: ImageRequest | None = None) -> GeneratedImage:
    """The picture of one request; what comes before it must be steps."""
    *steps, last = backend.generate(request or request_of())
    assert all(isinstance(step, Progress) for step in steps)
    assert isinstance(last, GeneratedImage)
    return last
