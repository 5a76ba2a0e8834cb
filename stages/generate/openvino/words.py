"""What a model is told: a request goes in; encoders, texts for GenAI, and what was cut come out."""

from dataclasses import dataclass, field
from typing import Any

from imagine.stages.generate.openvino.embeddings import ROOM, encoded, holding
from imagine.stages.generate.openvino.folder import ConvertedFolder
from imagine.stages.generate.openvino.loading import Loaded
from imagine.stages.image import ImageRequest

# Tokens that T5 is given; FLUX and Stable Diffusion 3 were trained with as many.
_T5_TOKENS = {"flux": 512, "stable_diffusion_3": 256}


@dataclass(frozen=True, slots=True)
class Words:
    """What GenAI draws a request from.

    Attributes:
        encoders: of the pipeline, in its order.
        prompt: for the first of them.
        options: other texts, by GenAI's names.
        notes: what the user should know, a sentence each.
    """

    encoders: tuple[Any, ...]
    prompt: str
    options: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def words_for(loaded: Loaded, request: ImageRequest, guidance: float) -> Words:
    """What a loaded model is told of a request.

    Args:
        loaded: the model.
        request: its prompts may be of any length.
        guidance: that it is drawn with.
    """
    guided = is_guided(loaded.folder, guidance)
    if loaded.folder.layout.chunked:
        words = _through_clip(loaded, request, guided)
    else:
        words = _through_t5(loaded, request, guided)
    if guided or not request.negative_prompt:
        return words
    note = f"At guidance {guidance:g} the model {loaded.folder.name} reads no negative prompt."
    return Words(words.encoders, words.prompt, words.options, (*words.notes, note))


def is_guided(folder: ConvertedFolder, guidance: float) -> bool:
    """Whether the denoiser sees what is to be avoided beside the prompt."""
    return (
        folder.layout.kind != "flux"
        and folder.denoiser.get("time_cond_proj_dim") is None
        and guidance > 1
    )


def _through_clip(loaded: Loaded, request: ImageRequest, guided: bool) -> Words:
    """All of it, encoded in pieces."""
    is_xl = loaded.folder.layout.kind == "stable_diffusion_xl"
    # Stable Diffusion XL puts zeros where nothing is to be avoided, but for models that say no.
    zeros = is_xl and request.negative_prompt is None
    zeros = zeros and loaded.folder.index.get("force_zeros_for_empty_prompt", True)
    negative = (request.negative_prompt or "") if guided and not zeros else None
    made = encoded(list(loaded.clips), request.prompt, negative, last_layer=not is_xl)
    # GenAI takes the first output, and of XL's encoders with one layer words from the third.
    outputs = [
        (pooled, pooled, words) if is_xl else (words,)
        for words, pooled in zip(made.words, made.pooled, strict=True)
    ]
    held = [
        holding(loaded.runtime, clip, outputs=output, layers=1)
        for clip, output in zip(loaded.clips, outputs, strict=True)
    ]
    return Words(tuple(held), "", {} if negative is None else {"negative_prompt": negative})


def _through_t5(loaded: Loaded, request: ImageRequest, guided: bool) -> Words:
    """CLIP gets the beginning, which sets the tone; T5 reads all, as far as it was trained to."""
    kind, texts = loaded.folder.layout.kind, [("prompt", request.prompt)]
    if guided:
        texts.append(("negative_prompt", request.negative_prompt or ""))
    has_t5 = len(loaded.encoders) > len(loaded.clips)
    options: dict[str, Any] = {"max_sequence_length": _T5_TOKENS[kind]} if has_t5 else {}
    notes = []
    for name, text in texts:
        first = loaded.clips[0].pieces(text)[0]
        options |= {name: first}
        if kind == "flux":
            options[f"{name}_2"] = text
        else:
            options |= {f"{name}_2": first, f"{name}_3": text}
        room = _T5_TOKENS[kind] if has_t5 else ROOM
        tokenizer = loaded.last if has_t5 else loaded.clips[0].tokenizer
        count = int(tokenizer.encode(text).input_ids.shape[1]) - (0 if has_t5 else 2)
        if count > room:
            what = name.replace("_", " ")
            notes.append(
                f"The {what} has {count} tokens, of which the model {loaded.folder.name} reads "
                f"{room}; the rest was left out."
            )
    return Words(loaded.encoders, options.pop("prompt"), options, tuple(notes))
