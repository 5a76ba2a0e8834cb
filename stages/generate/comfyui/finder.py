"""The walk through a workflow, from the picture back to the model: candidates for every slot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from imagine.stages.generate.comfyui.graph import Graph, Link, Place

Slot = Literal[
    "prompt",
    "negative",
    "size",
    "seed",
    "steps",
    "guidance",
    "strength",
    "sampler",
    "scheduler",
    "image",
    "mask",
    "model",
]
# Places that are filled together: a prompt for each of a model's encoders, width and height.
Group = tuple[Place, ...]

# What the inputs of nodes are called, the most telling name first; of prompts all of them count.
_TEXTS = ("text", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "llama", "prompt", "value")
NAMES: dict[Slot, tuple[str, ...]] = {
    "prompt": _TEXTS,
    "negative": _TEXTS,
    "size": ("width", "height"),
    "seed": ("seed", "noise_seed", "value"),
    "steps": ("steps", "value"),
    "guidance": ("guidance", "cfg", "value"),
    "strength": ("denoise", "value"),
    "sampler": ("sampler_name",),
    "scheduler": ("scheduler",),
    "image": ("image",),
    "mask": ("image",),
    "model": ("ckpt_name", "unet_name", "model_name", "model_path"),
}
_KINDS: dict[Slot, tuple[type, ...]] = {
    "size": (int,),
    "seed": (int,),
    "steps": (int,),
    "guidance": (int, float),
    "strength": (int, float),
}
# What belongs to a sampler that is put together of several nodes.
_PARTS = ("noise", "guider", "sampler", "sigmas")
_LATENTS = ("latent_image", "samples", "latent", "pixels", "image", "images")


@dataclass
class Finder:
    """Collects what could be a slot.

    Attributes:
        graph: is walked.
        file: the workflow as messages name it.
        found: of a slot, groups of places that are filled together.
        model, clip: where models and encoders are loaded.
        from_picture: the drawing starts from a picture.
    """

    graph: Graph
    file: str
    found: dict[Slot, list[Group]] = field(default_factory=dict)
    model: dict[Link, None] = field(default_factory=dict)
    clip: dict[Link, None] = field(default_factory=dict)
    from_picture: bool = False

    def note(self, slot: Slot, group: Iterable[Place | None]) -> None:
        """One more group that could be the slot."""
        places = tuple(place for place in group if place is not None)
        if places and places not in self.found.setdefault(slot, []):
            self.found[slot].append(places)

    def inputs(self, node: str, slot: Slot) -> Iterator[Place]:
        """The places of a node that have one of the slot's names and a fitting value."""
        kinds = _KINDS.get(slot, (str,))
        for name in NAMES[slot]:
            if name in self.graph.inputs(node):
                place = self.graph.literal(node, name, kinds)
                if place is not None:
                    yield place

    def look_at_sampler(self, node: str) -> None:
        parts = [node]
        for one in parts:
            links = self.graph.links(one)
            inner = [links[name].node for name in _PARTS if name in links]
            parts += [part for part in dict.fromkeys(inner) if part not in parts]
        for one in parts:
            for slot in ("steps", "strength", "sampler", "scheduler"):
                self.note(slot, list(self.inputs(one, slot))[:1])
            self._look_at_guidance(one)
            links = self.graph.links(one)
            for name in ("positive", "conditioning"):
                if name in links:
                    self._look_at_words("prompt", links[name])
            if "negative" in links:
                self._look_at_words("negative", links["negative"])
            if "model" in links:
                self._look_at_model(links["model"])
        self._look_at_latents(node)

    def seeds(self, samplers: Iterable[str]) -> None:
        """Seeds are filled alike, however many passes there are."""
        places: dict[Place, None] = {}
        for node in samplers:
            noise = self.graph.link(node, "noise")
            for one in (node, *([noise.node] if noise else [])):
                for place in self.inputs(one, "seed"):
                    if place.input != "value" or place.node != one:
                        places[place] = None
        self.note("seed", places)

    def _look_at_guidance(self, node: str) -> None:
        """Of a model with guidance built in `cfg` is 1, and another node has the scale."""
        start = next(
            (
                link
                for name in ("positive", "conditioning")
                if (link := self.graph.link(node, name))
            ),
            None,
        )
        conditioning = list(self._conditioning(start)) if start else []
        built_in = [one for one in conditioning if "guidance" in self.graph.inputs(one)]
        for one in built_in or [node]:
            self.note("guidance", list(self.inputs(one, "guidance"))[:1])

    def _look_at_words(self, slot: Slot, start: Link) -> None:
        for node in self._conditioning(start):
            clip = self.graph.link(node, "clip")
            if clip is None:
                continue
            self.note(slot, self.inputs(node, slot))
            self.clip[self._source(clip, "clip")] = None

    def _conditioning(self, start: Link) -> Iterator[str]:
        """Nodes that a conditioning passes through, up to its encoders."""
        seen, waiting = set(), [start]
        while waiting:
            link = waiting.pop(0)
            node = link.node
            # What zeroes a conditioning leaves nothing of its words.
            if link in seen or self.graph.kind(node) == "ConditioningZeroOut":
                continue
            seen.add(link)
            yield node
            links = self.graph.links(node)
            if "positive" in links and "negative" in links:
                waiting.append(links["negative" if link.output == 1 else "positive"])
                continue
            waiting += [links[name] for name in links if name.startswith("conditioning")]

    def _look_at_model(self, start: Link) -> None:
        source = self._source(start, "model")
        self.model[source] = None
        self.note("model", list(self.inputs(source.node, "model"))[:1])

    def _source(self, link: Link, name: str) -> Link:
        """Where a model, or an encoder, was loaded; changes to it lie between."""
        seen = {link}
        while (before := self.graph.link(link.node, name)) is not None and before not in seen:
            seen.add(before)
            link = before
        return link

    def _look_at_latents(self, sampler: str) -> None:
        """What the drawing starts from: nothing of some size, or a picture."""
        seen, waiting = {sampler}, [sampler]
        while waiting:
            node = waiting.pop(0)
            links = self.graph.links(node)
            inner = [links[name].node for name in _LATENTS if name in links]
            new = [one for one in inner if one not in seen]
            seen |= set(new)
            waiting += new
            if "mask" in links:
                self._look_at_mask(links["mask"])
            if self.graph.kind(node).startswith("LoadImage"):
                self.note("image", self.inputs(node, "image"))
                self.from_picture = True
            elif not inner:
                self._look_at_size(node)

    def _look_at_size(self, node: str) -> None:
        size = list(self.inputs(node, "size"))
        if len(size) == 2:
            self.note("size", size)

    def _look_at_mask(self, start: Link) -> None:
        for node in self.graph.upstream(start.node):
            if self.graph.kind(node).startswith("LoadImage"):
                self.note("mask", self.inputs(node, "mask"))
