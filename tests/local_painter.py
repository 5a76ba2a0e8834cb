"""A local backend for tests that draws with everything it is asked for, without any library.

Its models are folders with a model_index.json; the words in a folder's name say how it behaves:
"missing" lacks its extra, "broken" cannot be loaded, "slow" takes its time for each step, "brief"
a moment, "old" reads nothing but prompts.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from PIL import Image

from imagine.stages.errors import LocalBackendError, MissingPackageError, UsageError
from imagine.stages.generate import Capabilities
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Shelf
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.sizes import FreeSizes

STEPS = 4
MOST_TOGETHER = 3


class LocalPainter:
    """Pictures of one colour: that of the hash of everything they are asked for."""

    name = "diffusers"
    # What all of them were asked for, in the order of the calls.
    calls: "list[list[ImageRequest]]" = []  # noqa: RUF012  # of all instances
    made: "list[LocalPainter]" = []  # noqa: RUF012
    drawing = most_at_once = 0

    @staticmethod
    def on_step(step: int) -> object:
        """Called at each step; for tests to change."""

    def __init__(
        self, *, model: str, shelf: Shelf, options: LocalOptions, tell: Callable[[str], None]
    ) -> None:
        if not model:
            raise LocalBackendError("No model is named; name one with --model.")
        place = shelf.model(model)
        shelf.remember(place)
        self.model = place.name
        self.shelf = shelf
        self.weights = sha256((place.path / INDEX).read_bytes()).hexdigest()[:16]
        self.options = options
        self.tell = tell
        self.together = options.batch_size or MOST_TOGETHER
        reads = "old" not in self.model
        self.capabilities = Capabilities(
            profile="clip75",
            negative_prompt=True,
            seed=True,
            sizes=FreeSizes(min_side=16, max_side=512, max_pixels=512**2, step=16, native=64**2),
            trained=True,
            num_inference_steps=True,
            guidance_scale=True,
            strength=reads,
            max_images=1 if reads else 0,
            mask=reads,
            max_loras=2 if reads else 0,
            scheduler=reads,
            hires_fix=reads,
            prompt_tokens=150 if reads else 75,
        )
        self.identity = self.weights
        self.is_loaded = False
        LocalPainter.made.append(self)

    def release(self) -> None:
        self.is_loaded = False

    def check(self, request: ImageRequest) -> None:
        for lora in request.loras:
            self.shelf.remember(self.shelf.lora(lora.name))
        if request.scheduler == "eulr":
            raise UsageError("There is no scheduler 'eulr'; choose euler.")
        if "missing" in self.model:
            raise MissingPackageError("diffusers is not installed; run `pip install diffusers`.")

    def own_values(self, request: ImageRequest) -> dict[str, int | float | str]:
        # A model's own scheduler is known by its class.
        leader = request.scheduler or "EulerDiscreteScheduler"
        return {"num_inference_steps": 20, "guidance_scale": 7.5, "scheduler": leader}

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        yield from self.generate_together([request])

    def generate_together(
        self, requests: Sequence[ImageRequest]
    ) -> Iterator[Progress | GeneratedImage]:
        assert len(requests) <= self.together
        LocalPainter.calls.append(list(requests))
        LocalPainter.drawing += 1
        LocalPainter.most_at_once = max(LocalPainter.most_at_once, LocalPainter.drawing)
        try:
            yield from self._drawn(requests)
        finally:
            LocalPainter.drawing -= 1

    def _drawn(self, requests: Sequence[ImageRequest]) -> Iterator[Progress | GeneratedImage]:
        yield Progress(0, STEPS, f"loading {self.model}")
        if "broken" in self.model:
            raise LocalBackendError(f"The model {self.model} is broken; get it again.")
        self.is_loaded = True
        self.tell(f"{self.model} runs on {self.options.device}.")
        for step in range(1, STEPS + 1):
            LocalPainter.on_step(step)
            if "slow" in self.model:
                time.sleep(0.2)
            if "brief" in self.model:
                time.sleep(0.01)
            grey = Image.new("RGB", (8, 8), (step * 60, 0, 0))
            yield Progress(step, STEPS, "denoising", preview=lambda grey=grey: grey)
        for request in requests:
            guidance = request.guidance_scale
            yield GeneratedImage(
                model=self.model,
                drawn=Image.new("RGB", request.result_size, _colour(request)),
                parameters=(
                    ("num_inference_steps", request.num_inference_steps or 20),
                    ("guidance_scale", 7.5 if guidance is None else guidance),
                    ("scheduler", request.scheduler or "euler"),
                    ("device", self.options.device),
                    ("dtype", self.options.dtype_on(self.options.device)),
                    *([("vae", "tiny")] if self.options.uses_tiny_vae else []),
                    ("weights", self.weights),
                ),
            )


def _colour(request: ImageRequest) -> tuple[int, int, int]:
    """Effective values make no difference, whether they were asked for or not."""
    asked = {"num_inference_steps": 20, "guidance_scale": 7.5, "scheduler": "euler"}
    digest = sha256(repr(sorted((asked | request.to_dict()).items())).encode()).digest()
    return digest[0], digest[1], digest[2]


def model_at(folder: Path) -> Path:
    """A folder that the painter takes for a model, with weights unlike those of others."""
    folder.mkdir(parents=True)
    index = {"_class_name": "StableDiffusionPipeline", "_name_or_path": folder.name}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
