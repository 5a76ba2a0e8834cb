"""Backends: from an ImageRequest to a GeneratedImage.

A backend is a class with a `name`, its `capabilities`, and `generate`. Built-in ones stand in
BACKENDS as import strings; other distributions add theirs in the entry-point group
`imagine.backends`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.registry import Registry
from imagine.stages.render import CLIP_TOKENS, Profile
from imagine.stages.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend honours; the pipeline refuses the rest before anything is spent.

    Attributes:
        profile: how its prompt is rendered.
        negative_prompt: whether it reads one.
        seed: whether equal seeds give equal pictures, or nearly so.
        sizes: which it draws.
        trained: whether a model trained on data draws; decides the file's digital source type.
        num_inference_steps, guidance_scale, strength: whether it reads them.
        max_images: how many reference pictures it takes.
        mask: whether a mask says what of the first of them is drawn anew.
        max_loras: how many LoRAs it takes.
        scheduler: whether the user may choose who leads the steps; `check` knows the names.
        hires_fix: whether it draws in two passes.
        prompt_tokens: how many tokens a prompt of the profile clip75 is rendered to; more than 75
            for a backend that reads longer ones in chunks.
        paid: whether a picture costs money; asks for consent and goes into the ledger.
        concurrency: pictures that may be asked for at the same time, from several threads; 0 for
            one per processor.
    """

    profile: Profile
    negative_prompt: bool
    seed: bool
    sizes: Sizes
    trained: bool
    num_inference_steps: bool = False
    guidance_scale: bool = False
    strength: bool = False
    max_images: int = 0
    mask: bool = False
    max_loras: int = 0
    scheduler: bool = False
    hires_fix: bool = False
    prompt_tokens: int = CLIP_TOKENS
    paid: bool = False
    concurrency: int = 1


class Backend(Protocol):
    """Draws pictures.

    `generate` yields a Progress for every step and, last, the GeneratedImage. It reads no
    environment and prints nothing; errors are ImagineErrors, and no picture was made then.
    `model` is what the request will name, "" where there is nothing to choose. A backend whose
    module has a provider (imagine.stages.network.providers) is made with `connection` and `model`.
    """

    name: str
    model: str
    capabilities: Capabilities

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]: ...


@runtime_checkable
class CheckingBackend(Backend, Protocol):
    """A backend with rules of its own, beyond its capabilities.

    `check` refuses a request with a UsageError; it sends nothing.
    """

    def check(self, request: ImageRequest) -> None: ...


@runtime_checkable
class TogetherBackend(Backend, Protocol):
    """A backend that draws several pictures in one go, faster than one by one.

    `generate_together` takes 1 to `together` requests that are alike in everything but prompts,
    spec and seed, and yields a Progress for every step and the GeneratedImages in the order of
    the requests; each picture is the one that `generate` draws alone.
    """

    together: int

    def generate_together(
        self, requests: Sequence[ImageRequest]
    ) -> Iterator[Progress | GeneratedImage]: ...


@runtime_checkable
class ReleasingBackend(Backend, Protocol):
    """A backend that keeps a model in memory, and can let go of it.

    `release` is called while no picture is drawn; the next one loads the model again.
    """

    def release(self) -> None: ...


@runtime_checkable
class KnowingBackend(Backend, Protocol):
    """A backend that knows before it draws what it takes where a request says nothing.

    `own_values` gives them by the names that a GeneratedImage's parameters have; it loads nothing.
    A "scheduler" among them is the one that leads the request, which may have it by another name.
    """

    def own_values(self, request: ImageRequest) -> Mapping[str, int | float | str]: ...


def identity_of(backend: Backend) -> str:
    """What decides its pictures beside its name, its model's name and the requests.

    A backend may have an `identity`: a text that changes with its weights, its workflow, or a
    setting that changes pixels; its first word is what recipes have as "weights" or "workflow". It
    holds no path of the machine. "" for one that has none.
    """
    identity = getattr(backend, "identity", "")
    return identity if isinstance(identity, str) else ""


def weights_of(backend: Backend) -> str:
    """The fingerprint of its model's weights, as recipes have it; "" for one that has none."""
    return identity_of(backend).partition(" ")[0]


def can_draw_together(backend: Backend) -> bool:
    """Whether it is a TogetherBackend.

    `isinstance` would ask for `together`, which may take its time.
    """
    return hasattr(backend, "generate_together")


def drawn_together(backend: Backend) -> int:
    """How many pictures it draws in one go; to be asked once, as that may load libraries."""
    return cast(TogetherBackend, backend).together if can_draw_together(backend) else 1


BACKENDS: Registry[Backend] = Registry(
    kind="backend",
    group="imagine.backends",
    built_in={
        "sketch": "imagine.stages.generate.sketch.backend:SketchBackend",
        "gemini": "imagine.stages.generate.gemini:GeminiBackend",
        "openai": "imagine.stages.generate.openai:OpenAIBackend",
        "stability": "imagine.stages.generate.stability:StabilityBackend",
        "huggingface": "imagine.stages.generate.huggingface:HuggingFaceBackend",
        "replicate": "imagine.stages.generate.replicate:ReplicateBackend",
        "fal": "imagine.stages.generate.fal:FalBackend",
        "imagen": "imagine.stages.generate.imagen:ImagenBackend",
        "diffusers": "imagine.stages.generate.diffusers.backend:DiffusersBackend",
        "openvino": "imagine.stages.generate.openvino.backend:OpenVINOBackend",
        "sdcpp": "imagine.stages.generate.sdcpp.backend:SdcppBackend",
        "sdapi": "imagine.stages.generate.sdapi:SdapiBackend",
        "comfyui": "imagine.stages.generate.comfyui.backend:ComfyUIBackend",
    },
    summaries={
        "sketch": "a free layout draft, composed here of cut-outs; no diffusion model",
        "gemini": "Google's Gemini image models",
        "openai": "OpenAI's gpt-image models, and every server that speaks their protocol",
        "stability": "Stability AI: Ultra, Core, SD 3.5",
        "huggingface": "models served by Hugging Face",
        "replicate": "models on Replicate",
        "fal": "models on fal",
        "imagen": "servers of the Imagen protocol; Google's public one was shut down",
        "diffusers": "models on this machine, through torch: folders, .safetensors files",
        "openvino": "models on this machine, fast on a CPU: folders converted for OpenVINO",
        "sdcpp": "models on this machine, through stable-diffusion.cpp: .gguf, .safetensors files",
        "sdapi": "a server of the WebUI's protocol: AUTOMATIC1111, Forge, SD.Next, sd.cpp",
        "comfyui": "a ComfyUI server, with your workflow or a plain one",
    },
)
