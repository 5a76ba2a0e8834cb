"""Slots of a workflow: its nodes go in; where prompt, seed, steps, ... stand in it comes out.

They are found by what nodes are and how they are linked, from the picture back to the model. Where
that is not clear, a node can be marked: "imagine:prompt" in its title.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from imagine.stages.errors import UsageError, did_you_mean, shown
from imagine.stages.generate.comfyui.finder import NAMES, Finder, Group, Slot
from imagine.stages.generate.comfyui.graph import Graph, Link, Place

_MARK = re.compile(r"\bimagine:(\w+)", re.IGNORECASE)
_OUTPUT: Final = "output"
# They must know the size of the picture too.
_SIZED = ("ModelSamplingFlux", "Flux2Scheduler")


@dataclass(frozen=True, slots=True)
class Slots:
    """Where a workflow takes what.

    Attributes:
        groups: of a slot, the places that could be it; more than one where it is not clear which.
        output: the node whose first picture is the result.
        samplers: the nodes that draw, the one nearest to the result first.
        model: outputs that a LoRA for the model would stand behind.
        clip: the same for the encoder of the prompt.
        from_picture: the drawing starts from the picture of the slot "image".
    """

    groups: Mapping[Slot, tuple[Group, ...]]
    output: str
    samplers: tuple[str, ...] = ()
    model: tuple[Link, ...] = ()
    clip: tuple[Link, ...] = ()
    from_picture: bool = False

    def has(self, slot: Slot) -> bool:
        return bool(self.groups.get(slot))

    def places(self, slot: Slot) -> Group:
        """Where a slot is filled; empty where the workflow has none, or it is not clear which."""
        found = self.groups.get(slot, ())
        return found[0] if len(found) == 1 else ()

    def place(self, slot: Slot) -> Place | None:
        """The one place of a slot that has no more."""
        return next(iter(self.places(slot)), None)


def find_slots(graph: Graph, *, file: str) -> Slots:
    """Find the slots of a workflow.

    Args:
        file: the workflow as messages name it: "The workflow 'mine.json'".

    Raises:
        UsageError: it saves no picture, draws none, or takes no prompt; or a mark cannot be read.
    """
    marks = _marks(graph, file)
    output = _output(graph, marks.get(_OUTPUT, []), file)
    finder = Finder(graph, file)
    reached = list(graph.upstream(output))
    samplers = [node for node in reached if _draws(graph, node)]
    for node in samplers:
        finder.look_at_sampler(node)
    finder.seeds(samplers)
    if not finder.from_picture:
        for node in reached:
            if graph.kind(node) == "LoadImage":
                finder.note("image", finder.inputs(node, "image"))
    _set_apart(finder)
    for slot in get_args(Slot):
        if slot in marks:
            finder.found[slot] = [_marked(finder, node, slot) for node in marks[slot]]
    groups = {slot: tuple(groups) for slot, groups in finder.found.items() if groups}
    _check(graph, groups, samplers, file)
    return Slots(
        groups=groups,
        output=output,
        samplers=tuple(samplers),
        model=tuple(finder.model),
        clip=tuple(finder.clip),
        from_picture=finder.from_picture,
    )


def _draws(graph: Graph, node: str) -> bool:
    links = graph.links(node)
    return "latent_image" in links and ("positive" in links or "guider" in links)


def _set_apart(finder: Finder) -> None:
    """A text for both sides is the prompt; a size goes to all that must know it."""
    found = finder.found
    prompts = found.get("prompt", [])
    found["negative"] = [group for group in found.get("negative", []) if group not in prompts]
    if len(sizes := found.get("size", [])) == 1:
        graph = finder.graph
        sized = [node for node in graph.nodes if graph.kind(node) in _SIZED]
        more = [place for node in sized for place in finder.inputs(node, "size")]
        found["size"] = [(*sizes[0], *(place for place in more if place not in sizes[0]))]


def _marks(graph: Graph, file: str) -> dict[str, list[str]]:
    """Slots that titles name, and the nodes of these titles.

    Raises:
        UsageError: there is no such slot.
    """
    known = [*get_args(Slot), _OUTPUT]
    marked: dict[str, list[str]] = {}
    for node in graph.nodes:
        for word in _MARK.findall(graph.title(node)):
            slot = {"negative_prompt": "negative"}.get(word.lower(), word.lower())
            if slot not in known:
                raise UsageError(
                    f"{file} marks {graph.told(node)} as 'imagine:{shown(word)}', which is nothing "
                    f"to fill in{did_you_mean(slot, known)} (known: {', '.join(known)})."
                )
            marked.setdefault(slot, []).append(node)
    return marked


def _marked(finder: Finder, node: str, slot: Slot) -> Group:
    """The places of a node whose title names the slot.

    Raises:
        UsageError: it has none.
    """
    group = tuple(finder.inputs(node, slot))
    if slot not in ("prompt", "negative", "size"):
        group = group[:1]
    if not group or (slot == "size" and len(group) != 2):
        names = " and ".join(NAMES["size"]) if slot == "size" else " or ".join(NAMES[slot])
        raise UsageError(
            f"{finder.file} marks {finder.graph.told(node)} as 'imagine:{slot}', and it has no "
            f"{names} to fill in; mark the node that has."
        )
    return group


def _output(graph: Graph, marked: list[str], file: str) -> str:
    """The node whose picture is the result.

    Raises:
        UsageError: there is none, or it is not clear which.
    """
    kinds = [(node, graph.kind(node)) for node in graph.nodes]
    saving = marked or [node for node, kind in kinds if kind == "SaveImage"]
    showing = [node for node, kind in kinds if kind == "PreviewImage"]
    found = saving or showing
    if not found:
        raise UsageError(
            f"{file} saves no picture; give it a node SaveImage, or PreviewImage, and export it "
            "again."
        )
    if len(found) > 1:
        raise _unclear(graph, file, "the picture that is wanted", found, _OUTPUT)
    return found[0]


def _check(
    graph: Graph, groups: Mapping[Slot, tuple[Group, ...]], samplers: list[str], file: str
) -> None:
    """A workflow needs a place for the prompt, and one for the size.

    Raises:
        UsageError: there is none, or it is not clear which.
    """
    if not groups.get("prompt"):
        missing = "encodes no prompt that" if samplers else "has no sampler that"
        raise UsageError(
            f"{file} {missing} its picture depends on; link a KSampler and a CLIPTextEncode to it, "
            "or give the node with the prompt the title 'imagine:prompt'."
        )
    if not groups.get("size") and not groups.get("image"):
        raise UsageError(
            f"{file} has no node for the size; link an EmptyLatentImage to its sampler, or give "
            "the node with width and height the title 'imagine:size'."
        )
    needed: tuple[tuple[Slot, str], ...] = (
        ("prompt", "the prompt"),
        ("negative", "the negative prompt"),
        ("size", "the size"),
    )
    for slot, what in needed:
        check_clear(graph, groups, slot, what, file=file)


def check_clear(
    graph: Graph,
    groups: Mapping[Slot, tuple[Group, ...]],
    slot: Slot,
    what: str,
    *,
    file: str,
) -> None:
    """Refuse a slot that could be in several places.

    Args:
        what: goes there: "the prompt", "--steps".

    Raises:
        UsageError: naming the nodes, and how to mark one.
    """
    if len(found := groups.get(slot, ())) > 1:
        raise _unclear(graph, file, what, [group[0].node for group in found], slot)


def _unclear(graph: Graph, file: str, what: str, nodes: Iterable[str], mark: str) -> UsageError:
    told = " or ".join(graph.told(node) for node in nodes)
    return UsageError(
        f"{file} could take {what} in {told}; give the one that is meant the title "
        f"'imagine:{mark}' and export it again."
    )
