"""Checkpoints of servers of one's own: a name goes in; how a model called so is asked comes out.

Such servers do not say which model lies in a file, and their own defaults are those of Stable
Diffusion 1; file names nearly always tell.
"""

import re
from typing import Any

from imagine.stages.errors import shown
from imagine.stages.generate.local.families import Described, ModelFamily, family_of
from imagine.stages.generate.local.schedulers import find_scheduler

# What names have in them, the most telling first, and what the model is.
_NAMES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (r"klein.*base|base.*klein", "Flux2KleinPipeline", {}),
    (r"klein", "Flux2KleinPipeline", {"is_distilled": True}),
    (r"flux[-_. ]?2", "Flux2Pipeline", {}),
    (r"schnell", "FluxPipeline", {"guidance_embeds": False}),
    (r"chroma", "ChromaPipeline", {}),
    (r"flux", "FluxPipeline", {}),
    (r"z[-_ ]?image", "ZImagePipeline", {}),
    (r"qwen[-_ ]?image", "QwenImagePipeline", {}),
    (r"(?:sd|stable-?diffusion)[-_ ]?3(?!\d)", "StableDiffusion3Pipeline", {}),
    (r"sana[-_ ]?sprint", "SanaSprintPipeline", {}),
    (r"(?<![a-z])sana(?![a-z])", "SanaPipeline", {}),
    (r"pixart", "PixArtSigmaPipeline", {}),
    (r"kolors", "KolorsPipeline", {}),
    (r"hunyuan[-_ ]?dit", "HunyuanDiTPipeline", {}),
    (r"aura[-_ ]?flow", "AuraFlowPipeline", {}),
    (r"lumina", "Lumina2Pipeline", {}),
    (r"cogview[-_ ]?4", "CogView4Pipeline", {}),
    (r"xl|pony|illustrious|noob[-_ ]?ai|animagine", "StableDiffusionXLPipeline", {}),
    (
        r"v2-[01]_(?:512|768)|(?<![a-z])sd[-_ ]?turbo"
        r"|(?<![a-z])(?:sd|stable-?diffusion)[-_ ]?2(?:[-_. ]?[01])?(?!\d)",
        "StableDiffusionPipeline",
        {"cross_attention_dim": 1024},
    ),
)
# What names that tell nothing are taken for.
_USUAL = "StableDiffusionPipeline"
_INPAINTING = re.compile(r"inpaint", re.IGNORECASE)
# Steps after which a model that was not distilled shows little more, as the programs' own pages
# have them.
USUAL_STEPS = 20


def family_by_name(name: str) -> ModelFamily:
    """The family of a model whose file is called `name`: Stable Diffusion 1 where it tells nothing.

    Args:
        name: with or without folder, ending and hash; "" for an unknown one.
    """
    file = name.replace("\\", "/").rpartition("/")[2]
    known = ((pipe, said) for word, pipe, said in _NAMES if re.search(word, file, re.IGNORECASE))
    pipeline, said = next(known, (_USUAL, {}))
    family = family_of(Described(pipeline=pipeline, name=file, denoiser=said, index=said))
    assert family is not None  # noqa: S101  # the table names pipelines that are known
    return family


def has_guidance_built_in(family: ModelFamily) -> bool:
    """Whether guidance is a number that the model itself reads, as FLUX.1 [dev] does."""
    return family.guided_above is None and family.guidance_scale > 1


def cfg_of(family: ModelFamily, guidance: float | None = None) -> float:
    """Classifier-free guidance as these servers count it, where 1 is none.

    Above that, models that were distilled take twice the time and burn the picture.

    Args:
        guidance: as diffusers counts it, whose none some families have at 0; None for the
            family's own.
    """
    guidance = family.guidance_scale if guidance is None else guidance
    if not family.guided(guidance):
        return 1.0
    return guidance + 1.0 - (family.guided_above or 0.0)


def reads_negative(family: ModelFamily) -> bool:
    """Whether a negative prompt has any part in the picture, where nobody chooses the guidance."""
    return family.negative_prompt and cfg_of(family) > 1


def steps_of(family: ModelFamily) -> int:
    """USUAL_STEPS, or the few that a distilled model takes."""
    return min(family.num_inference_steps, USUAL_STEPS)


def sampling_of(family: ModelFamily) -> tuple[str, str]:
    """Sampler and schedule, as ComfyUI calls them, that the family draws well with."""
    if (named := find_scheduler(family.scheduler)) is not None and named.comfyui is not None:
        return named.comfyui
    return ("euler", "simple") if family.profile == "natural" else ("dpmpp_2m", "karras")


def told_of_unnamed(name: str, size: tuple[int, int], *, setting: str) -> str | None:
    """What to tell of a model that draws because nobody named one, so that it was asked as usual.

    Args:
        name: of the model.
        size: pixels that are drawn.
        setting: that would name it.

    Returns:
        A sentence; None where it would have been asked no otherwise.
    """
    usual, family = family_by_name(""), family_by_name(name)
    if family.profile == usual.profile and 2 * size[0] * size[1] > family.side**2:
        return None
    return (
        f"{shown(name)} ({family.title}) was not named, so it was asked as Stable Diffusion 1 is; "
        f"name it with --model or {setting} for prompts in its way and {family.side}x{family.side}."
    )


def inpaints(name: str) -> bool:
    """Whether a checkpoint reads picture and mask beside the noise, as its name says."""
    return _INPAINTING.search(name) is not None
