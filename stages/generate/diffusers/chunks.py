"""Texts for a pipeline: prompts go in, what it is called with comes out, and nothing is cut off.

CLIP reads long texts in chunks (see imagine.stages.generate.diffusers.clip), other encoders as far
as their model allows. Every text is encoded by itself and kept for a while, so a picture's words
weigh the same alone and among others.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from imagine.stages.generate.diffusers.clip import (
    CONTEXT,
    chunked,
    one_clip,
    tokens_of,
    two_clips,
)
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
    encode = _ENCODERS.get(_class(loaded))
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
    if _class(loaded) in _ENCODERS and _class(loaded) not in _LISTED:
        return _size(loaded, prompt, negative)
    return _size(loaded, prompt, negative), *_lengths(loaded, prompt, negative)


def akin(
    loaded: Loaded, prompts: Sequence[str], negatives: Sequence[str | None]
) -> list[list[int]]:
    """Which pictures can be drawn together, by their numbers: one list where all of them can."""
    groups: dict[Hashable, list[int]] = {}
    for index, (prompt, negative) in enumerate(zip(prompts, negatives, strict=True)):
        groups.setdefault(kinship(loaded, prompt, negative), []).append(index)
    return list(groups.values())


def prompt_notes(loaded: Loaded, prompt: str) -> list[str]:
    """What the user should know of how the prompt is read: where it is cut, a sentence."""
    limit = _limit(loaded)
    if _class(loaded) in _CLIP or limit is None:
        return []
    tokens = len(tokens_of(_reader(loaded), prompt))
    if tokens <= limit:
        return []
    return [
        f"The prompt has {tokens} tokens, and {loaded.family.title} reads {limit} of them; "
        "what stands last is not drawn."
    ]


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


_CLIP: dict[str, Callable[[Any, str, int], Encoded]] = {
    "StableDiffusionPipeline": one_clip,
    "LatentConsistencyModelPipeline": one_clip,
    "StableDiffusionXLPipeline": two_clips,
}
_ENCODERS: dict[str, Callable[[Any, str, int], Encoded]] = {
    **_CLIP,
    "StableDiffusion3Pipeline": _stable_diffusion_3,
    "FluxPipeline": _flux,
    "ZImagePipeline": _z_image,
}
# Their texts are as long as they are, in a list, and filled up inside the model.
_LISTED = ("ZImagePipeline",)
# The highest max_sequence_length that each takes; others are left at their own.
_LONGEST = {
    "StableDiffusion3Pipeline": 512,
    "FluxPipeline": 512,
    "QwenImagePipeline": 1024,
    "ChromaPipeline": 512,
    "Lumina2Pipeline": 512,
}


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
    if _class(loaded) in _CLIP:
        tokenizers = (loaded.pipeline.tokenizer, getattr(loaded.pipeline, "tokenizer_2", None))
        return max(
            len(chunked(tokenizer, text)) for tokenizer in tokenizers if tokenizer for text in texts
        )
    own, longest = _own_length(loaded), _LONGEST.get(_class(loaded), 0)
    if own is None or longest <= own:
        return own or 0
    # One more, the mark at the end.
    fits = all(len(tokens_of(_reader(loaded), text)) < own for text in texts)
    return own if fits else longest


def _length(loaded: Loaded, size: int) -> dict[str, Any]:
    if _class(loaded) in _CLIP or not size:
        return {}
    return {"max_sequence_length": size}


def _lengths(loaded: Loaded, prompt: str, negative: str | None) -> tuple[int, ...]:
    reader = _reader(loaded)
    if reader is None:
        return ()
    return tuple(len(tokens_of(reader, text)) for text in (prompt, negative or ""))


def _limit(loaded: Loaded) -> int | None:
    """How many tokens of a text the model reads; None where nobody says."""
    pipeline, reader = loaded.pipeline, _reader(loaded)
    if reader is None:
        return None
    # Without its T5, only CLIP is left to read.
    if _class(loaded) == "StableDiffusion3Pipeline" and pipeline.text_encoder_3 is None:
        return CONTEXT - 2
    own = _own_length(loaded)
    if own is None:
        # A tokenizer that knows no limit says a number of thirty digits.
        said = int(reader.model_max_length)
        return said - 1 if said < 2**20 else None
    return max(own, _LONGEST.get(_class(loaded), 0)) - 1


def _own_length(loaded: Loaded) -> int | None:
    import inspect

    taken = inspect.signature(type(loaded.pipeline).__call__).parameters
    length = taken["max_sequence_length"].default if "max_sequence_length" in taken else None
    length = loaded.family.arguments.get("max_sequence_length", length)
    return length if isinstance(length, int) else None


def _reader(loaded: Loaded) -> Any:
    """The tokenizer of the encoder that reads most: T5 stands behind CLIP."""
    pipeline = loaded.pipeline
    for name in ("tokenizer_3", "tokenizer_2", "tokenizer"):
        tokenizer = getattr(pipeline, name, None)
        if tokenizer is not None:
            return tokenizer
    return None


def _class(loaded: Loaded) -> str:
    return type(loaded.pipeline).__name__


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
