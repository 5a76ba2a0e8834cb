"""The workflows that come with the program: a checkpoint's name goes in, a Workflow for it out."""

from functools import cache
from importlib.resources import files
from typing import Literal

from imagine.stages.generate.checkpoints import (
    cfg_of,
    family_by_name,
    has_guidance_built_in,
    inpaints,
    sampling_of,
)
from imagine.stages.generate.comfyui.graph import Graph, Link, read_graph
from imagine.stages.generate.comfyui.slots import find_slots
from imagine.stages.generate.comfyui.workflow import Workflow

Kind = Literal["txt2img", "img2img", "inpaint"]
_FILE = "The workflow"


def plain_workflow(kind: Kind, model: str = "") -> Workflow:
    """The workflow for a checkpoint that has all a model needs.

    Args:
        model: name of the checkpoint; the options are those that its family draws well with. ""
            for one that nobody knows yet.
    """
    family = family_by_name(model)
    graph = _assets(kind).copy()
    sampler = next(node for node in graph.nodes if graph.kind(node) == "KSampler")
    inputs = graph.inputs(sampler)
    inputs["steps"], inputs["cfg"] = family.num_inference_steps, cfg_of(family)
    inputs["sampler_name"], inputs["scheduler"] = sampling_of(family)
    if has_guidance_built_in(family):
        words = Link(*inputs["positive"])
        apart = graph.add("FluxGuidance", conditioning=words, guidance=family.guidance_scale)
        inputs["positive"] = [apart, 0]
    if kind == "inpaint" and inpaints(model):
        _show_picture_and_mask(graph, sampler)
    return Workflow(kind, _FILE, graph, find_slots(graph, file=_FILE), own=False, family=family)


@cache
def _assets(kind: Kind) -> Graph:
    text = (files("imagine.stages.generate.comfyui") / f"assets/{kind}.json").read_text("utf-8")
    return read_graph(text, path=f"{kind}.json")


def _show_picture_and_mask(graph: Graph, sampler: str) -> None:
    """Have a model made for inpainting see what is there; the others only keep its noise."""
    links = graph.links(sampler)
    masked = links["latent_image"].node
    start = graph.links(masked)["samples"].node
    seen = graph.add(
        "InpaintModelConditioning",
        positive=links["positive"],
        negative=links["negative"],
        **graph.links(start),
        mask=graph.links(masked)["mask"],
        noise_mask=True,
    )
    names = ("positive", "negative", "latent_image")
    graph.inputs(sampler).update({name: [seen, output] for output, name in enumerate(names)})
    for node in (masked, start):
        del graph.nodes[node]
