"""A converted folder as far as it is read without OpenVINO: descriptions, lists and weights."""

import json
from pathlib import Path
from typing import Any

NETWORK = (
    '<?xml version="1.0"?><net name="part" version="11"><layers>'
    '<layer id="0" name="w" type="Const" version="opset1">'
    '<data element_type="f16" shape="4, 8" offset="16" size="64"/></layer>'
    "</layers><edges/></net>"
)
NETWORKS = ("text_encoder", "unet", "vae_decoder", "vae_encoder")
SCHEDULER = {"_class_name": "EulerDiscreteScheduler", "beta_schedule": "scaled_linear"}


def converted_at(
    path: Path,
    *,
    pipeline: str = "StableDiffusionPipeline",
    networks: tuple[str, ...] = NETWORKS,
    scheduler: dict[str, Any] | None = None,
    tiny: bool = False,
) -> Path:
    """A folder of Stable Diffusion 1 that is whole, with weights of 80 bytes."""
    path.mkdir(parents=True)
    index = {
        "_class_name": pipeline,
        "text_encoder": ["transformers", "CLIPTextModel"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    if "text_encoder_2" in networks:
        index["text_encoder_2"] = ["transformers", "CLIPTextModelWithProjection"]
    write_json(path / "model_index.json", index)
    write_json(path / "scheduler" / "scheduler_config.json", scheduler or SCHEDULER)
    for name in (*networks, *(("tiny_vae_decoder", "tiny_vae_encoder") if tiny else ())):
        write_network(path / name, "openvino_model")
        blocks = [320, 640, 1280, 1280] if name == "unet" else [128, 256, 512, 512]
        write_json(path / name / "config.json", {"block_out_channels": blocks, "sample_size": 64})
    for name in networks:
        if name.startswith("text_encoder"):
            tokenizer = name.replace("text_encoder", "tokenizer")
            write_network(path / tokenizer, "openvino_tokenizer")
    return path


def write_network(folder: Path, stem: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{stem}.xml").write_text(NETWORK, encoding="utf-8")
    (folder / f"{stem}.bin").write_bytes(bytes(80))


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
