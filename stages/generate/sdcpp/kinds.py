"""What stable-diffusion.cpp draws with: shapes of a file's tensors in, its kind of model out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from imagine.stages.generate.local.families import Described, ModelFamily, family_of

Part = Literal["vae", "clip_l", "clip_g", "t5xxl", "llm"]
Shapes = Mapping[str, tuple[int, ...]]

# Before the names of the denoiser in a file that holds more than it.
DENOISER = "model.diffusion_model."
# Where a whole file keeps its parts. SDXL's two encoders stand side by side.
_PARTS: dict[Part, tuple[str, ...]] = {
    "vae": ("first_stage_model.", "vae."),
    "clip_l": ("cond_stage_model.", "conditioner.embedders.0.", "text_encoders.clip_l."),
    "clip_g": ("conditioner.embedders.1.", "cond_stage_model.1.", "text_encoders.clip_g."),
    "t5xxl": ("text_encoders.t5xxl.",),
    "llm": ("text_encoders.llm.", "text_encoders.qwen", "text_encoders.mistral"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One architecture.

    Attributes:
        name: "sd15", "flux", ...: of `pipeline`'s family.
        pipeline: the class of diffusers that draws with the same models.
        parts: what it draws with beside the denoiser.
        marks: some tensor's name starts with each of these, without DENOISER.
        width: of the text that a UNet listens to, which tells Stable Diffusion 1 and 2 apart.
    """

    name: str
    pipeline: str
    parts: tuple[Part, ...]
    marks: tuple[str, ...]
    width: int = 0


# The first that fits counts: later ones have what earlier ones are known by, and not the rest.
KINDS = (
    Kind(
        "sd3", "StableDiffusion3Pipeline", ("vae", "clip_l", "clip_g", "t5xxl"), ("joint_blocks.",)
    ),
    Kind("qwen-image", "QwenImagePipeline", ("vae", "llm"), ("transformer_blocks.0.img_mod.1.",)),
    Kind("zimage", "ZImagePipeline", ("vae", "llm"), ("cap_embedder.",)),
    Kind(
        "chroma",
        "ChromaPipeline",
        ("vae", "t5xxl"),
        ("distilled_guidance_layer.", "double_blocks."),
    ),
    Kind(
        "flux2",
        "Flux2Pipeline",
        ("vae", "llm"),
        ("double_stream_modulation_img.", "single_blocks.47."),
    ),
    Kind("flux2-klein", "Flux2KleinPipeline", ("vae", "llm"), ("double_stream_modulation_img.",)),
    Kind("flux", "FluxPipeline", ("vae", "clip_l", "t5xxl"), ("double_blocks.",)),
    Kind("sdxl", "StableDiffusionXLPipeline", ("vae", "clip_l", "clip_g"), ("label_emb.",)),
    Kind("sd15", "StableDiffusionPipeline", ("vae", "clip_l"), ("input_blocks.",), 768),
    Kind("sd2", "StableDiffusionPipeline", ("vae", "clip_l"), ("input_blocks.",), 1024),
)
# Tensors of models that stable-diffusion.cpp reads and that draw no picture from words alone.
_OTHERS = {
    "nerf_final_layer_conv.": "Chroma Radiance",
    "input_blocks.8.0.time_mixer.": "Stable Video Diffusion",
    "blocks.0.cross_attn.norm_k.": "Wan, for video",
    "double_blocks.0.img_mlp.gate_proj.": "Ovis-Image",
    "layers.0.adaLN_sa_ln.": "ERNIE-Image",
    "llm_adapter.": "Anima",
}
# Numbers per pixel or patch that go in where the picture to be mended goes in too, or a control.
_FIRST = ("input_blocks.0.0.weight", "img_in.weight")
_INPAINTING, _CONTROLLED = (9, 384), (8, 128, 196)
_LISTENS = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds.

    Attributes:
        kind: of the denoiser.
        alone: it is the denoiser and nothing else, under its own names.
        parts: that are in the file.
        inpainting: it mends pictures, and draws none without one.
        controlled: it takes a picture that leads it, which this backend does not send.
        guided: it reads its guidance as a number, as FLUX.1 [dev] does.
    """

    kind: Kind
    alone: bool
    parts: frozenset[Part]
    inpainting: bool
    controlled: bool
    guided: bool

    @property
    def missing(self) -> tuple[Part, ...]:
        return tuple(part for part in self.kind.parts if part not in self.parts)

    def family(self, name: str) -> ModelFamily:
        """How its models are asked; `name` is the model's, and may say that it was distilled."""
        width = self.kind.width
        described = Described(
            pipeline=self.kind.pipeline,
            name=name,
            # Half of FLUX.2 [klein] models are distilled; the others have "base" in their names.
            index={"is_distilled": "base" not in name.lower()},
            denoiser={"cross_attention_dim": width} if width else {"guidance_embeds": self.guided},
        )
        family = family_of(described)
        assert family is not None  # noqa: S101  # each of KINDS is in families.toml; a test sees to it
        return family


def kind_of(shapes: Shapes) -> Found | None:
    """What a file with these tensors holds; None where it is no model that draws here."""
    own = {name.removeprefix(DENOISER): shape for name, shape in shapes.items()}
    if any(name.startswith(mark) for name in own for mark in _OTHERS):
        return None
    kind = next((kind for kind in KINDS if _is(kind, own)), None)
    if kind is None:
        return None
    first = next((own[name] for name in _FIRST if name in own), ())
    channels = first[1] if len(first) > 1 else 0
    return Found(
        kind=kind,
        alone=not any(name.startswith(DENOISER) for name in shapes),
        parts=frozenset(
            part
            for part, starts in _PARTS.items()
            if any(name.startswith(start) for name in shapes for start in starts)
        ),
        inpainting=channels in _INPAINTING,
        controlled=channels in _CONTROLLED and kind.name in ("sd15", "sd2", "sdxl", "flux"),
        guided=any(name.startswith("guidance_in.") for name in own),
    )


def other_kind(shapes: Shapes) -> str:
    """What a file holds that does not draw here, in words; "" where nobody knows."""
    own = [name.removeprefix(DENOISER) for name in shapes]
    for mark, title in _OTHERS.items():
        if any(name.startswith(mark) for name in own):
            return title
    if any(name.startswith("down_blocks.") for name in own):
        return "a part of a diffusers folder"
    if any("lora_" in name for name in own):
        return "a LoRA"
    if any(name.startswith("blk.") for name in own):
        return "a language model"
    return ""


def _is(kind: Kind, own: Shapes) -> bool:
    marked = all(any(name.startswith(mark) for name in own) for mark in kind.marks)
    if not marked or not kind.width:
        return marked
    shape = own.get(_LISTENS, ())
    return len(shape) == 2 and shape[1] == kind.width
