"""Stable Diffusion 1 as one file: a pipeline goes in, its weights by their original names come out.

The names are those of CompVis' program, as every checkpoint that people share has them.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
_VAE = {
    "conv_shortcut": "nin_shortcut",
    "conv_norm_out": "norm_out",
    "mid_block.resnets.0": "mid.block_1",
    "mid_block.attentions.0": "mid.attn_1",
    "mid_block.resnets.1": "mid.block_2",
    "downsamplers.0": "downsample",
    "upsamplers.0": "upsample",
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def save_as_one_file(pipeline: Any, file: Path) -> Path:
    """Write all weights of a StableDiffusionPipeline."""
    layers = pipeline.unet.config.layers_per_block
    blocks = len(pipeline.vae.config.block_out_channels)
    kinds = pipeline.unet.config.up_block_types
    weights = {
        f"model.diffusion_model.{_unet_name(name, layers, kinds)}": tensor
        for name, tensor in pipeline.unet.state_dict().items()
    }
    for name, tensor in pipeline.vae.state_dict().items():
        # Its attention was made of convolutions.
        is_product = re.search(r"attentions\.0\.to_.*weight", name)
        shaped = tensor[:, :, None, None] if is_product else tensor
        weights[f"first_stage_model.{_vae_name(name, blocks)}"] = shaped
    for name, tensor in pipeline.text_encoder.state_dict().items():
        whole = name if name.startswith("text_model.") else f"text_model.{name}"
        weights[f"cond_stage_model.transformer.{whole}"] = tensor
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, file)
    return file


def _unet_name(name: str, layers: int, up_kinds: Sequence[str]) -> str:
    found = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.*)", name)
    if found is None:
        return _resnet(_replaced(name, _ENDS))
    way, block, kind, index, rest = found[1], int(found[2]), found[3], int(found[4]), found[5]
    if way == "down":
        first = 1 + block * (layers + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + layers}.0.op{rest.removeprefix('conv')}"
        return _resnet(f"input_blocks.{first + index}.{int(kind == 'attentions')}.{rest}")
    first = block * (layers + 1)
    if kind == "upsamplers":
        place = 2 if "Attn" in up_kinds[block] else 1
        return f"output_blocks.{first + layers}.{place}.{rest}"
    return _resnet(f"output_blocks.{first + index}.{int(kind == 'attentions')}.{rest}")


def _resnet(name: str) -> str:
    found = re.match(
        r"((?:input_blocks|output_blocks)\.\d+\.0|middle_block\.[02])\.(\w+)(.*)", name
    )
    return f"{found[1]}.{_RESNET.get(found[2], found[2])}{found[3]}" if found else name


def _vae_name(name: str, blocks: int) -> str:
    name = _replaced(name, _VAE)
    name = re.sub(r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block.", name)
    name = re.sub(r"down_blocks\.(\d+)\.", r"down.\1.", name)

    def counted_down(found: re.Match[str]) -> str:
        return f"up.{blocks - 1 - int(found[1])}.{'block.' if found[2] else ''}"

    return re.sub(r"up_blocks\.(\d+)\.(resnets\.)?", counted_down, name)


def _replaced(name: str, words: Mapping[str, str]) -> str:
    for word, other in words.items():
        name = re.sub(rf"(?<![\w]){re.escape(word)}(?=\.|$)", other, name)
    return name
