"""Workflows of ComfyUI in its API format: a file's text goes in, nodes with sound links come out.

A workflow is a JSON object: a node's number to its `class_type` and `inputs`; an input is a value,
or a link, [number of the node, which of its outputs].
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

from imagine.stages.errors import UsageError, quoted_path, shown

EXPORT = (
    "export it there with 'Save (API Format)', in newer ones 'Export (API)' of the menu Workflow"
)
# What nodes call the one value that they are made for: primitives, and nodes that show a text.
_VALUES = ("value", "string", "text", "int", "float", "number", "seed")


class Link(NamedTuple):
    """One of a node's outputs."""

    node: str
    output: int


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """One input of a node."""

    node: str
    input: str


class Graph:
    """The nodes of one workflow; changed in place, so that a picture takes a copy."""

    def __init__(self, nodes: Mapping[str, dict[str, Any]]) -> None:
        self.nodes = dict(nodes)

    def copy(self) -> "Graph":
        return Graph(deepcopy(self.nodes))

    def kind(self, node: str) -> str:
        return str(self.nodes[node]["class_type"])

    def title(self, node: str) -> str:
        """What the user called the node; "" when it was exported without."""
        meta = self.nodes[node].get("_meta")
        return str(meta.get("title", "")) if isinstance(meta, dict) else ""

    def told(self, node: str) -> str:
        """The node as messages name it: "node 3 (KSampler)"."""
        return f"node {shown(node)} ({shown(self.kind(node))})"

    def inputs(self, node: str) -> dict[str, Any]:
        inputs: dict[str, Any] = self.nodes[node]["inputs"]
        return inputs

    def value(self, place: Place) -> Any:
        return self.inputs(place.node).get(place.input)

    def set(self, place: Place, value: Any) -> None:
        self.inputs(place.node)[place.input] = value

    def link(self, node: str, name: str) -> Link | None:
        """Where an input's value comes from; None for one that stands there, or that is missing."""
        return _link(self.inputs(node).get(name))

    def links(self, node: str) -> dict[str, Link]:
        """Inputs that come from other nodes."""
        return {
            name: link
            for name, value in self.inputs(node).items()
            if (link := _link(value)) is not None
        }

    def literal(self, node: str, name: str, kinds: tuple[type, ...]) -> Place | None:
        """Where the value of an input stands: there, or in a node that does nothing but hold it."""
        seen: set[str] = set()
        while node not in seen:
            seen.add(node)
            link = self.link(node, name)
            if link is None:
                value = self.inputs(node).get(name)
                fits = isinstance(value, kinds) and not isinstance(value, bool)
                return Place(node, name) if fits else None
            held = [one for one in _VALUES if one in self.inputs(link.node)]
            if not held:
                return None
            node, name = link.node, held[0]
        return None

    def upstream(self, node: str) -> Iterator[str]:
        """The node and all that it depends on, the nearest first."""
        seen = {node: None}
        for one in (order := [node]):
            yield one
            new = [link.node for link in self.links(one).values() if link.node not in seen]
            seen |= dict.fromkeys(new)
            order += dict.fromkeys(new)

    def rewire(self, old: Link, new: Link, *, but: str = "") -> None:
        """Have everything that takes `old` take `new` instead, except node `but`."""
        for node in self.nodes:
            if node != but:
                for name, link in self.links(node).items():
                    if link == old:
                        self.inputs(node)[name] = list(new)

    def add(self, kind: str, **inputs: Any) -> str:
        """Add a node; links among its inputs are Links. Returns its number."""
        number = str(max((int(node) for node in self.nodes if node.isdecimal()), default=0) + 1)
        plain = {
            name: list(value) if isinstance(value, Link) else value
            for name, value in inputs.items()
        }
        self.nodes[number] = {"class_type": kind, "inputs": plain}
        return number


def read_graph(text: str, *, path: str) -> Graph:
    """Read a workflow.

    Args:
        text: of the file.
        path: of the file, for messages.

    Raises:
        UsageError: it is none, or one in the format of ComfyUI's editor.
    """
    file = f"The workflow {quoted_path(path)}"
    try:
        nodes = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no JSON ({shown(error)}); check comfyui_workflow.") from error
    if isinstance(nodes, dict) and isinstance(nodes.get("nodes"), list):
        raise UsageError(f"{file} is in the format of ComfyUI's editor; {EXPORT}.")
    # As it is sent to a server, and as ComfyUI keeps it in its history.
    if isinstance(nodes, dict) and isinstance(nodes.get("prompt"), dict):
        nodes = nodes["prompt"]
    if not isinstance(nodes, dict) or not nodes or not all(map(_is_node, nodes.values())):
        raise UsageError(f"{file} holds no nodes with class_type and inputs; {EXPORT}.")
    graph = Graph(nodes)
    for node in nodes:
        for name, link in graph.links(node).items():
            if link.node not in nodes:
                raise UsageError(
                    f"{file} is incomplete: {name} of {graph.told(node)} comes from node "
                    f"{shown(link.node)}, which is not in it; {EXPORT}."
                )
    return graph


def _is_node(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("class_type"), str)
        and isinstance(value.get("inputs"), dict)
    )


def _link(value: object) -> Link | None:
    match value:
        case [str(node), int(output)] if not isinstance(output, bool):
            return Link(node, output)
    return None
