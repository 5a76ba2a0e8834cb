"""Capabilities that every backend here gives models of a family: the family in, they come out."""

from imagine.stages.generate import Capabilities
from imagine.stages.generate.local.families import ModelFamily


def family_capabilities(family: ModelFamily) -> Capabilities:
    """What is honoured of every model; pictures, LoRAs and long prompts are for backends to add."""
    return Capabilities(
        profile=family.profile,
        negative_prompt=family.negative_prompt and family.guided(family.guidance_scale),
        seed=True,
        sizes=family.sizes,
        trained=True,
        num_inference_steps=True,
        guidance_scale=family.max_guidance != 0,
        scheduler=True,
    )
