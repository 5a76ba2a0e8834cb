"""A description for people: a spec, its guard report and a plan in; lines of text out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagine.stages.description import Description
    from imagine.stages.enlargement import Enlargement
    from imagine.stages.money.estimate import Estimate
    from imagine.stages.plan import Plan
    from imagine.stages.recipe import CostRecord, Recipe
    from imagine.stages.spec import PromptSpec, Subject

LABEL_WIDTH = 13


def spec_text(spec: "PromptSpec") -> str:
    """The filled slots of a spec, a line each."""
    names = {subject.id: subject.name for subject in spec.subjects}
    rows = [("prompt", spec.source_prompt)]
    rows += [
        ("subject" if subject.origin == "user" else "added", _subject(subject))
        for subject in spec.subjects
    ]
    rows += [
        ("relation", f"{names[item.a]} {item.kind.replace('_', ' ')} {names[item.b]}")
        for item in spec.relations
    ]
    medium = "" if spec.style.medium == "other" else spec.style.medium.replace("_", " ")
    style = [medium, spec.style.detail, spec.style.preset]
    rows += [
        ("setting", spec.setting or ""),
        ("style", ", ".join(part for part in style if part)),
        ("composition", spec.composition or ""),
        ("lighting", spec.lighting or ""),
        ("camera", spec.camera or ""),
        ("mood", spec.mood or ""),
        ("palette", ", ".join(spec.palette)),
    ]
    rows += [
        ("text", ", ".join(filter(None, (f'"{item.content}"', item.placement, item.typeface))))
        for item in spec.text
    ]
    rows += [
        ("avoid", ", ".join(spec.exclude)),
        ("aspect ratio", spec.aspect_ratio or ""),
    ]
    rows += [("meaning", f"{item.phrase}: {item.meaning}") for item in spec.resolutions]
    rows += [("assumed", "; ".join(_assumption(item, dict(rows)) for item in spec.assumptions))]
    return "\n".join(f"{label:<{LABEL_WIDTH}}{value}" for label, value in rows if value)


def _assumption(text: str, rows: dict[str, str]) -> str:
    """The name of the slot alone, where its value is in a row already."""
    slot, _, value = text.partition(": ")
    return slot if value and any(value in row for row in rows.values()) else text


def _subject(subject: "Subject") -> str:
    number = f"{subject.count} × " if subject.count is not None else ""
    position = subject.position.replace("_", " ") if subject.position else None
    details = [*subject.colors, *subject.attributes, subject.action, subject.pose, position]
    return number + ", ".join(part for part in (subject.name, *details) if part)


def prompt_text(plan: "Plan") -> str:
    """The final prompt as it is sent, its length, and what had no room."""
    rendered, negative = plan.rendered, plan.requests[0].negative_prompt
    lines = [f"{'final':<{LABEL_WIDTH}}{rendered.prompt}"]
    if negative:
        lines.append(f"{'negative':<{LABEL_WIDTH}}{negative}")
    lines.append(f"{'tokens':<{LABEL_WIDTH}}about {rendered.tokens}")
    if rendered.dropped:
        lines.append(f"{'left out':<{LABEL_WIDTH}}{', '.join(rendered.dropped)} (no room)")
    return "\n".join(lines)


def guard_text(description: "Description") -> str:
    """What the guard found and did."""
    findings = description.guard.findings
    if not findings:
        return "Guard: the description keeps all that the prompt says."
    return "\n".join(f"Guard: {found.detail}; {found.action}." for found in findings)


def description_values(description: "Description") -> dict[str, Any]:
    """The description as one JSON object: prompt, spec, rendered in every profile, guard."""
    from dataclasses import asdict

    from imagine.stages.render import PROFILES, render

    return {
        "prompt": description.spec.source_prompt,
        "spec": description.spec.to_dict(),
        "rendered": {
            profile: asdict(render(description.spec, profile, intent=description.intent))
            for profile in PROFILES
        },
        "guard": asdict(description.guard),
        "notes": list(description.notes),
    }


def plan_values(plan: "Plan") -> dict[str, Any]:
    """What would be sent, as one JSON object."""
    return {
        "backend": plan.backend.name,
        "width": plan.size[0],
        "height": plan.size[1],
        "requests": [request.to_dict() for request in plan.requests],
        "drawing": drawing_values(plan),
        "dropped": list(plan.rendered.dropped),
        "tokens": plan.rendered.tokens,
        "notes": list(plan.notes),
        "enlargements": [_enlargement_values(step) for step in plan.enlargements],
    }


def drawing_values(plan: "Plan") -> dict[str, Any]:
    """How pictures are drawn: what was asked for, and the model's own where its backend knows."""
    from imagine.stages.generate import KnowingBackend

    request, backend = plan.requests[0], plan.backend
    own = backend.own_values(request) if isinstance(backend, KnowingBackend) else {}
    asked = {
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        # Who leads may be called otherwise than the user did.
        "scheduler": own.get("scheduler", request.scheduler),
        "strength": request.strength,
    }
    values: dict[str, Any] = {
        name: own.get(name) if value is None else value for name, value in asked.items()
    }
    loras = [{"name": lora.recorded, "weight": lora.weight} for lora in request.loras]
    return {name: value for name, value in values.items() if value is not None} | {"loras": loras}


