"""A workflow and a request in, the graph that ComfyUI is asked to run out."""

from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from imagine.stages.errors import UsageError, quoted_path, unreadable
from imagine.stages.generate import Capabilities
from imagine.stages.generate.checkpoints import reads_negative
from imagine.stages.generate.comfyui.finder import Slot
from imagine.stages.generate.comfyui.graph import Graph, Link, Place, read_graph
from imagine.stages.generate.comfyui.prompts import escaped
from imagine.stages.generate.comfyui.slots import Slots, check_clear, find_slots
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.image import DEFAULT_AREA, HiresFix, ImageRequest, Lora
from imagine.stages.render import Profile
from imagine.stages.sizes import FreeSizes

# Our options, where a workflow takes them, and how they are typed.
_OPTIONS: tuple[tuple[str, Slot, str], ...] = (
    ("num_inference_steps", "steps", "--steps"),
    ("guidance_scale", "guidance", "--guidance"),
    ("strength", "strength", "--strength"),
    ("scheduler", "sampler", "--scheduler"),
    ("mask", "mask", "--mask"),
)
# More than ten make a picture of nothing in particular.
MAX_LORAS = 10
# CLIP's encoders read prompts in chunks of 75 tokens there, as many as it takes.
PROMPT_TOKENS = 225


