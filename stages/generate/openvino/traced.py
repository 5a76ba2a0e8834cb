"""Parts of a diffusers pipeline, ready to be traced: a module in; what OpenVINO asks of it out.

OpenVINO GenAI finds inputs by these names and some outputs by their place, in the order in which
the exporters of Hugging Face write them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

# Any numbers do: only their shapes and types are traced.
_TOKENS = 77
_CELLS = 16


@dataclass(frozen=True, slots=True)
class Traced:
    """A part as OpenVINO converts it.

    Attributes:
        module: takes the examples by place, in their order, and returns a tuple.
        examples: input name to a tensor such as it will be given.
        outputs: their names, in the order in which `module` returns them.
    """

    module: Any
    examples: dict[str, torch.Tensor]
    outputs: tuple[str, ...]


def _calling(model: Any, function: Callable[..., Any]) -> Any:
    """The model, which calls `function` when it is called.

    A module around it would show in the names of all layers, by which LoRAs find them.
    """
    model.eval()
    model.forward = function
    return model


def clip_encoder(model: Any) -> Traced:
    """Pooled text and every layer's words; a projected text comes before the words, else after."""
    layers, forward = model.config.num_hidden_layers, model.forward
    projected = hasattr(model, "text_projection")

    def encoded(tokens: Any) -> Any:
        made = forward(tokens, output_hidden_states=True)
        first = (
            (made.text_embeds, made.last_hidden_state)
            if projected
            else (made.last_hidden_state, made.pooler_output)
        )
        return (*first, *made.hidden_states)

    names = ("text_embeds", "last_hidden_state") if projected else ("last_hidden_state", "pooled")
    tokens = torch.ones(2, _TOKENS, dtype=torch.int64)
    return Traced(
        _calling(model, encoded),
        {"input_ids": tokens},
        (*names, *(f"hidden_states.{layer}" for layer in range(layers + 1))),
    )


def t5_encoder(model: Any) -> Traced:
    forward = model.forward

    def encoded(tokens: Any) -> Any:
        return forward(tokens, return_dict=False)[0]

    tokens = torch.ones(2, _TOKENS, dtype=torch.int64)
    return Traced(_calling(model, encoded), {"input_ids": tokens}, ("last_hidden_state",))


def unet(model: Any) -> Traced:
    config = model.config
    examples = {
        "sample": torch.randn(2, config.in_channels, _CELLS, _CELLS),
        "timestep": torch.ones(1, dtype=torch.int64),
        "encoder_hidden_states": torch.randn(2, _TOKENS, config.cross_attention_dim),
    }
    if config.addition_embed_type == "text_time":
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        examples["text_embeds"] = torch.randn(2, pooled)
        examples["time_ids"] = torch.randn(2, 6)
    if config.time_cond_proj_dim is not None:
        examples["timestep_cond"] = torch.randn(1, config.time_cond_proj_dim)
    names, forward = tuple(examples), model.forward

    def denoised(*inputs: Any) -> Any:
        given = dict(zip(names, inputs, strict=True))
        added = {name: given.pop(name) for name in ("text_embeds", "time_ids") if name in given}
        return forward(**given, added_cond_kwargs=added or None, return_dict=False)[0]

    return Traced(_calling(model, denoised), examples, ("out_sample",))


def sd3_transformer(model: Any) -> Traced:
    config = model.config
    examples = {
        "hidden_states": torch.randn(2, config.in_channels, _CELLS, _CELLS),
        "encoder_hidden_states": torch.randn(2, _TOKENS, config.joint_attention_dim),
        "pooled_projections": torch.randn(2, config.pooled_projection_dim),
        "timestep": torch.ones(1),
    }
    return _transformer(model, examples)


def flux_transformer(model: Any) -> Traced:
    config, cells = model.config, _CELLS * _CELLS // 4
    examples = {
        "hidden_states": torch.randn(1, cells, config.in_channels),
        "encoder_hidden_states": torch.randn(1, _TOKENS, config.joint_attention_dim),
        "pooled_projections": torch.randn(1, config.pooled_projection_dim),
        "timestep": torch.ones(1),
        "img_ids": torch.zeros(cells, 3),
        "txt_ids": torch.zeros(_TOKENS, 3),
    }
    if config.guidance_embeds:
        examples["guidance"] = torch.ones(1)
    return _transformer(model, examples)


def _transformer(model: Any, examples: dict[str, torch.Tensor]) -> Traced:
    names, forward = tuple(examples), model.forward

    def denoised(*inputs: Any) -> Any:
        return forward(**dict(zip(names, inputs, strict=True)), return_dict=False)[0]

    return Traced(_calling(model, denoised), examples, ("out_hidden_states",))


def decoder(model: Any) -> Traced:
    def decoded(latents: Any) -> Any:
        return model.decode(latents, return_dict=False)[0]

    latents = torch.randn(1, model.config.latent_channels, _CELLS, _CELLS)
    return Traced(_calling(model, decoded), {"latent_sample": latents}, ("sample",))


def encoder(model: Any) -> Traced:
    """A VAE gives mean and variance, from which GenAI draws; a tiny one the latents themselves."""
    tiny = not hasattr(model, "_encode")

    def encoded(pixels: Any) -> Any:
        if tiny:
            return model.encode(pixels, return_dict=False)[0]
        return model._encode(pixels)

    pixels = torch.randn(1, model.config.in_channels, 4 * _CELLS, 4 * _CELLS)
    output = "latent_sample" if tiny else "latent_parameters"
    return Traced(_calling(model, encoded), {"sample": pixels}, (output,))
