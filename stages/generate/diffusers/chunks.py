"""Texts for a pipeline: prompts go in, what it is called with comes out, and nothing is cut off.

CLIP reads long texts in chunks (see imagine.stages.generate.diffusers.clip), other encoders as far
as their model allows. Every text is encoded by itself and kept for a while, so a picture's words
weigh the same alone and among others.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from imagine.stages.generate.diffusers.clip import chunked, one_clip, two_clips
from imagine.stages.generate.diffusers.lengths import CHUNKED, class_of, lengths_of, room_for
from imagine.stages.generate.diffusers.loaded import Loaded

# Texts whose encodings are kept, on the card; the longest of the largest models take 5 MB.
KEPT = 16

# Named tensors of one text: "prompt_embeds", "pooled_prompt_embeds".
Encoded = dict[str, Any]


def prompt_inputs(
    loaded: Loaded, prompts: Sequence[str], negatives: Sequence[str | None], *, guided: bool
) -> dict[str, Any]:
    """What the pipeline is given of the words of some pictures.

    Pictures that are drawn together have to be akin (see `kinship`).

    Args:
        loaded: the model.
        prompts: one for each picture.
        negatives: what each is to avoid; None for nothing said.
        guided: whether the negative ones are read: guidance is above what switches it off.
    """
    encode = _ENCODERS.get(class_of(loaded))
    if encode is None:
        return _plain(loaded, prompts, negatives, guided=guided)
    size = max(
        _size(loaded, prompt, negative if guided else None)
        for prompt, negative in zip(prompts, negatives, strict=True)
    )
    inputs = _together([_encoded(loaded, encode, prompt, size) for prompt in prompts])
    if guided:
        avoided = [
            _zeros(loaded, encode, size)
            if negative is None and _zeroed(loaded)
            else _encoded(loaded, encode, negative or "", size)
            for negative in negatives
        ]
        together = _together(avoided)
        inputs |= {f"negative_{name}": tensor for name, tensor in together.items()}
    return inputs | _length(loaded, size)


def kinship(loaded: Loaded, prompt: str, negative: str | None) -> Hashable:
    """Equal for pictures that can be drawn together and come out as they do alone.

    Texts of several lengths would be filled up to one, and the filling is read too.
    """
    if class_of(loaded) in _ENCODERS and class_of(loaded) not in _LISTED:
        return _size(loaded, prompt, negative)
    return _size(loaded, prompt, negative), *lengths_of(loaded, [prompt, negative or ""])


def akin(
    loaded: Loaded, prompts: Sequence[str], negatives: Sequence[str | None]
) -> list[list[int]]:
    """Which pictures can be drawn together, by their numbers: one list where all of them can."""
    groups: dict[Hashable, list[int]] = {}
    for index, (prompt, negative) in enumerate(zip(prompts, negatives, strict=True)):
        groups.setdefault(kinship(loaded, prompt, negative), []).append(index)
    return list(groups.values())


# --- one text ------------------------------------------------------------------------------------


def _stable_diffusion_3(pipeline: Any, text: str, length: int) -> Encoded:
    embeds, _, pooled, _ = pipeline.encode_prompt(
        prompt=[text],
        prompt_2=None,
        prompt_3=None,
        do_classifier_free_guidance=False,
        max_sequence_length=length,
    )
    return {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled}


def _flux(pipeline: Any, text: str, length: int) -> Encoded:
    embeds, pooled, _ = pipeline.encode_prompt(
        prompt=[text], prompt_2=None, max_sequence_length=length
    )
    return {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled}


def _z_image(pipeline: Any, text: str, length: int) -> Encoded:
    embeds, _ = pipeline.encode_prompt(
        prompt=[text], do_classifier_free_guidance=False, max_sequence_length=length
    )
    return {"prompt_embeds": embeds}


def _flux_2(pipeline: Any, text: str, length: int) -> Encoded:
    embeds, _ = pipeline.encode_prompt(prompt=[text], max_sequence_length=length)
    return {"prompt_embeds": embeds}


_ENCODERS: dict[str, Callable[[Any, str, int], Encoded]] = {
    "StableDiffusionPipeline": one_clip,
    "LatentConsistencyModelPipeline": one_clip,
    "StableDiffusionXLPipeline": two_clips,
    "StableDiffusion3Pipeline": _stable_diffusion_3,
    "FluxPipeline": _flux,
    "Flux2Pipeline": _flux_2,
    # It takes a negative prompt as it has encoded it, and in no other way.
    "Flux2KleinPipeline": _flux_2,
    "ZImagePipeline": _z_image,
}
# Their texts are as long as they are, in a list, and filled up inside the model.
_LISTED = ("ZImagePipeline",)


def _encoded(
    loaded: Loaded, encode: Callable[[Any, str, int], Encoded], text: str, size: int
) -> Encoded:
    import torch

    kept, key = loaded.embeddings, (text, size)
    if key not in kept:
        with torch.no_grad(), _quiet():
            kept[key] = encode(loaded.pipeline, text, size)
    # What was asked for last goes last.
    kept[key] = kept.pop(key)
    while len(kept) > KEPT:
        del kept[next(iter(kept))]
    encoded: Encoded = kept[key]
    return encoded


def _zeroed(loaded: Loaded) -> bool:
    return bool(loaded.pipeline.config.get("force_zeros_for_empty_prompt", False))


def _zeros(loaded: Loaded, encode: Callable[[Any, str, int], Encoded], size: int) -> Encoded:
    """As Stable Diffusion XL was trained to read an empty text."""
    import torch

    like = _encoded(loaded, encode, "", size)
    return {name: torch.zeros_like(tensor) for name, tensor in like.items()}


def _together(texts: Sequence[Encoded]) -> dict[str, Any]:
    import torch

    inputs: dict[str, Any] = {}
    for name, first in texts[0].items():
        values = [text[name] for text in texts]
        if isinstance(first, list):
            inputs[name] = [tensor for value in values for tensor in value]
        else:
            inputs[name] = torch.cat(values) if len(values) > 1 else first
    return inputs


# --- texts that the pipeline encodes itself ------------------------------------------------------


def _plain(
    loaded: Loaded, prompts: Sequence[str], negatives: Sequence[str | None], *, guided: bool
) -> dict[str, Any]:
    inputs: dict[str, Any] = {"prompt": list(prompts)}
    if guided and any(negative is not None for negative in negatives):
        inputs["negative_prompt"] = [negative or "" for negative in negatives]
    sizes = [
        _size(loaded, prompt, negative) for prompt, negative in zip(prompts, negatives, strict=True)
    ]
    return inputs | _length(loaded, max(sizes))


def _size(loaded: Loaded, prompt: str, negative: str | None) -> int:
    """Chunks for CLIP; for other encoders the room in tokens, 0 where there is nothing to say."""
    texts = [prompt, negative or ""]
    if class_of(loaded) not in CHUNKED:
        return room_for(loaded, texts)
    tokenizers = (loaded.pipeline.tokenizer, getattr(loaded.pipeline, "tokenizer_2", None))
    return max(
        len(chunked(tokenizer, text)) for tokenizer in tokenizers if tokenizer for text in texts
    )


def _length(loaded: Loaded, size: int) -> dict[str, Any]:
    if class_of(loaded) in CHUNKED or not size:
        return {}
    return {"max_sequence_length": size}


@contextmanager
def _quiet() -> Iterator[None]:
    """Both libraries warn that CLIP reads a part of what T5 beside it reads whole."""
    import diffusers
    import transformers

    logs = (diffusers.utils.logging, transformers.utils.logging)
    levels = [log.get_verbosity() for log in logs]
    for log in logs:
        log.set_verbosity_error()
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.set_verbosity(level)
