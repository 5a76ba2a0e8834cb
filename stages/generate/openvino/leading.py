"""Who leads the steps in OpenVINO GenAI: a folder and the user's choice in, a scheduler out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from imagine.stages.errors import UsageError
from imagine.stages.generate.local.schedulers import SchedulerName, scheduler_named, schedulers
from imagine.stages.generate.openvino.folder import ConvertedFolder

# GenAI's types by the classes of diffusers whose configurations it reads.
_TYPES = {
    "DDIMScheduler": "DDIM",
    "EulerAncestralDiscreteScheduler": "EULER_ANCESTRAL_DISCRETE",
    "EulerDiscreteScheduler": "EULER_DISCRETE",
    "FlowMatchEulerDiscreteScheduler": "FLOW_MATCH_EULER_DISCRETE",
    "LCMScheduler": "LCM",
    "PNDMScheduler": "PNDM",
}
_OPTIONS = {"timestep_spacing", "skip_prk_steps", "clip_sample"}
# What it has read and then refuses; of a configuration they are left out.
_REFUSED = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
# By this name GenAI counts the shift of the steps from the size as diffusers does, and shifts them
# exponentially; by that of "exponential" it counts it as FLUX.2 does, whatever the model is.
_SHIFTED_BY_SIZE = {"time_shift_type": "linear"}


@dataclass(frozen=True, slots=True)
class Leader:
    """A scheduler that GenAI has.

    Attributes:
        name: as recipes keep it.
        kind: GenAI's type.
        changes: of the folder's configuration.
        notes: what the user should know of it, a sentence each.
    """

    name: str
    kind: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def leader_for(folder: ConvertedFolder, name: str | None) -> Leader:
    """The scheduler of that name; the model's own for None, or the nearest that GenAI has.

    Raises:
        UsageError: there is none of that name, or not for models of this kind.
    """
    own = str(folder.scheduler.get("_class_name"))
    if name is None or name == own:
        return _own(folder, own)
    named = scheduler_named(name)
    if not _is_there(named) or named.flow != folder.layout.flow:
        fitting = [
            each.name
            for each in schedulers()
            if _is_there(each) and each.flow == folder.layout.flow
        ]
        raise UsageError(
            f"--scheduler {named.name} cannot lead {folder.family.title} in the backend "
            f"'openvino'; choose one of {', '.join(fitting)}, or choose -b diffusers."
        )
    return Leader(named.name, _TYPES[str(named.diffusers)], _changes(str(named.diffusers), named))


def scheduler(genai: Any, folder: ConvertedFolder, leader: Leader) -> Any:
    """GenAI's own, which reads its configuration from a file."""
    kind = getattr(genai.Scheduler.Type, leader.kind)
    with TemporaryDirectory() as directory:
        file = Path(directory) / "scheduler_config.json"
        file.write_text(json.dumps({**folder.scheduler, **leader.changes}), encoding="utf-8")
        return genai.Scheduler.from_config(file, kind)


def _is_there(named: SchedulerName) -> bool:
    return named.diffusers in _TYPES and set(named.options) <= _OPTIONS


def _own(folder: ConvertedFolder, own: str) -> Leader:
    if own not in _TYPES:
        nearest = "FlowMatchEulerDiscreteScheduler" if folder.layout.flow else own
        nearest = nearest if nearest in _TYPES else "EulerDiscreteScheduler"
        note = (
            f"OpenVINO has no {own}, which the model {folder.name} comes with; {nearest} led "
            "the steps."
        )
        return Leader(nearest, _TYPES[nearest], _changes(nearest), (note,))
    spaced = [option for option in _REFUSED if folder.scheduler.get(option)]
    note = (
        f"OpenVINO does not space steps as the model {folder.name} asks ({', '.join(spaced)}); "
        "they were spaced evenly."
    )
    return Leader(own, _TYPES[own], _changes(own), (note,) if spaced else ())


def _changes(kind: str, named: SchedulerName | None = None) -> dict[str, Any]:
    """What the configuration of another scheduler must say for one of this class."""
    changes: dict[str, Any] = {"_class_name": kind, **dict.fromkeys(_REFUSED, False)}
    if kind == "DDIMScheduler":
        # GenAI clips nothing; models of latents are not clipped anyway.
        changes |= {"clip_sample": False, "thresholding": False}
    if kind == "PNDMScheduler":
        changes["skip_prk_steps"] = True
    if kind == "FlowMatchEulerDiscreteScheduler":
        changes |= _SHIFTED_BY_SIZE
    return changes | (dict(named.options) if named is not None else {})
