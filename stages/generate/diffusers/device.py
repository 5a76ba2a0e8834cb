"""Where a model computes, in which numbers, and what waits in main memory: sizes in, Placement out.

torch is given, never imported: whoever calls has it, or has said that it is missing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal

from imagine.stages.errors import LocalBackendError, UsageError, shown
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.local.options import LocalOptions

DTYPES = {"bfloat16": 2, "float16": 2, "float32": 4}
# What drawing takes beside the weights, by pixel: the autoencoder's last layers at 1024x1024 were
# seen to take about 3 GB in half precision.
BYTES_A_PIXEL = {2: 3200, 4: 6400}
# And each step of the denoiser, which is over when the autoencoder begins.
BYTES_A_STEP = {2: 1024, 4: 2048}
# The rest is left to what nobody counts: gaps between what was taken and given back.
SHARE = 0.97
# The whole of a single file as a part, and the parts in it by how the names of weights begin.
FILE, VAE = "file", "vae"
_IN_FILE = {
    VAE: ("first_stage_model.", "vae."),
    "text_encoder": ("cond_stage_model.", "conditioner.embedders.0.", "text_encoders."),
    "text_encoder_2": ("conditioner.embedders.1.",),
}
# Below that many numbers nothing is gained by halving them, and the picture is not the same.
LARGE = 200_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """Free memory in bytes.

    Attributes:
        main: of the machine; None where nobody says.
        card: of the graphics card, where one is used.
    """

    main: int | None
    card: int | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is to be loaded.

    Attributes:
        device: "cuda", "cuda:1", "mps", "cpu".
        dtype: "bfloat16", "float16", "float32".
        offload: which parts wait in main memory.
    """

    device: str
    dtype: str
    offload: Literal["none", "model", "sequential"] = "none"

    @property
    def kind(self) -> str:
        """ "cuda" of "cuda:1"."""
        return self.device.partition(":")[0]


def placement(source: Source, options: LocalOptions, torch: Any) -> Placement:
    """Where and how the model is loaded.

    Raises:
        LocalBackendError: there is no such device, or the model cannot fit.
        UsageError: a setting has a value that is none.
    """
    device = device_for(options.device, torch)
    dtype = dtype_for(source, options.dtype_on(device.partition(":")[0]), device, torch)
    memory = free_memory(device, torch)
    sizes = sizes_of(source, DTYPES[dtype])
    place = Placement(device, dtype)
    if place.kind == "cuda":
        if options.offload == "auto":
            decoding = bytes_a_pixel(source, dtype)
            offload = offload_for(sizes, source.family.side**2, DTYPES[dtype], memory, decoding)
        else:
            offload = options.offload
        place = Placement(device, dtype, offload)
    check_fits(source, sizes, place, memory)
    return place


def device_for(named: str, torch: Any) -> str:
    """The device that torch knows by that name; for "auto" the best that is there.

    Raises:
        LocalBackendError: it is not there.
        UsageError: torch has none of that name.
    """
    wanted = named.strip().lower()
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = torch.backends.mps.is_available()
    best = "cuda" if cards else "mps" if mps else "cpu"
    if wanted in ("auto", ""):
        return best
    if wanted == "gpu" and best != "cpu":
        return best
    if not re.fullmatch(r"cpu|gpu|mps|cuda(:\d{1,2})?", wanted):
        raise UsageError(
            f"The device '{shown(named)}' is none of auto, cpu, cuda, cuda:1 and mps; set "
            "IMAGINE_DEVICE to one of these."
        )
    there = ["cpu", *(["mps"] if mps else []), *(f"cuda:{card}" for card in range(cards))]
    if wanted in there or (wanted == "cuda" and cards):
        return wanted
    raise LocalBackendError(
        f"torch finds no device '{wanted}' (it finds {', '.join(there)}); set IMAGINE_DEVICE to "
        "one of these, or install a torch for that device."
    )


