"""LocalAI's /v1/images/upscale: a form with model, scale and image in, data[].url out."""

from fakes.chat_errors import openai_error
from fakes.message import Request
from fakes.pictures import size_of
from fakes.service import refuse

PATH = "/v1/images/upscale"
# What a model is made for; None does either, as resampling does.
UPSCALERS: dict[str, int | None] = {
    "realesrgan-x4plus-anime-6b": 4,
    "stable-diffusion-x4-upscaler": 4,
    "my-upscaler": None,
    "my-esrgan": 4,
}


class Call:
    """One request to enlarge."""

    def __init__(self, request: Request) -> None:
        parts = request.form or []
        self.fields = {part.name: part.text for part in parts if part.filename is None}
        files = [part.data for part in parts if part.name == "image" and part.filename]
        self.image = files[0] if files else b""

    @property
    def model(self) -> str:
        return self.fields.get("model", "")

    @property
    def size(self) -> tuple[int, int]:
        """Pixels of the result."""
        width, height = size_of(self.image) or (0, 0)
        scale = int(self.fields["scale"])
        return width * scale, height * scale

    def check(self) -> None:
        """Refuse what the server does not take."""
        if not self.model:
            raise refuse(openai_error(400, "missing model", kind=""))
        if self.model not in UPSCALERS:
            words = f"model {self.model} does not support the upscale usecase"
            raise refuse(openai_error(400, words, kind=""))
        # Older servers take 2 and 4 alone, newer ones want it to be given.
        if self.fields.get("scale") not in ("2", "4"):
            raise refuse(openai_error(400, "scale must be 2 or 4", kind=""))
        if size_of(self.image) is None:
            raise refuse(openai_error(400, "missing image file", kind=""))
        native = UPSCALERS[self.model]
        if native is not None and int(self.fields["scale"]) != native:
            words = f"requested scale {self.fields['scale']} does not match native scale {native}"
            raise refuse(openai_error(500, words, kind=""))
