"""How a picture is drawn, beside its words, size and seed: options go in, refusals come out."""

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from imagine.stages.errors import UsageError, shown
from imagine.stages.image import HIRES_STRENGTH, HiresFix, ImageRequest, Lora, ReferenceImage

if TYPE_CHECKING:
    from imagine.stages.generate import Backend

MAX_STEPS = 1000
MAX_GUIDANCE = 100
# Beyond that a LoRA gives noise; negative weights turn what it learned around.
MAX_LORA_WEIGHT = 10.0
LEAST_HIRES, MOST_HIRES = 1.1, 4
LEAVE_OUT = "leave it out"
# A mask of another shape would lie elsewhere on the picture.
SHAPE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class DrawingOptions:
    """What a request says beside prompt, description, size and seed; the fields are its own.

    None and empty ones are not given.
    """

    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    images: tuple[ReferenceImage, ...] = ()
    strength: float | None = None
    mask: ReferenceImage | None = None
    loras: tuple[Lora, ...] = ()
    scheduler: str | None = None
    hires_fix: HiresFix | None = None

    @classmethod
    def of(cls, request: ImageRequest) -> Self:
        """Those of a request."""
        return cls(**{field.name: getattr(request, field.name) for field in fields(cls)})

    def values(self) -> dict[str, Any]:
        """By their names, as ImageRequest takes them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def over(self, recorded: "DrawingOptions") -> "DrawingOptions":
        """These, and of the recorded ones those that are not given here."""
        given = {name: value for name, value in self.values().items() if value not in (None, ())}
        return replace(recorded, **given)

    def read_by(self, backend: "Backend") -> "DrawingOptions":
        """Those of them that the backend reads; reference pictures as they are."""
        can = backend.capabilities
        return replace(
            self,
            num_inference_steps=self.num_inference_steps if can.num_inference_steps else None,
            guidance_scale=self.guidance_scale if can.guidance_scale else None,
            strength=self.strength if can.strength else None,
            loras=self.loras if can.max_loras else (),
            scheduler=self.scheduler if can.scheduler else None,
            hires_fix=self.hires_fix if can.hires_fix else None,
        )

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal options, and cheap to compare: pictures stand there by their hashes."""
        images = tuple(image.sha256 for image in self.images)
        mask = None if self.mask is None else self.mask.sha256
        return tuple((self.values() | {"images": images, "mask": mask}).values())


def parse_lora(text: str) -> Lora:
    """A LoRA as `--lora` has it: NAME or NAME:WEIGHT; a path may have colons of its own.

    Raises:
        UsageError: it has no name, or its weight is out of range.
    """
    name, colon, weight = text.strip().rpartition(":")
    if not colon or not re.fullmatch(
        r"[-+]?([0-9.]+(e[-+]?[0-9]+)?|nan|inf(inity)?)", weight, re.I
    ):
        name, weight = text.strip(), "1"
    if not name or name.endswith(":"):
        raise UsageError(
            f"--lora '{shown(text)}' is not NAME or NAME:WEIGHT, such as detail:0.8; write it so."
        )
    if not re.fullmatch(r"[-+]?(?=\.?[0-9])[0-9]{0,3}(\.[0-9]{0,9})?", weight):
        raise UsageError(f"The weight of --lora '{shown(text)}' is no number; write detail:0.8.")
    return Lora(name, float(weight))


def hires_fix_of(
    scale: float | None, strength: float | None, *, recorded: HiresFix | None = None
) -> HiresFix | None:
    """The second pass that `--refine` and `--refine-strength` ask for.

    Args:
        recorded: that of a picture that is drawn again.

    Raises:
        UsageError: a strength without a second pass.
    """
    if scale is None:
        if strength is None:
            return None
        if recorded is None:
            raise UsageError(
                "--refine-strength says how far the second pass goes; give --refine 2 too, or "
                "leave it out."
            )
        scale = recorded.scale
    if strength is None:
        strength = HIRES_STRENGTH if recorded is None else recorded.strength
    return HiresFix(scale=scale, strength=strength)


def check_drawing(backend: "Backend", options: DrawingOptions, *, advice: str = LEAVE_OUT) -> None:
    """Refuse what the backend would ignore, and what is out of range.

    Args:
        advice: what to do about an option that the backend does not read.

    Raises:
        UsageError: naming the option.
    """
    _check_read(backend, options, advice)
    _check_company(options)
    _check_range("--steps", options.num_inference_steps, 1, MAX_STEPS)
    _check_range("--guidance", options.guidance_scale, 0, MAX_GUIDANCE)
    _check_range("--strength", options.strength, 0, 1)
    for lora in options.loras:
        if abs(lora.weight) > MAX_LORA_WEIGHT:
            raise UsageError(
                f"The weight of --lora {shown(lora.told())} is not between -{MAX_LORA_WEIGHT:g} "
                f"and {MAX_LORA_WEIGHT:g}; choose one that is."
            )
    if options.hires_fix is not None:
        _check_range("--refine", options.hires_fix.scale, LEAST_HIRES, MOST_HIRES)
        _check_range("--refine-strength", options.hires_fix.strength, 0, 1)
        if options.hires_fix.strength == 0:
            raise UsageError(
                "--refine-strength 0 leaves the second pass nothing to do; choose more, up to 1."
            )


def _check_read(backend: "Backend", options: DrawingOptions, advice: str) -> None:
    can, name = backend.capabilities, backend.name
    model = f" with {backend.model}" if backend.model else ""
    read = {
        "--steps": (options.num_inference_steps, can.num_inference_steps),
        "--guidance": (options.guidance_scale, can.guidance_scale),
        "--strength": (options.strength, can.strength),
        "--mask": (options.mask, can.mask),
        "--lora": (options.loras or None, can.max_loras > 0),
        "--scheduler": (options.scheduler, can.scheduler),
        "--refine": (options.hires_fix, can.hires_fix),
    }
    for option, (value, honoured) in read.items():
        if value is not None and not honoured:
            raise UsageError(f"{name}{model} does not read {option}; {advice}.")
    if len(options.images) > can.max_images:
        most = f"at most {can.max_images} --image" if can.max_images else "no --image"
        raise UsageError(
            f"{name}{model} takes {most}; choose another --backend (see `imagine backends`)."
        )
    if len(options.loras) > can.max_loras:
        raise UsageError(f"{name}{model} takes at most {can.max_loras} --lora; leave some out.")


def _check_company(options: DrawingOptions) -> None:
    """Refuse options that do nothing without another one, or against one."""
    if options.strength is not None and not options.images:
        raise UsageError("--strength says how far to leave a reference picture; give --image too.")
    if options.mask is not None:
        if not options.images:
            raise UsageError(
                "--mask says what of a reference picture is drawn anew; give --image too."
            )
        _check_shape(options.mask, options.images[0])
    if options.hires_fix is not None and options.images:
        raise UsageError(
            "--refine draws a picture twice as it goes from nothing, and --image is a picture "
            "already; leave one of them out, or enlarge with --upscale."
        )


def _check_shape(mask: ReferenceImage, image: ReferenceImage) -> None:
    if abs(mask.width * image.height / (mask.height * image.width) - 1) > SHAPE_TOLERANCE:
        raise UsageError(
            f"--mask is {mask.width}x{mask.height} and --image {image.width}x{image.height}, which "
            "is another shape; make a mask as large as the picture."
        )


def _check_range(option: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise UsageError(
            f"{option} {shown(value)} is not between {low:g} and {high:g}; choose one that is."
        )
