"""Files of models for tests: as small as a check of them lets pass; nothing could be drawn."""

import json
from pathlib import Path

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": [None, None],
}
CONFIGS = {
    "scheduler/scheduler_config.json": {"_class_name": "DDIMScheduler"},
    "text_encoder/config.json": {"hidden_size": 768},
    "tokenizer/tokenizer_config.json": {"model_max_length": 77},
    "tokenizer/vocab.json": {"a": 0},
    "unet/config.json": {"cross_attention_dim": 768, "in_channels": 4, "sample_size": 64},
    "vae/config.json": {"block_out_channels": [128, 256, 512, 512], "sample_size": 512},
}
WEIGHTS = {
    "text_encoder": "model",
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
}


def tensors(*names: str, numbers: int = 8) -> bytes:
    """A .safetensors file of zeros."""
    header = {
        name: {
            "dtype": "F16",
            "shape": [numbers],
            "data_offsets": [2 * numbers * index, 2 * numbers * (index + 1)],
        }
        for index, name in enumerate(names or ["weight"])
    }
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(2 * numbers * len(header))


def lora() -> bytes:
    return tensors("unet.to_q.lora_A.weight", "unet.to_q.lora_B.weight")


def pipeline_files(*, variants: tuple[str, ...] = ("",), numbers: int = 8) -> dict[str, bytes]:
    """A Stable Diffusion 1 by its files' names, with weights of these variants; "" is plain."""
    files = {"model_index.json": json.dumps(INDEX).encode()}
    files |= {name: json.dumps(config).encode() for name, config in CONFIGS.items()}
    for part, stem in WEIGHTS.items():
        for variant in variants:
            name = f"{part}/{stem}{'.' if variant else ''}{variant}.safetensors"
            # Each its own, as otherwise they would be one blob.
            files[name] = tensors(f"{part}{variant}.weight", numbers=numbers)
    return files


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def pipeline_at(folder: Path) -> Path:
    """A folder that every check takes for a Stable Diffusion 1."""
    return write(folder, pipeline_files())
