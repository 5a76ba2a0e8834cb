"""How a converted pipeline lies in its folder: the class of the pipeline in, names of parts out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from imagine.stages.image import ImageRequest

# Where its description says what it was made from: the id or folder's name of a model.
SOURCE = "_name_or_path"
MODEL = "openvino_model"
TOKENIZER = "openvino_tokenizer"
# What a small decoder beside the pipeline's own is called; ours, other programs read past it.
TINY_DECODER, TINY_ENCODER = "tiny_vae_decoder", "tiny_vae_encoder"


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of one pipeline.

    Attributes:
        kind: what OpenVINO GenAI calls pipelines of this make: "stable_diffusion_xl".
        encoders: folders of the text encoders, each with the class that the index names.
        denoiser: folder of the network that takes the steps, and its class.
        strengths: how far a picture is left where nobody says, without a mask and with one, as
            the backend `diffusers` has it by the pipeline's class.
        flow: it is led by flow matching.
    """

    kind: str
    encoders: tuple[tuple[str, str], ...]
    denoiser: tuple[str, str]
    strengths: tuple[float, float]
    flow: bool = False

    @property
    def tokenizers(self) -> tuple[str, ...]:
        return tuple(folder.replace("text_encoder", "tokenizer") for folder, _ in self.encoders)

    @property
    def chunked(self) -> bool:
        """Its text encoders are CLIPs alone, whose texts of any length can be encoded in pieces."""
        return not self.flow

    def strength(self, request: ImageRequest) -> float | None:
        """How far the picture is left that a request starts from; None where it has none."""
        if not request.images:
            return None
        own = self.strengths[request.mask is not None]
        return own if request.strength is None else request.strength


_CLIP, _PROJECTED, _T5 = "CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel"
_UNET = ("unet", "UNet2DConditionModel")
LAYOUTS = {
    "StableDiffusionPipeline": Layout(
        "stable_diffusion", (("text_encoder", _CLIP),), _UNET, strengths=(0.8, 1.0)
    ),
    "LatentConsistencyModelPipeline": Layout(
        "latent_consistency_model", (("text_encoder", _CLIP),), _UNET, strengths=(0.8, 1.0)
    ),
    "StableDiffusionXLPipeline": Layout(
        "stable_diffusion_xl",
        (("text_encoder", _CLIP), ("text_encoder_2", _PROJECTED)),
        _UNET,
        strengths=(0.6, 0.9999),
    ),
    "StableDiffusion3Pipeline": Layout(
        "stable_diffusion_3",
        (("text_encoder", _PROJECTED), ("text_encoder_2", _PROJECTED), ("text_encoder_3", _T5)),
        ("transformer", "SD3Transformer2DModel"),
        strengths=(0.6, 0.6),
        flow=True,
    ),
    "FluxPipeline": Layout(
        "flux",
        (("text_encoder", _CLIP), ("text_encoder_2", _T5)),
        ("transformer", "FluxTransformer2DModel"),
        strengths=(0.6, 0.6),
        flow=True,
    ),
}


def layout_of(index: Mapping[str, Any]) -> Layout | None:
    """The layout of the pipeline that an index describes; None where it is none of these.

    Of Stable Diffusion 3's three text encoders the last may be left out.
    """
    layout = LAYOUTS.get(str(index.get("_class_name")))
    if layout is None:
        return None
    there = [(name, kind) for name, kind in layout.encoders if index.get(name, [None])[0]]
    return replace(layout, encoders=tuple(there))
