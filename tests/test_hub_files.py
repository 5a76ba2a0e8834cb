"""What of a repository is downloaded, and in which precision."""

from typing import Any

import pytest
from model_files import INDEX

from imagine.stages.errors import ImagineError, LocalBackendError, UsageError
from imagine.stages.generate.local.hub_files import (
    RemoteFile,
    file_of,
    files_of_part,
    files_of_pipeline,
    in_words,
    is_part,
    is_pipeline,
    variant_of,
)

# As repositories of published models are, in short.
SDXL = """
.gitattributes LICENSE.md README.md model_index.json pipeline.png 01.png
sd_xl_base_1.0.safetensors sd_xl_base_1.0_0.9vae.safetensors model.onnx
scheduler/scheduler_config.json
text_encoder/config.json text_encoder/model.safetensors text_encoder/model.fp16.safetensors
text_encoder/pytorch_model.bin text_encoder/flax_model.msgpack text_encoder/model.onnx
text_encoder/openvino_model.xml text_encoder/openvino_model.bin
tokenizer/merges.txt tokenizer/vocab.json tokenizer/tokenizer_config.json
unet/config.json unet/diffusion_pytorch_model.safetensors
unet/diffusion_pytorch_model.fp16.safetensors unet/diffusion_pytorch_model.non_ema.safetensors
vae/config.json vae/diffusion_pytorch_model.safetensors
vae_1_0/config.json vae_1_0/diffusion_pytorch_model.fp16.safetensors
unet/custom.py
"""
FLUX = """
model_index.json flux1.safetensors ae.safetensors text_encoder/config.json
scheduler/scheduler_config.json tokenizer/special_tokens_map.json tokenizer/spiece.model
tokenizer/chat_template.jinja
text_encoder/model-00001-of-00002.safetensors text_encoder/model-00002-of-00002.safetensors
text_encoder/model.safetensors.index.json
unet/config.json unet/diffusion_pytorch_model.safetensors.index.json
unet/diffusion_pytorch_model-00001-of-00001.safetensors
unet/diffusion_pytorch_model.safetensors.index.bf16.json
unet/diffusion_pytorch_model.bf16-00001-of-00001.safetensors
unet/pytorch_model.bin.index.json
vae/config.json vae/diffusion_pytorch_model.safetensors
"""
CONVERTED = """
model_index.json unet/config.json unet/openvino_model.xml unet/openvino_model.bin
unet/pytorch_model.bin text_encoder/openvino_model.xml text_encoder/openvino_model.bin
tokenizer/openvino_tokenizer.xml tokenizer/openvino_tokenizer.bin tokenizer/vocab.json
vae/openvino_model.xml vae/openvino_model.bin scheduler/scheduler_config.json
"""


def listed(names: str) -> list[RemoteFile]:
    return [RemoteFile(name, 1000, "0" * 40) for name in names.split()]


def chosen(names: str, variant: str | None = None) -> set[str]:
    files = files_of_pipeline("org/tiny", listed(names), INDEX, variant=variant)
    assert len(files) == len(set(files))
    return {file.name for file in files}


SDXL_TEXTS = {
    *("LICENSE.md", "model_index.json", "scheduler/scheduler_config.json"),
    *("tokenizer/merges.txt", "tokenizer/vocab.json", "tokenizer/tokenizer_config.json"),
    *("text_encoder/config.json", "unet/config.json", "vae/config.json"),
}


@pytest.mark.parametrize(
    ("variant", "weights"),
    [
        (None, {"text_encoder/model.fp16", "unet/diffusion_pytorch_model.fp16"}),
        ("fp16", {"text_encoder/model.fp16", "unet/diffusion_pytorch_model.fp16"}),
        ("non_ema", {"text_encoder/model", "unet/diffusion_pytorch_model.non_ema"}),
    ],
)
def test_one_precision_is_downloaded_and_nothing_that_is_not_read(
    variant: str | None, weights: set[str]
) -> None:
    # Of the VAE there is one precision only.
    weights = weights | {"vae/diffusion_pytorch_model"}
    assert chosen(SDXL, variant) == SDXL_TEXTS | {f"{name}.safetensors" for name in weights}


def test_the_index_comes_first_and_the_weights_last() -> None:
    names = [f.name for f in files_of_pipeline("m", listed(SDXL), INDEX, variant=None)]
    assert names[0] == "model_index.json"
    first = next(index for index, name in enumerate(names) if name.endswith(".safetensors"))
    assert all(name.endswith(".safetensors") for name in names[first:])


