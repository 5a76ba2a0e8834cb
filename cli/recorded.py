"""A picture that is drawn again: its recipe and a command's options in, Plan and Saving out."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from imagine.cli.settings import Settings

if TYPE_CHECKING:
    from imagine.cli.order import Saving
    from imagine.cli.services import Services
    from imagine.stages.plan import Plan
    from imagine.stages.recipe import Recipe


def planned_again(
    recipe: "Recipe", given: Mapping[str, Any], settings: Settings, services: "Services"
) -> "tuple[Plan, Saving]":
    """What will be sent for a recipe, and where the pictures go.

    Args:
        given: the command's parameters by name; what they say wins over the recipe.

    Raises:
        UsageError: an option is wrong, or the backend would ignore it.
        SpecError: the recipe lacks what the request needs.
        ConfigError: a key or an address is missing.
        LocalBackendError: a model or LoRA is not on this machine.
        SaveError: nothing can be written where the pictures are to go.
    """
    from imagine.cli import order as choose
    from imagine.stages.plan import plan_replay

    size, ratio = choose.given_size(given["size"], given["aspect_ratio"])
    upscaler, denoise, sharpen = given["upscaler"], given["denoise"], given["sharpen"]
    plan = plan_replay(
        recipe,
        backend=services.recorded_backend(recipe, given["backend"], given["model"]),
        seed=given["seed"],
        count=given["num"],
        size=size,
        aspect_ratio=ratio,
        styles=choose.named_styles(given.get("style") or []),
        negative=given.get("negative") or [],
        options=choose.drawing_options(given, recorded=recipe.to_request().hires_fix),
        enlarging=choose.enlarging_for(
            services,
            factor=given["upscale"],
            upscaler=upscaler,
            denoise=denoise,
            sharpen=sharpen,
            again=True,
        ),
        dry_run=given["dry_run"],
    )
    if not plan.enlargements:
        choose.refuse_without_enlarging(upscaler=upscaler, denoise=denoise, sharpen=sharpen)
    saving = choose.choose_saving(
        settings,
        output=given["output"],
        name=given["name"],
        format=given["format"],
        quality=given["quality"],
        metadata=given["metadata"],
        sidecar=given["sidecar"],
        overwrite=given["overwrite"],
        hosted=plan.backend.capabilities.paid,
    )
    return plan, saving
