"""CLIP: a text of any length goes in, what its encoders make of it, chunk by chunk, comes out.

CLIP reads 75 tokens at a time. Longer texts go through it in chunks of that size, each between
its own start and end marks, and what comes of them stands side by side: the model attends to all.
"""

from collections.abc import Iterator, Sequence
from typing import Any

# CLIP's context with its two marks (Radford et al. 2021); some tokenizers do not say it.
CONTEXT = 77
# How far before the end of a chunk a comma is looked for, in tokens.
NEAR = 20
_END_OF_WORD = "</w>"
_COMMA = "," + _END_OF_WORD


def chunked(tokenizer: Any, text: str) -> list[list[int]]:
    """A text as chunks of at most 75 tokens, without marks; one empty chunk for an empty text.

    A chunk ends at a comma that is near its end, else after a word; within a word only where that
    is longer than a chunk.
    """
    tokens, room = tokens_of(tokenizer, text), _context(tokenizer) - 2
    chunks = []
    while len(tokens) > room:
        ends = tokenizer.convert_ids_to_tokens(tokens[:room])
        at = _cut(ends) or room
        chunks.append(tokens[:at])
        tokens = tokens[at:]
    return [*chunks, tokens] if tokens or not chunks else chunks


def _cut(ends: Sequence[str]) -> int:
    """How many tokens the chunk takes; 0 where no word ends in it."""
    near = range(len(ends), max(0, len(ends) - NEAR), -1)
    after_comma = next((at for at in near if ends[at - 1] == _COMMA), 0)
    words = (at for at in range(len(ends), 0, -1) if ends[at - 1].endswith(_END_OF_WORD))
    return after_comma or next(words, 0)


def _context(tokenizer: Any) -> int:
    return min(int(tokenizer.model_max_length), CONTEXT)


def tokens_of(tokenizer: Any, text: str) -> list[int]:
    """Without marks; not `verbose`, since it is no news to us that a text is long."""
    return list(tokenizer(text, add_special_tokens=False, verbose=False).input_ids)


def one_clip(pipeline: Any, text: str, count: int) -> dict[str, Any]:
    """Stable Diffusion 1 and 2: the last layer."""
    encoder = pipeline.text_encoder
    embeds = [
        encoder(ids, attention_mask=mask)[0]
        for ids, mask in _clip_inputs(pipeline, pipeline.tokenizer, encoder, text, count)
    ]
    return {"prompt_embeds": _joined(pipeline, embeds, encoder)}


def two_clips(pipeline: Any, text: str, count: int) -> dict[str, Any]:
    """Stable Diffusion XL: the layer before the last of both, and what the first chunk comes to."""
    import torch

    layers, pooled = [], None
    pairs = (
        (pipeline.tokenizer, pipeline.text_encoder),
        (pipeline.tokenizer_2, pipeline.text_encoder_2),
    )
    for tokenizer, encoder in pairs:
        if tokenizer is None or encoder is None:
            continue
        outputs = [
            encoder(ids, output_hidden_states=True)
            for ids, _ in _clip_inputs(pipeline, tokenizer, encoder, text, count)
        ]
        layers.append(torch.cat([output.hidden_states[-2] for output in outputs], dim=1))
        if outputs[0][0].ndim == 2:
            pooled = outputs[0][0]
    embeds = [torch.cat(layers, dim=-1)]
    return {
        "prompt_embeds": _joined(pipeline, embeds, pipeline.text_encoder_2),
        "pooled_prompt_embeds": pooled,
    }


def _clip_inputs(
    pipeline: Any, tokenizer: Any, encoder: Any, text: str, count: int
) -> Iterator[tuple[Any, Any]]:
    """Ids and attention mask of each chunk, filled up with empty ones to `count` of them."""
    import torch

    length, device = _context(tokenizer), pipeline._execution_device
    masked = getattr(encoder.config, "use_attention_mask", False)
    chunks = chunked(tokenizer, text)
    for chunk in [*chunks, *[[]] * (count - len(chunks))]:
        read = [tokenizer.bos_token_id, *chunk, tokenizer.eos_token_id]
        filling = length - len(read)
        ids = torch.tensor([[*read, *[tokenizer.pad_token_id] * filling]], device=device)
        mask = [[1] * len(read) + [0] * filling]
        yield ids, torch.tensor(mask, device=device) if masked else None


def _joined(pipeline: Any, embeds: list[Any], encoder: Any) -> Any:
    import torch

    return torch.cat(embeds, dim=1).to(dtype=encoder.dtype, device=pipeline._execution_device)