def dtype_for(source: Source, named: str, device: str, torch: Any) -> str:
    """The type of the weights in memory, by name.

    On a processor it is float32, but for large models where the processor computes in bfloat16:
    that halves the time there, and doubles it elsewhere.

    Raises:
        UsageError: it is none.
    """
    wanted = named.strip().lower()
    if wanted in DTYPES:
        return wanted
    if wanted not in ("auto", ""):
        raise UsageError(
            f"The dtype '{shown(named)}' is none of auto, {', '.join(DTYPES)}; set IMAGINE_DTYPE "
            "to one of these."
        )
    if device == "cpu":
        large = source.parameters() >= LARGE
        return "bfloat16" if large and _computes_bfloat16(torch) else "float32"
    if device.startswith("cuda") and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "float16"
    return source.family.dtype


def _computes_bfloat16(torch: Any) -> bool:
    """Whether the processor multiplies bfloat16 itself; torch says so under changing names."""
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in asked)


def free_memory(device: str, torch: Any) -> Memory:
    """What is free just now."""
    card = int(torch.cuda.mem_get_info(device)[0]) if device.startswith("cuda") else None
    return Memory(_free_main(), card)


def _free_main() -> int | None:
    """Bytes of main memory that programs can still have; None where the system does not say."""
    try:
        found = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text("ascii"))
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def bytes_a_pixel(source: Source, dtype: str) -> int:
    """What a pixel of a picture takes beside the weights, when it is decoded."""
    upcast = dtype == "float16" and source.described.upcast
    return BYTES_A_PIXEL[4 if upcast else DTYPES[dtype]]


def sizes_of(source: Source, width: int) -> dict[str, int]:
    """Bytes of each part that can be on the card without the others.

    Args:
        source: the model; what a single file holds is told apart by the names of its weights.
        width: bytes of a number.
    """
    sizes = {part: source.bytes_of(part, width) for part in source.parts if part != FILE}
    for weights in source.parts.get(FILE, {}).values():
        for name, tensor in weights.tensors.items():
            found = (part for part, starts in _IN_FILE.items() if name.startswith(starts))
            part = next(found, FILE)
            sizes[part] = sizes.get(part, 0) + width * prod(tensor.shape)
    return sizes


def offload_for(
    sizes: Mapping[str, int], pixels: int, width: int, memory: Memory, decoding: int
) -> Literal["none", "model", "sequential"]:
    """Which parts wait in main memory, so that the rest fits on the card.

    Args:
        sizes: bytes of the parts, by name.
        pixels: of the picture.
        width: bytes of a number.
        memory: what is free.
        decoding: bytes that each pixel takes while it is decoded.
    """
    free = (memory.card or 0) * SHARE
    if sum(sizes.values()) + pixels * decoding <= free:
        return "none"
    # Those that take turns never meet.
    largest = max((size for part, size in sizes.items() if part != VAE), default=0)
    peak = max(largest + pixels * BYTES_A_STEP[width], sizes.get(VAE, 0) + pixels * decoding)
    return "model" if peak <= free else "sequential"


def check_fits(source: Source, sizes: Mapping[str, int], place: Placement, memory: Memory) -> None:
    """Refuse a model whose weights are more than the memory that holds them.

    Raises:
        LocalBackendError: with what it takes, and what is there.
    """
    needed = sum(sizes.values())
    on_card = place.kind == "cuda" and place.offload == "none"
    free = memory.card if on_card else memory.main
    if free is None or needed <= free:
        return
    where = "on the graphics card" if on_card else "of main memory"
    smaller = " set IMAGINE_DTYPE=bfloat16," if place.dtype == "float32" else ""
    offload = " set IMAGINE_OFFLOAD=auto," if on_card else ""
    raise LocalBackendError(
        f"The model '{shown(source.name)}' takes {needed / 1e9:.1f} GB in {place.dtype}, and "
        f"{free / 1e9:.1f} GB {where} are free;{smaller}{offload} close other programs, or use a "
        "smaller model."
    )
