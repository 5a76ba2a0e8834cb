"""Drawing when memory is short: requests go in; their pictures, or what to change, come out.

What fits is drawn in one go. Where memory runs out, it is tried again in ways that take less: the
pictures one by one, the autoencoder in tiles, the parts of the model in turns on the card.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from imagine.stages.generate.diffusers.chunks import akin
from imagine.stages.generate.diffusers.drawing import draw, translated
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.loading import OutOfMemoryError, out_of_memory
from imagine.stages.generate.local.worker import Tell
from imagine.stages.image import GeneratedImage, ImageRequest, Lora, Progress


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

    def each_of(groups: Sequence[Sequence[int]]) -> list[GeneratedImage]:
        """One group after the other, and their pictures in the order of the requests."""
        pictures: dict[int, GeneratedImage] = {}
        for number, group in enumerate(groups):
            made = draw_within_memory(
                loaded,
                [requests[index] for index in group],
                loras=loras,
                weights=weights,
                torch=torch,
                tell=_share(tell, number, len(groups)),
                say=say,
            )
            pictures |= dict(zip(group, made, strict=True))
        return [pictures[index] for index in range(len(requests))]

    with translated(loaded, torch):
        groups = akin(
            loaded,
            [request.prompt for request in requests],
            [request.negative_prompt for request in requests],
        )
    if len(groups) > 1:
        return each_of(groups)
    try:
        return drawn(requests)
    except OutOfMemoryError:
        # What the error holds is let go of when this clause ends.
        pass
    free(torch)
    if len(requests) > 1:
        say("Memory ran out with several pictures at once; they are drawn one by one.")
        return each_of([[index] for index in range(len(requests))])
    for lessen in (_tile, _offload, _offload_layers):
        sentence = lessen(loaded)
        if not sentence:
            continue
        say(sentence)
        try:
            return drawn(requests)
        except OutOfMemoryError:
            pass
        free(torch)
    raise out_of_memory(loaded.name)


def _share(tell: Tell, number: int, of: int) -> Tell:
    """Tells the steps of one of several drawings as steps of them all."""

    def told(progress: Progress) -> None:
        done = number * progress.total + progress.step
        tell(replace(progress, step=done, total=of * progress.total))

    return told


def free(torch: Any) -> None:
    """Give back what nobody refers to any more: of the machine, and of the card."""
    import gc

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


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


def _offload_layers(loaded: Loaded) -> str:
    """Have the model's layers take turns, where parts as a whole are too much; as `_offload`."""
    if not loaded.device.startswith("cuda") or loaded.sequential:
        return ""
    # A part that ran out of memory is on the card still.
    loaded.pipeline.remove_all_hooks()
    loaded.pipeline.to("cpu")
    loaded.pipeline.enable_sequential_cpu_offload(device=loaded.device)
    loaded.sequential = True
    loaded.others.clear()
    return "Memory ran out; the model's layers take turns on the graphics card from now on."