@dataclass(frozen=True, slots=True)
class Names:
    """What the server calls what the request names.

    Attributes:
        model: the checkpoint; None for the one that the workflow names.
        sampler, scheduler: None for those that the workflow names.
        loras: in the order of the request.
        image, mask: what was uploaded.
    """

    model: str | None = None
    sampler: str | None = None
    scheduler: str | None = None
    loras: tuple[str, ...] = ()
    image: str = ""
    mask: str = ""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow whose slots are known; never changed.

    Attributes:
        name: as recipes have it: "txt2img", or the hash of one of the user's own.
        file: as messages name it.
        own: it is the user's.
        family: of the checkpoint of a plain one; None where the workflow chooses.
    """

    name: str
    file: str
    graph: Graph
    slots: Slots
    own: bool
    family: ModelFamily | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What pictures drawn so can be asked for."""
        slots = self.slots
        can_lora = len(slots.model) == 1
        return Capabilities(
            profile=self._profile,
            negative_prompt=slots.has("negative") and self._heeds_negative,
            seed=slots.has("seed"),
            sizes=FreeSizes(
                min_side=64,
                max_side=4096,
                max_pixels=4096 * 4096,
                step=self._step,
                native=self._area,
            ),
            trained=True,
            num_inference_steps=slots.has("steps"),
            guidance_scale=slots.has("guidance") and self._heeds_guidance,
            strength=slots.has("strength") and slots.from_picture,
            max_images=1 if slots.has("image") else 0,
            mask=slots.has("mask"),
            max_loras=MAX_LORAS if can_lora else 0,
            scheduler=slots.has("sampler"),
            hires_fix=self._second_pass is not None,
            prompt_tokens=PROMPT_TOKENS,
            concurrency=4,
        )

    @property
    def mask_in_image(self) -> bool:
        """Whether the mask is the transparency of the picture, as ComfyUI's mask editor has it."""
        return self.slots.has("mask") and self.slots.place("mask") == self.slots.place("image")

    def check(self, request: ImageRequest) -> None:
        """Refuse an option that could go to several places.

        Raises:
            UsageError: naming the option and the nodes.
        """
        if self.slots.from_picture and not request.images:
            raise UsageError(f"{self.file} starts from a picture; give one (--image).")
        groups = self.slots.groups
        for option, slot, flag in _OPTIONS:
            if getattr(request, option) is not None:
                check_clear(self.graph, groups, slot, flag, file=self.file)
        if request.scheduler is not None:
            check_clear(self.graph, groups, "scheduler", "--scheduler", file=self.file)
        if request.images:
            check_clear(self.graph, groups, "image", "--image", file=self.file)

    def model_place(self) -> Place | None:
        """Where the model is named; None where nothing says so, or it is not clear which."""
        return self.slots.place("model")

    def filled(self, request: ImageRequest, names: Names) -> Graph:
        """The graph of one picture."""
        graph = self.graph.copy()
        width, height = request.size
        sized = self.slots.places("size")
        values: dict[Slot, Any] = {
            "prompt": escaped(request.prompt),
            "negative": escaped(request.negative_prompt or ""),
            "seed": request.seed,
            "steps": request.num_inference_steps,
            "guidance": request.guidance_scale,
            "strength": request.strength,
            "sampler": names.sampler,
            "scheduler": names.scheduler,
            "image": names.image or None,
            "mask": (names.mask or None) if not self.mask_in_image else None,
            "model": names.model,
        }
        for slot, value in values.items():
            for place in self.slots.places(slot) if value is not None else ():
                graph.set(place, value)
        # Width and height alternate.
        for place, side in zip(sized, (width, height) * len(sized), strict=False):
            graph.set(place, side)
            if isinstance(graph.inputs(place.node).get("batch_size"), int):
                graph.set(Place(place.node, "batch_size"), 1)
        if request.hires_fix is not None:
            self._enlarge(graph, request, request.hires_fix)
        self._weigh(graph, request.loras, names.loras)
        return graph

    def said(self, graph: Graph, request: ImageRequest) -> dict[str, str | int | float]:
        """What a graph says of the options, whoever chose it; a recipe keeps that."""
        slots: list[tuple[str, Slot]] = [
            ("num_inference_steps", "steps"),
            ("guidance_scale", "guidance"),
        ]
        if request.images and self.slots.from_picture:
            slots.append(("strength", "strength"))
        said = {name: self._value(graph, slot) for name, slot in slots}
        names = [self._value(graph, slot) for slot in ("sampler", "scheduler")]
        said["scheduler"] = "/".join(str(name) for name in names if name is not None) or None
        return {name: value for name, value in said.items() if value is not None}

    def _value(self, graph: Graph, slot: Slot) -> Any:
        place = self.slots.place(slot)
        return graph.value(place) if place is not None else None

    @property
    def _profile(self) -> Profile:
        if self.family is not None:
            return self.family.profile
        return "clip75" if self._reads_clip else "natural"

    @property
    def _heeds_negative(self) -> bool:
        return self.family is None or reads_negative(self.family)

    @property
    def _heeds_guidance(self) -> bool:
        return self.family is None or self.family.max_guidance != 0

    @property
    def _reads_clip(self) -> bool:
        """Whether its prompts are for CLIP alone, and so in short pieces."""
        kinds = {self.graph.kind(place.node) for place in self.slots.places("prompt")}
        loaders = {self.graph.kind(link.node) for link in self.slots.clip}
        return kinds <= {"CLIPTextEncode", "CLIPTextEncodeSDXL"} and all(
            kind.startswith("CheckpointLoader") for kind in loaders
        )

    @property
    def _step(self) -> int:
        """Newer models have latents in pairs of 8 pixels."""
        if self.family is not None:
            return self.family.multiple
        kinds = {self.graph.kind(place.node) for place in self.slots.places("size")}
        return 8 if kinds <= {"EmptyLatentImage"} else 16

    @property
    def _area(self) -> int:
        """Pixels that its models draw best: a workflow of the user's own has such a size."""
        if self.family is not None:
            return self.family.side**2
        places = self.slots.places("size")[:2]
        if not places:
            return DEFAULT_AREA
        width, height = (self.graph.value(place) for place in places)
        return max(int(width) * int(height), 64 * 64)

    @property
    def _second_pass(self) -> tuple[str, str] | None:
        """The nodes that decode and draw, where nothing stands between them and the result."""
        if len(self.slots.samplers) != 1:
            return None
        (sampler,) = self.slots.samplers
        decoder = self.graph.link(self.slots.output, "images")
        if decoder is None or self.graph.kind(decoder.node) != "VAEDecode":
            return None
        drawn = self.graph.link(decoder.node, "samples")
        whole = self.graph.link(decoder.node, "vae") and "denoise" in self.graph.inputs(sampler)
        return (decoder.node, sampler) if whole and drawn == Link(sampler, 0) else None

    def _enlarge(self, graph: Graph, request: ImageRequest, hires: HiresFix) -> None:
        """Have the picture enlarged and drawn over: a second pass."""
        assert self._second_pass is not None  # noqa: S101  # else the capabilities say no
        decoder, sampler = self._second_pass
        vae = graph.link(decoder, "vae")
        width, height = request.result_size
        larger = graph.add(
            "ImageScale",
            image=Link(decoder, 0),
            upscale_method="lanczos",
            width=width,
            height=height,
            crop="disabled",
        )
        start = graph.add("VAEEncode", pixels=Link(larger, 0), vae=vae)
        again = {**graph.inputs(sampler), "latent_image": Link(start, 0), "denoise": hires.strength}
        drawn = graph.add(graph.kind(sampler), **again)
        last = graph.add("VAEDecode", samples=Link(drawn, 0), vae=vae)
        graph.rewire(Link(decoder, 0), Link(last, 0), but=larger)

    def _weigh(self, graph: Graph, loras: tuple[Lora, ...], names: tuple[str, ...]) -> None:
        """Put LoRAs behind the model, the first one nearest to it."""
        if not loras:
            return
        (model,) = self.slots.model
        clip = self.slots.clip[0] if len(self.slots.clip) == 1 else None
        for lora, name in zip(loras, names, strict=True):
            inputs: dict[str, Any] = {
                "model": model, "lora_name": name, "strength_model": lora.weight,
            }  # fmt: skip
            if clip is None:
                node = graph.add("LoraLoaderModelOnly", **inputs)
            else:
                node = graph.add("LoraLoader", **inputs, clip=clip, strength_clip=lora.weight)
                graph.rewire(clip, Link(node, 1), but=node)
                clip = Link(node, 1)
            graph.rewire(model, Link(node, 0), but=node)
            model = Link(node, 0)


def read_workflow(path: Path) -> Workflow:
    """A workflow of the user's own.

    Raises:
        UsageError: it cannot be read, or its slots cannot be found.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"comfyui_workflow: {unreadable(path, error)}") from error
    graph = read_graph(text, path=str(path))
    file = f"The workflow {quoted_path(path)}"
    canonical = dumps(graph.nodes, sort_keys=True, ensure_ascii=True)
    name = sha256(canonical.encode()).hexdigest()[:16]
    return Workflow(name, file, graph, find_slots(graph, file=file), own=True)
