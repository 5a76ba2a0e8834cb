"""The scheduler of a pipeline: a name goes in, the pipeline is led by it for one piece of work."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from imagine.stages.errors import LocalBackendError, MissingPackageError, UsageError, shown
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.ways import text_to_image
from imagine.stages.generate.local.schedulers import (
    SchedulerName,
    find_scheduler,
    scheduler_named,
    schedulers,
)

# Pipelines that say how their steps are spaced, and those of them that leave it to schedulers which
# go by flows of their own.
_SPACED = (
    "FluxPipeline",
    "FluxKontextPipeline",
    "FluxFillPipeline",
    "Flux2Pipeline",
    "Flux2KleinPipeline",
    "Flux2KleinKVPipeline",
    "QwenImagePipeline",
    "QwenImageEditPipeline",
    "QwenImageEditPlusPipeline",
    "Krea2Pipeline",
    "ZImagePipeline",
    "ChromaPipeline",
    "Lumina2Pipeline",
    "CogView4Pipeline",
)
_LENIENT = ("FluxPipeline", "Flux2Pipeline", "Flux2KleinPipeline", "Flux2KleinKVPipeline")
# Schedulers that do not take that. tests/extras compares all with diffusers.
_UNSPACED = {
    "FlowMatchHeunDiscreteScheduler": _SPACED,
    "DPMSolverMultistepScheduler": tuple(name for name in _SPACED if name not in _LENIENT),
    # It takes spacings as arrays, and no times beside them.
    "UniPCMultistepScheduler": ("ZImagePipeline", "CogView4Pipeline"),
}
# Schedulers for both kinds, which mix no noise into a picture as flow-matching pipelines have it.
_NO_STARTERS = ("DPMSolverMultistepScheduler", "UniPCMultistepScheduler")
# Models of these are led by nothing else: they count noise in a way of their own.
_ALONE = ("SCMScheduler", "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler")
# Only one of them may lead, so that which is asked for puts out the others.
_SPACINGS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")


def check_scheduler(
    name: str, own: Mapping[str, Any], pipeline: str, *, started: bool = False
) -> SchedulerName:
    """What a user's name stands for, when the model can be led by it; without torch.

    One that leads models of the other kind stands for its twin, where that has one: other programs
    call both "euler".

    Args:
        name: as the user typed it; or the class of the model's own, as recipes name that.
        own: the configuration of the model's own scheduler, with its `_class_name`.
        pipeline: the model's class.
        started: a pass starts from a picture, by a strength.

    Raises:
        UsageError: nobody knows it, diffusers has none, it leads models of another kind, or from
            noise alone.
        LocalBackendError: it needs a package that is not installed.
    """
    flow = leads_flow(own)
    if name == own.get("_class_name"):
        return SchedulerName(name=name, diffusers=name, flow=flow)
    typed = named = scheduler_named(name)
    if own.get("_class_name") in _ALONE:
        raise UsageError(
            f"--scheduler {typed.name} does not lead this model, whose own is the only one that "
            "does; leave it out."
        )
    twin = _twin(typed) if typed.flow != flow else None
    if twin is not None and twin.diffusers:
        named = twin
    if named.diffusers is None or named.flow != flow:
        kind = "a flow-matching model" if flow else "a model that predicts noise"
        reason = f"does not lead {kind}" if named.diffusers else "is not known to diffusers"
        raise UsageError(
            f"--scheduler {typed.name} {reason}; choose one of "
            f"{_leading(own, pipeline, started=started)}."
        )
    if not _takes_steps(named, own, pipeline):
        raise UsageError(
            f"--scheduler {typed.name} does not take the steps of this model's pipeline; choose "
            f"one of {_leading(own, pipeline, started=started)}, or leave it out."
        )
    if started and not _starts(named):
        raise UsageError(
            f"--scheduler {typed.name} leads this model from noise alone, and not from a picture; "
            f"choose one of {_leading(own, pipeline, started=True)}, or leave it out."
        )
    if named.needs and find_spec(named.needs) is None:
        raise MissingPackageError(
            f"--scheduler {typed.name} needs the Python package '{named.needs}', which is not "
            f"installed; pip install {named.needs}."
        )
    return named


def _takes_steps(named: SchedulerName, own: Mapping[str, Any], pipeline: str) -> bool:
    """Whether a scheduler of the model's kind can be told how the pipeline spaces its steps."""
    refused = _UNSPACED.get(str(named.diffusers), ())
    # Steps that are shifted by the picture's size need to be told it, which one of them is not.
    unshifted = named.name == "flow_heun" and own.get("use_dynamic_shifting")
    return not named.flow or not (text_to_image(pipeline) in refused or unshifted)


