"""Drawing when memory is short: requests go in; their pictures, or what to change, come out.

What fits is drawn in one go. Where memory runs out, it is tried again in ways that take less: the
pictures one by one, the autoencoder in tiles, the parts of the model in turns on the card.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from imagine.stages.generate.diffusers.chunks import akin
from imagine.stages.generate.diffusers.drawing import OutOfMemoryError, draw
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.loading import out_of_memory
from imagine.stages.generate.local.worker import Tell
from imagine.stages.image import GeneratedImage, ImageRequest, Lora


def draw_within_memory(
    loaded: Loaded,
    requests: Sequence[ImageRequest],
    *,
    loras: Sequence[tuple[Lora, Path]],
    weights: str,
    torch: Any,
    tell: Tell,
    say: Callable[[str], None],
) -> list[GeneratedImage]:
    """As `draw`, and what is drawn in other ways for want of memory is said.

    Raises:
        LocalBackendError: memory does not suffice in any way; or as `draw`.
    """

    def drawn(some: Sequence[ImageRequest]) -> list[GeneratedImage]:
        return draw(loaded, some, loras=loras, weights=weights, torch=torch, tell=tell)

    groups = akin(
        loaded,
        [request.prompt for request in requests],
        [request.negative_prompt for request in requests],
    )
    if len(groups) > 1:
        pictures = {
            index: picture
            for group in groups
            for index, picture in zip(
                group,
                draw_within_memory(
                    loaded,
                    [requests[index] for index in group],
                    loras=loras,
                    weights=weights,
                    torch=torch,
                    tell=tell,
                    say=say,
                ),
                strict=True,
            )
        }
        return [pictures[index] for index in range(len(requests))]
    try:
        return drawn(requests)
    except OutOfMemoryError:
        # What the error holds is let go of when this clause ends.
        pass
    _free(torch)
    if len(requests) > 1:
        say("Memory ran out with several pictures at once; they are drawn one by one.")
        return [
            picture
            for request in requests
            for picture in draw_within_memory(
                loaded, [request], loras=loras, weights=weights, torch=torch, tell=tell, say=say
            )
        ]
    for lessen in (_tile, _offload):
        sentence = lessen(loaded)
        if not sentence:
            continue
        say(sentence)
        try:
            return drawn(requests)
        except OutOfMemoryError:
            pass
        _free(torch)
    raise out_of_memory(loaded.name)


def _free(torch: Any) -> None:
    import gc

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _tile(loaded: Loaded) -> str:
    """Have pictures decoded in tiles; says so, or "" when they are already, or cannot be."""
    vae: Any = getattr(loaded.pipeline, "vae", None)
    if not hasattr(vae, "enable_tiling") or getattr(vae, "use_tiling", False):
        return ""
    vae.enable_tiling()
    return "Memory ran out; the picture is drawn again and decoded in tiles."


def _offload(loaded: Loaded) -> str:
    """Have the model's parts take turns on the card; says so, or "" where that is no use."""
    if not loaded.device.startswith("cuda") or loaded.offloaded:
        return ""
    loaded.pipeline.to("cpu")
    loaded.pipeline.enable_model_cpu_offload(device=loaded.device)
    loaded.offloaded = True
    loaded.others.clear()
    return "Memory ran out; the model's parts take turns on the graphics card from now on."
