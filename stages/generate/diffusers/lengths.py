"""How much of a text is read: a loaded model and texts go in; tokens, room and notes come out.

CLIP alone reads in chunks, and cuts nothing off. Other encoders have so much room, of which what
the pipeline says around the text takes its part.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from imagine.stages.generate.diffusers.clip import CONTEXT, tokens_of
from imagine.stages.generate.diffusers.loaded import Loaded

# Of CLIP alone.
CHUNKED = (
    "StableDiffusionPipeline",
    "LatentConsistencyModelPipeline",
    "StableDiffusionXLPipeline",
)
# The highest max_sequence_length that each takes; others are left at their own.
_LONGEST = {
    "StableDiffusion3Pipeline": 512,
    "FluxPipeline": 512,
    "QwenImagePipeline": 1024,
    "ChromaPipeline": 512,
    "Lumina2Pipeline": 512,
}
# What encoders read where the call takes no length.
_FIXED = {"HunyuanDiTPipeline": 256}
# They take a length, and cut nothing off at it.
_UNCUT = ("QwenImageEditPipeline", "QwenImageEditPlusPipeline")


def class_of(loaded: Loaded) -> str:
    """The name of the pipeline's class."""
    return type(loaded.pipeline).__name__


def room_for(loaded: Loaded, texts: Sequence[str]) -> int:
    """`max_sequence_length` of a pipeline: its own, or the most that it takes for longer texts.

    0 where its call takes none.
    """
    own, longest = _own_length(loaded), _LONGEST.get(class_of(loaded), 0)
    if own is None or longest <= own:
        return own or 0
    around = _around(loaded)
    fits = all(len(tokens_of(_reader(loaded), text)) + around <= own for text in texts)
    return own if fits else longest


def lengths_of(loaded: Loaded, texts: Sequence[str]) -> tuple[int, ...]:
    """Tokens of each text; nothing where the pipeline has no tokenizer."""
    reader = _reader(loaded)
    return () if reader is None else tuple(len(tokens_of(reader, text)) for text in texts)


def prompt_notes(loaded: Loaded, prompt: str) -> list[str]:
    """What the user should know of how the prompt is read: where it is cut, a sentence."""
    limit = _limit(loaded)
    if class_of(loaded) in CHUNKED or limit is None:
        return []
    tokens = len(tokens_of(_reader(loaded), prompt))
    if tokens <= limit:
        return []
    return [
        f"The prompt has {tokens} tokens, and {loaded.family.title} reads {limit} of them; "
        "what stands last is not drawn."
    ]


def _limit(loaded: Loaded) -> int | None:
    """How many tokens of a text the model reads; None where nobody says."""
    pipeline, reader, name = loaded.pipeline, _reader(loaded), class_of(loaded)
    if reader is None or name in _UNCUT:
        return None
    # Without its T5, only CLIP is left to read.
    if name == "StableDiffusion3Pipeline" and pipeline.text_encoder_3 is None:
        return CONTEXT - 2
    own = _own_length(loaded) or _FIXED.get(name)
    if own is None:
        # A tokenizer that knows no limit says a number of thirty digits.
        said = int(reader.model_max_length)
        return said - _around(loaded) if said < 2**20 else None
    return max(own, _LONGEST.get(name, 0)) - _around(loaded)


def _own_length(loaded: Loaded) -> int | None:
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
            # One that reads pictures too has a tokenizer for words.
            return tokenizer.tokenizer if "Processor" in type(tokenizer).__name__ else tokenizer
    return None


# --- what stands around a text -------------------------------------------------------------------


def _around(loaded: Loaded) -> int:
    """Tokens that the pipeline gives its encoder beside those of a text."""
    said, reader, pipeline = _SAID.get(class_of(loaded)), _reader(loaded), loaded.pipeline
    if said is None:
        return len(reader("", verbose=False).input_ids)
    # Qwen-Image takes out what it says first, before it counts; Krea 2 adds its last words later.
    taken_out = int(getattr(pipeline, "prompt_template_encode_start_idx", 0))
    added = int(getattr(pipeline, "prompt_template_encode_num_suffix_tokens", 0))
    return len(tokens_of(reader, said(pipeline))) - taken_out + added


def _chat(pipeline: Any, **options: bool) -> str:
    messages = [{"role": "user", "content": ""}]
    return str(
        pipeline.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, **options
        )
    )


def _flux_2(pipeline: Any) -> str:
    texts = {"system": pipeline.system_message, "user": ""}
    messages = [
        {"role": role, "content": [{"type": "text", "text": text}]} for role, text in texts.items()
    ]
    return str(pipeline.tokenizer.apply_chat_template(messages, tokenize=False))


_SAID: dict[str, Callable[[Any], str]] = {
    "Flux2Pipeline": _flux_2,
    "Flux2KleinPipeline": lambda pipeline: _chat(pipeline, enable_thinking=False),
    "Flux2KleinKVPipeline": lambda pipeline: _chat(pipeline, enable_thinking=False),
    "ZImagePipeline": lambda pipeline: _chat(pipeline, enable_thinking=True),
    # With the mark that Gemma's texts begin with.
    "Lumina2Pipeline": lambda pipeline: f"<bos>{pipeline.system_prompt} <Prompt Start> ",
    "Krea2Pipeline": lambda pipeline: str(pipeline.prompt_template_encode_prefix),
    "QwenImagePipeline": lambda pipeline: str(pipeline.prompt_template_encode).format(""),
}