def test_shards_come_with_their_own_index_alone() -> None:
    plain = chosen(FLUX)
    assert "tokenizer/spiece.model" in plain
    assert "tokenizer/chat_template.jinja" in plain
    assert "text_encoder/model.safetensors.index.json" in plain
    assert {name for name in plain if name.startswith("unet/")} == {
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors.index.json",
        "unet/diffusion_pytorch_model-00001-of-00001.safetensors",
    }
    assert {name for name in chosen(FLUX, "bf16") if name.startswith("unet/")} == {
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors.index.bf16.json",
        "unet/diffusion_pytorch_model.bf16-00001-of-00001.safetensors",
    }


def test_converted_networks_come_with_their_numbers() -> None:
    assert chosen(CONVERTED) == set(CONVERTED.split()) - {"unet/pytorch_model.bin"}


@pytest.mark.parametrize(
    ("base", "variant"),
    [
        ("model.safetensors", ""),
        ("model.fp16.safetensors", "fp16"),
        ("model-00001-of-00002.safetensors", ""),
        ("model.fp16-00001-of-00002.safetensors", "fp16"),
        ("model-00001-of-00002.fp16.safetensors", "fp16"),
        ("model.safetensors.index.json", ""),
        ("model.safetensors.index.fp16.json", "fp16"),
    ],
)
def test_variants_are_read_from_names(base: str, variant: str) -> None:
    assert variant_of(base) == variant


def test_a_small_vae_is_a_repository_of_one_part() -> None:
    files = listed(
        "README.md config.json diffusion_pytorch_model.safetensors diffusion_pytorch_model.bin "
        "taesd_encoder.safetensors taesd_decoder.safetensors"
    )
    assert is_part(files)
    assert not is_pipeline(files)
    names = [file.name for file in files_of_part("org/taesd", files, variant=None)]
    assert names == ["config.json", "diffusion_pytorch_model.safetensors"]


FILES = "a.safetensors b.gguf sub/c.safetensors d.ckpt README.md"
REFUSED: list[tuple[str, str, dict[str, Any], type[ImagineError], str]] = [
    ("several", FILES, {"name": None}, UsageError,
     "The model org/m has several files; name one with --file: a.safetensors (1 kB), b.gguf (1 "
     "kB)."),
    ("a pickle", FILES, {"name": "d.ckpt"}, LocalBackendError,
     "The file 'd.ckpt' of org/m may be a pickle, which can run programs; name a .safetensors or "
     ".gguf file."),
    ("not there", FILES, {"name": "x.gguf"}, UsageError,
     "There is no 'x.gguf' in org/m; it has a.safetensors (1 kB), b.gguf (1 kB), "
     "sub/c.safetensors (1 kB)."),
    ("pickles only", "a.ckpt b.bin", {"name": None}, LocalBackendError,
     "The model org/m has weights as pickles only, which can run programs; choose one with "
     ".safetensors or .gguf files."),
    ("no weights", "README.md", {"name": None}, LocalBackendError,
     "The model org/m has no weights; choose one with .safetensors or .gguf files."),
    ("none to name", "README.md", {"name": "x.gguf"}, UsageError,
     "There is no 'x.gguf' in org/m; it has no .safetensors or .gguf file."),
    ("many", " ".join(f"{n}.gguf" for n in range(10)), {"name": None}, UsageError,
     "The model org/m has several files; name one with --file: 0.gguf (1 kB), 1.gguf (1 kB), "
     "2.gguf (1 kB), 3.gguf (1 kB), 4.gguf (1 kB), 5.gguf (1 kB), 6.gguf (1 kB), 7.gguf (1 kB), 2 "
     "more."),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_one_file_is_told(
    row: tuple[str, str, dict[str, Any], type[ImagineError], str],
) -> None:
    _, names, arguments, kind, message = row
    with pytest.raises(kind) as raised:
        file_of("org/m", listed(names), **arguments)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("names", "name", "found"),
    [
        (FILES, "sub/c.safetensors", "sub/c.safetensors"),
        ("a.safetensors README.md sub/b.safetensors", None, "a.safetensors"),
        ("sub/b.gguf", None, "sub/b.gguf"),
    ],
)
def test_the_one_file_is_found(names: str, name: str | None, found: str) -> None:
    assert file_of("org/m", listed(names), name).name == found


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 kB"), (1600, "2 kB"), (12_300_000, "12 MB"), (6_938_000_000, "6.9 GB")],
)
def test_sizes_are_told_in_words(size: int, words: str) -> None:
    assert in_words(size) == words
