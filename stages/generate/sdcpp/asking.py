"""What stable-diffusion.cpp is asked: an ImageRequest in, the Orders of its passes out."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from imagine.stages.errors import UsageError, shown
from imagine.stages.generate.checkpoints import cfg_of
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.generate.local.guidance import check_guidance
from imagine.stages.generate.local.schedulers import scheduler_named
from imagine.stages.generate.local.sizes import rounded_up
from imagine.stages.generate.local.steps import steps_for
from imagine.stages.generate.sdcpp.kinds import Found
from imagine.stages.generate.sdcpp.order import Order
from imagine.stages.generate.sdcpp.words import plain_words, without_tags
from imagine.stages.image import SIZE_STEP, ImageRequest

# How far to leave a reference picture where nobody says: stable-diffusion.cpp's own, and what the
# other backends do with SDXL where there is no mask.
STRENGTH, STRENGTH_SDXL = 0.75, 0.6
# What distilled models of FLUX read where they are not told.
GUIDANCE = 3.5
UNETS = ("sd15", "sd2", "sdxl")
_PLAIN_METHOD, _FLOW_METHOD = "euler_a", "euler"
_PART_OF_LORA = re.compile(r"Only \((\d+) / (\d+)\) LoRA tensors .*lora_file_path = (.*)")


@dataclass(frozen=True, slots=True)
class Asking:
    """How one model is asked.

    Attributes:
        model: its name, for messages.
        family: what it is of.
        found: what its file holds.
    """

    model: str
    family: ModelFamily
    found: Found

    @property
    def step(self) -> int:
        """Sides are multiples of it: UNets halve their latent cells of 8 pixels three times."""
        return SIZE_STEP if self.found.kind.name in UNETS else self.family.sizes.step

    def orders(self, request: ImageRequest, loras: list[tuple[str, float]]) -> list[Order]:
        """One for each pass.

        Args:
            request: what is to be drawn.
            loras: paths and weights.

        Raises:
            UsageError: see `guidance` and `led_by`.
        """
        method, schedule = self.led_by(request)
        guidance, steps = self.guidance(request), self.steps(request)
        strength = self.strength(request)
        order = Order(
            prompt=plain_words(request.prompt),
            negative_prompt=plain_words(request.negative_prompt or ""),
            width=request.width,
            height=request.height,
            seed=request.seed,
            steps=steps,
            cfg_scale=cfg_of(self.family, guidance),
            guidance=guidance if self.found.guided else GUIDANCE,
            method=method,
            schedule=schedule,
            strength=1.0 if strength is None else _as_sent(strength, steps),
            loras=loras,
        )
        if request.hires_fix is None:
            return [order]
        # Rounded up by the library otherwise, to a size that nobody asked for.
        width, height = rounded_up(request.result_size, self.step)
        # Its strength is not the user's --strength, for which the user's steps would be too few.
        free, again = replace(request, num_inference_steps=None), request.hires_fix.strength
        second = steps_for(free, steps, again)
        sent = _as_sent(again, second)
        return [order, replace(order, width=width, height=height, steps=second, strength=sent)]

    def steps(self, request: ImageRequest) -> int:
        """Steps of the first pass, of which a picture that it starts from leaves some out.

        Raises:
            UsageError: the user's steps and strength leave none.
        """
        steps = request.num_inference_steps or self.family.num_inference_steps
        return steps_for(request, steps, self.strength(request))

    def strength(self, request: ImageRequest) -> float | None:
        """How far the picture is left that a request starts from; None where it has none."""
        if not request.images:
            return None
        if request.strength is not None:
            return request.strength
        over_all = self.found.kind.name == "sdxl" and request.mask is None
        return STRENGTH_SDXL if over_all else STRENGTH

    def guidance(self, request: ImageRequest) -> float:
        """The request's, else the family's own, as diffusers counts it.

        Raises:
            UsageError: it is more than the model was distilled for.
        """
        check_guidance(self.model, self.family, request)
        given = request.guidance_scale
        return self.family.guidance_scale if given is None else given

    def led_by(self, request: ImageRequest) -> tuple[str, str]:
        """Method and schedule, as stable-diffusion.cpp calls them: of the user, or of the family.

        Raises:
            UsageError: there is no such scheduler, or none in stable-diffusion.cpp.
        """
        name = request.scheduler or self.family.scheduler
        if not name:
            return (_PLAIN_METHOD if self.found.kind.name in UNETS else _FLOW_METHOD), ""
        named = scheduler_named(name)
        if named.sdcpp is None:
            raise UsageError(
                f"The backend 'sdcpp' has no scheduler '{named.name}'; choose another with "
                "--scheduler, such as euler_a or dpm++_2m_karras."
            )
        return named.sdcpp

    def notes(self, request: ImageRequest) -> tuple[str, ...]:
        """What the user should know of how the request was put, a sentence each."""
        notes, guidance = [], self.guidance(request)
        if request.negative_prompt and not self.family.guided(guidance):
            notes.append(f"At a guidance of {guidance:g} the negative prompt was not read.")
        if without_tags(request.prompt) != request.prompt:
            notes.append(
                "The prompt was sent without the tags in it, which are commands to "
                "stable-diffusion.cpp."
            )
        if "[" in request.prompt:
            notes.append("Square brackets were sent as round ones, which mean nothing to sd.cpp.")
        return tuple(notes)


def unfit(warnings: list[str]) -> list[str]:
    """What the library could not use of LoRAs, a sentence each."""
    notes = []
    for warning in warnings:
        if found := _PART_OF_LORA.match(warning):
            fitting, all_, path = found.groups()
            notes.append(
                f"Of the LoRA {shown(Path(path).name)} {fitting} of {all_} tensors fit the model; "
                "it was made for another kind."
            )
    return list(dict.fromkeys(notes))


def _as_sent(strength: float, steps: int) -> float:
    """The strength by which stable-diffusion.cpp takes the steps that diffusers takes.

    It takes one more than int(steps * strength), from pure noise on where those are few.
    """
    return strength if strength >= 1 else (int(steps * strength) - 0.5) / steps