def _starts(named: SchedulerName) -> bool:
    """Whether it leads from a picture on, too."""
    return not named.flow or named.diffusers not in _NO_STARTERS


def _leading(own: Mapping[str, Any], pipeline: str, *, started: bool) -> str:
    """The names of those that lead a model, for a message; each may be had with schedules too."""
    flow = leads_flow(own)
    return ", ".join(
        named.name
        for named in schedulers()
        if named.diffusers
        and named.flow == flow
        and not named.name.endswith(_SUFFIXES)
        and _takes_steps(named, own, pipeline)
        and (_starts(named) or not started)
    )


def _twin(named: SchedulerName) -> SchedulerName | None:
    """The scheduler of the same name for models of the other kind; None where there is none."""
    name = named.name.removeprefix("flow_") if named.flow else f"flow_{named.name}"
    return find_scheduler(name)


_SUFFIXES = ("_karras", "_exponential", "_beta", "_sgm_uniform", "_simple")


def leads_flow(own: Mapping[str, Any]) -> bool:
    """Whether a scheduler of that configuration leads flow-matching models."""
    return (
        str(own.get("_class_name", "")).startswith("Flow")
        or own.get("prediction_type") == "flow_prediction"
        or bool(own.get("use_flow_sigmas"))
    )


@contextmanager
def scheduled(loaded: Loaded, pipeline: Any, name: str | None) -> Iterator[str]:
    """Leads `pipeline` by a scheduler, gives its name, and puts back the model's own in the end.

    A second pass may be led by the same one, within.

    Args:
        loaded: the model.
        pipeline: of its parts, which is about to draw.
        name: the user's; None, or the class of the model's own, for that one as it is.

    Raises:
        UsageError, LocalBackendError: as `check_scheduler`; or the pipeline spaces its steps in a
            way that the scheduler does not take, which is found when it draws.
    """
    own = loaded.pipeline.scheduler
    own_name = type(own).__name__
    if name is None or name in (own_name, loaded.leading):
        pipeline.scheduler = own
        yield scheduler_named(name).name if name and loaded.leading else own_name
        return
    described = {**own.config, "_class_name": own_name}
    named = check_scheduler(name, described, type(loaded.pipeline).__name__)
    loaded.pipeline.scheduler = pipeline.scheduler = _made(named, own)
    loaded.leading = name
    try:
        yield named.name
    except (ValueError, TypeError, LocalBackendError) as error:
        # diffusers' pipelines ask for spacings of their own, which some schedulers do not take.
        if "set_timesteps" not in str(error.__cause__ or error):
            raise
        raise UsageError(
            f"--scheduler {shown(name)} does not take the steps of the model "
            f"'{shown(loaded.name)}' ({loaded.family.title}); leave it out, or choose another."
        ) from error
    finally:
        loaded.pipeline.scheduler = pipeline.scheduler = own
        loaded.leading = ""


def _made(named: SchedulerName, own: Any) -> Any:
    import diffusers

    made = getattr(diffusers, str(named.diffusers), None)
    if made is None:
        raise LocalBackendError(
            f"The diffusers installed here has no {named.diffusers}; upgrade it: "
            "pip install --upgrade 'imagine-cli[diffusers]'."
        )
    options = dict(named.options)
    if any(options.get(spacing) for spacing in _SPACINGS):
        options = {**dict.fromkeys(_SPACINGS, False), **options}
    if options.get("use_flow_sigmas") and "shift" in own.config:
        options["flow_shift"] = own.config["shift"]
    return made.from_config(own.config, **options)
