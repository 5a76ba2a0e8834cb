"""Files of models for tests: headers that are as the real ones' in every name that counts."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

Shapes = Mapping[str, tuple[int, ...]]

_UNET = "model.diffusion_model."
_LISTENS = f"{_UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
SD15: Shapes = {
    f"{_UNET}input_blocks.0.0.weight": (320, 4, 3, 3),
    _LISTENS: (320, 768),
    "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    "cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,),
}
INPAINTING: Shapes = {**SD15, f"{_UNET}input_blocks.0.0.weight": (320, 9, 3, 3)}
SD2: Shapes = {**SD15, _LISTENS: (320, 1024)}
SDXL: Shapes = {
    f"{_UNET}input_blocks.0.0.weight": (320, 4, 3, 3),
    f"{_UNET}label_emb.0.0.weight": (1280, 2816),
    "first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3),
    "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight": (768,),
    "conditioner.embedders.1.model.ln_final.weight": (1280,),
}
# As FLUX is published in .gguf files: the denoiser alone, under its own names.
FLUX: Shapes = {
    "double_blocks.0.img_attn.proj.weight": (3072, 3072),
    "guidance_in.in_layer.weight": (3072, 256),
    "img_in.weight": (3072, 64),
}
PLAIN: Shapes = {"weight": (4, 4)}


def write_safetensors(path: Path, shapes: Shapes = SD15) -> Path:
    """A sparse file: as long as its header says, and empty."""
    header, place = {}, 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {
            "dtype": "F16",
            "shape": list(shape),
            "data_offsets": [place, place + size],
        }
        place += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + place)
    return path


def write_gguf(path: Path, shapes: Shapes = FLUX, *, values: bytes = b"", count: int = 0) -> Path:
    """A sparse file of Q8_0 tensors; `values` are `count` entries beside its architecture's."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(shapes), count + 1)
    head += _text("general.architecture") + struct.pack("<I", 8) + _text("flux") + values
    place = 0
    for name, shape in shapes.items():
        sides = list(reversed(shape))
        head += _text(name) + struct.pack(f"<I{len(sides)}Q", len(sides), *sides)
        head += struct.pack("<IQ", 8, place)
        numbers = 1
        for side in sides:
            numbers *= side
        place += -(-numbers // 32) * 34
    start = -(-len(head) // 32) * 32
    with path.open("wb") as file:
        file.write(head)
        file.truncate(start + place)
    return path


def gguf_value(key: str, kind: int, value: bytes) -> bytes:
    """One entry of the table of values."""
    return _text(key) + struct.pack("<I", kind) + value


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()
