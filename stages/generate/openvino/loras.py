"""LoRAs: .safetensors files go in; what changes each network of a converted model comes out.

A file names the layers that it changes in one of several ways; GenAI looks for a layer whose name
has the one of the file in it. So every file is written anew, for each network one, with the
layers' own names.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import LocalBackendError, UsageError, shown, unreadable
from imagine.stages.generate.openvino.folder import ConvertedFolder
from imagine.stages.generate.openvino.layout import MODEL
from imagine.stages.image import Lora
from imagine.stages.weights import Tensor, Weights, open_weights

Adapters = tuple[tuple[Lora, Path], ...]
# Layers of a network that multiply by weights, by the names that tracing gives them.
_LAYER = re.compile(
    rb'name="__module\.(?P<name>[\w.]+)/[^"]*(?:MatMul|[Cc]onvolution)"[^>]*>(?P<body>.*?)</layer>',
    re.S,
)
_SECOND_INPUT = re.compile(rb'<port id="1"[^>]*>(.*?)</port>', re.S)
_SIDE = re.compile(rb"<dim>(-?\d+)</dim>")
_TENSOR = re.compile(
    r"(?P<layer>.+?)(?:[._]lora[._](?P<side>A|B|down|up)(?:\.default)?\.weight|\.(?P<alpha>alpha))"
)
_DOWN = ("A", "down")
# How files begin the names of layers: those of diffusers, and those of kohya's scripts.
_NETWORKS = (
    ("unet.", "unet"),
    ("text_encoder_2.", "text_encoder_2"),
    ("text_encoder.", "text_encoder"),
    ("lora_unet_", "unet"),
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("lora_te_", "text_encoder"),
)
# Blocks of Stable Diffusion XL as Stability numbers them, through all sizes.
_NUMBERED = re.compile(r"(input|output)_blocks_(\d+)_1_(.*)")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A LoRA by the networks that it changes.

    Attributes:
        files: name of the network to the file for it.
        notes: what the user should know of it, a sentence each.
    """

    files: dict[str, Path]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer of a network: its name there, and how its weights lie: (out, in), (out, in, 3, 3).

    Of some layers the list of a network does not say that; () then.
    """

    name: str
    shape: tuple[int, ...]

    def takes(self, side: str, shape: tuple[int, ...]) -> bool:
        """Whether one side of a LoRA fits: (rank, in, ...) going down, (out, rank, ...) up."""
        place = 1 if side in _DOWN else 0
        return not self.shape or (len(shape) > 1 and shape[place] == self.shape[place])


@dataclass(frozen=True, slots=True)
class Matched:
    """A LoRA's tensors by what they change.

    Attributes:
        weights: the file.
        tensors: name of the network to new name of the tensor to the tensor.
        notes: what the user should know of it, a sentence each.
    """

    weights: Weights
    tensors: Mapping[str, Mapping[str, Tensor]]
    notes: tuple[str, ...]


def matched(folder: ConvertedFolder, lora: Lora, path: Path) -> Matched:
    """What a LoRA changes of a model; nothing is loaded.

    Args:
        folder: the model.
        lora: as the user named it.
        path: of its file.

    Raises:
        LocalBackendError: the file, or the model's, cannot be read.
        UsageError: it is not whole, changes no layer that the model has, or one of another size.
    """
    weights = open_weights(path)
    layers = {name: _layers(folder.path / name) for name in _networks(folder)}
    tensors: dict[str, dict[str, Tensor]] = defaultdict(dict)
    found, strange = set(), set()
    for name, tensor in weights.tensors.items():
        match = _TENSOR.fullmatch(name)
        place = _place(match["layer"], layers) if match else None
        if match is None or place is None:
            strange.add(match["layer"] if match else name)
            continue
        network, layer = place
        if not match["alpha"] and not layer.takes(match["side"], tensor.shape):
            raise _misfit(folder, lora, f"'{shown(name)}' is {_told(tensor.shape)}", layer)
        found.add(place)
        end = "alpha" if match["alpha"] else f"lora_{_side(match['side'])}.weight"
        prefix = "lora_unet" if network == "unet" else "lora_te"
        tensors[network][f"{prefix}__module.{layer.name}/aten.{end}"] = tensor
    if not found:
        raise UsageError(
            f"--lora {lora.recorded} changes no layer of the model '{shown(folder.name)}'; name "
            f"one that was trained for {folder.family.title}."
        )
    note = (
        f"Of {len(found) + len(strange)} layers that the LoRA {lora.recorded} changes, the model "
        f"{folder.name} has {len(found)}; the others were left out."
    )
    return Matched(weights, tensors, (note,) if strange else ())


def fitted(folder: ConvertedFolder, lora: Lora, path: Path, directory: Path) -> Fitted:
    """Write a LoRA for a model; arguments and errors as those of `matched`.

    Args:
        directory: where files may be written; they are needed until the networks are loaded.

    Raises:
        LocalBackendError: they cannot be written.
    """
    made = matched(folder, lora, path)
    try:
        files = {
            network: _written(made.weights, changed, directory / f"{network}.safetensors")
            for network, changed in sorted(made.tensors.items())
        }
    except OSError as error:
        raise LocalBackendError(unreadable(path, error)) from error
    return Fitted(files, made.notes)


def _misfit(folder: ConvertedFolder, lora: Lora, what: str, layer: _Layer) -> UsageError:
    return UsageError(
        f"--lora {lora.recorded} cannot change the model '{shown(folder.name)}': its {what}, and "
        f"the model's layer {_told(layer.shape)}; name one that was trained for "
        f"{folder.family.title}."
    )


def _told(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _networks(folder: ConvertedFolder) -> tuple[str, ...]:
    return (*(name for name, _ in folder.layout.encoders), folder.layout.denoiser[0])


def _side(named: str) -> str:
    return "down" if named in _DOWN else "up"


def _layers(network: Path) -> dict[str, _Layer]:
    """Every layer of a network, by its name with "_" alone.

    Raises:
        LocalBackendError: it cannot be read any more.
    """
    listed = network / f"{MODEL}.xml"
    try:
        found = {match["name"].decode(): match for match in _LAYER.finditer(listed.read_bytes())}
    except OSError as error:
        raise LocalBackendError(unreadable(listed, error)) from error
    layers = {name: _Layer(name, _shape(found[name])) for name in sorted(found)}
    # Text encoders have been traced with one more part in the names, or without.
    plain = {_flat(name.removeprefix("text_model.")): layer for name, layer in layers.items()}
    return {**plain, **{_flat(name): layer for name, layer in layers.items()}}


def _shape(layer: re.Match[bytes]) -> tuple[int, ...]:
    """Of the weights that a layer multiplies by, its second input."""
    port = _SECOND_INPUT.search(layer["body"])
    sides = tuple(map(int, _SIDE.findall(port[1]))) if port else ()
    if len(sides) not in {2, 4} or -1 in sides:
        return ()
    return sides[::-1] if b'transpose_b="false"' in layer["body"] else sides


def _place(named: str, layers: Mapping[str, dict[str, _Layer]]) -> tuple[str, _Layer] | None:
    """The network and the layer that a file means; None where the model has none such."""
    for start, network in _NETWORKS:
        if named.startswith(start) and network in layers:
            flat = _flat(named.removeprefix(start)).replace("_processor_", "_")
            flat = flat.removeprefix("text_model_")
            layer = layers[network].get(flat) or layers[network].get(_numbered(flat))
            return None if layer is None else (network, layer)
    return None


def _flat(name: str) -> str:
    return name.replace(".", "_")


def _numbered(flat: str) -> str:
    """A layer by diffusers' name: "down_blocks_1_attentions_0_…" of "input_blocks_4_1_…"."""
    flat = flat.replace("middle_block_1_", "mid_block_attentions_0_")
    match = _NUMBERED.fullmatch(flat)
    if match is None:
        return flat
    way, number, rest = match[1], int(match[2]), match[3]
    # Three to a size, of which going down the first one is a convolution before all of them.
    block, place = divmod(number - 1, 3) if way == "input" else divmod(number, 3)
    return f"{'down' if way == 'input' else 'up'}_blocks_{block}_attentions_{place}_{rest}"


def _written(weights: Weights, tensors: Mapping[str, Tensor], path: Path) -> Path:
    """Some of a file's tensors as a file of their own, with new names."""
    header, begin = {}, 0
    for name, tensor in tensors.items():
        end = begin + tensor.end - tensor.begin
        header[name] = {
            "dtype": tensor.kind,
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
        begin = end
    described = json.dumps(header).encode()
    described += b" " * (-len(described) % 8)
    with path.open("wb") as file, weights.path.open("rb") as source:
        file.write(len(described).to_bytes(8, "little") + described)
        for tensor in tensors.values():
            source.seek(tensor.begin)
            file.write(source.read(tensor.end - tensor.begin))
    return path