def drawing_text(plan: "Plan") -> str:
    """How pictures are drawn: ", 30 steps, guidance 7.5, scheduler euler"; "" if nobody knows."""
    from imagine.stages.errors import shown

    values = drawing_values(plan)
    parts = []
    if (steps := values.get("num_inference_steps")) is not None:
        parts.append("1 step" if steps == 1 else f"{steps} steps")
    if (guidance := values.get("guidance_scale")) is not None:
        parts.append(f"guidance {guidance:g}")
    if (scheduler := values.get("scheduler")) is not None:
        parts.append(f"scheduler {shown(scheduler_text(scheduler))}")
    if (strength := values.get("strength")) is not None:
        parts.append(f"strength {strength:g}")
    parts += [f"LoRA {shown(lora.told())}" for lora in plan.requests[0].loras]
    return "".join(f", {part}" for part in parts)


def scheduler_text(recorded: str) -> str:
    """A scheduler as --scheduler takes it, where it is a known one; else as it was recorded."""
    from imagine.stages.generate.local.schedulers import find_scheduler, schedulers

    found = find_scheduler(recorded)
    if found is None:
        # ComfyUI's sampler and schedule.
        pairs = {"/".join(each.comfyui): each for each in schedulers() if each.comfyui}
        found = pairs.get(recorded)
    if found is None:
        return recorded
    # The class of a model's own: of one that stands for several, the name would be a guess.
    own = [each for each in schedulers() if each.diffusers == recorded]
    alike = all(found.options.items() <= each.options.items() for each in own)
    return found.name if alike else recorded


def _enlargement_values(step: "Enlargement") -> dict[str, Any]:
    target = step.target()
    return {
        "upscaler": step.upscaler.name,
        "model": step.upscaler.model,
        "from_width": step.drawn[0],
        "from_height": step.drawn[1],
        "full_width": target.full_width,
        "full_height": target.full_height,
        "width": target.width,
        "height": target.height,
        "denoise": step.denoise,
        "sharpen": step.sharpen,
    }


def upscale_values(recipe: "Recipe") -> list[dict[str, Any]]:
    """What enlarged a picture, each step as one JSON object; seconds are of all steps together."""
    seconds = recipe.timings.get("upscale")
    return [record.model_dump(mode="json") | {"seconds": seconds} for record in recipe.upscales]


def cost_text(cost: "CostRecord") -> str:
    """What a picture cost: "description $0.0015, picture $0.0347"."""
    from imagine.stages.money.prices import dollars

    parts = {"description": cost.enhance, "picture": cost.generate}
    return ", ".join(
        f"{name} " + ("of unknown price" if amount is None else dollars(amount))
        for name, amount in parts.items()
    )


def enlarging_cost_text(costs: "Sequence[float]") -> str:
    """What enlarging a picture cost, all steps together: "$0.02"."""
    from imagine.stages.money.prices import dollars

    return dollars(sum(costs))


def estimate_values(estimate: "Estimate | None") -> dict[str, Any]:
    """What a run will cost, as one JSON object; dollars are null where a price is unknown."""
    if estimate is None:
        return {"dollars": 0.0, "at_most": 0.0, "parts": [], "unknown": []}
    from dataclasses import asdict

    return {
        "dollars": estimate.total,
        "at_most": estimate.most,
        "parts": [asdict(part) for part in estimate.parts],
        "unknown": list(estimate.unknown),
    }
