"""One part of a diffusers folder goes in; the same part as OpenVINO reads it comes out.

Nothing is downloaded, and of weights only .safetensors files are loaded.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError, quoted_path
from imagine.stages.generate.openvino.layout import MODEL, TOKENIZER
from imagine.stages.generate.openvino.precision import keep_precise
from imagine.stages.torch_device import torch_reason

if TYPE_CHECKING:
    from imagine.stages.generate.openvino.traced import Traced


@dataclass(frozen=True, slots=True)
class Part:
    """A folder with weights, the class that loads them, and what their names end in."""

    path: Path
    kind: str
    variant: str | None


def convert_network(part: Part, work: Path) -> None:
    from imagine.stages.generate.openvino import traced

    tracers: dict[str, Callable[[Any], traced.Traced]] = {
        "CLIPTextModel": traced.clip_encoder,
        "CLIPTextModelWithProjection": traced.clip_encoder,
        "T5EncoderModel": traced.t5_encoder,
        "UNet2DConditionModel": traced.unet,
        "SD3Transformer2DModel": traced.sd3_transformer,
        "FluxTransformer2DModel": traced.flux_transformer,
    }
    name = part.path.name
    _save(tracers[part.kind](_loaded(part)), work / name)
    shutil.copyfile(part.path / "config.json", work / name / "config.json")


def convert_vae(part: Part, names: tuple[str, str], work: Path) -> None:
    """Both ways, in folders of these names: to pixels, and from them."""
    from imagine.stages.generate.openvino import traced

    model = _loaded(part)
    config = json.dumps(_vae_config(model.config), indent=2)
    for name, tracer in zip(names, (traced.decoder, traced.encoder), strict=True):
        _save(tracer(model), work / name)
        (work / name / "config.json").write_text(config, encoding="utf-8")


def _vae_config(config: Any) -> dict[str, Any]:
    """What GenAI reads of a VAE; it counts the halvings of the size by the blocks."""
    blocks = getattr(config, "block_out_channels", None) or config.decoder_block_out_channels
    return {
        "_class_name": config["_class_name"],
        "in_channels": config.in_channels,
        "out_channels": config.out_channels,
        "latent_channels": config.latent_channels,
        "block_out_channels": list(blocks),
        "scaling_factor": config.scaling_factor,
        "shift_factor": getattr(config, "shift_factor", None) or 0.0,
    }


def _loaded(part: Part) -> Any:
    """A part's module on the CPU, in float32."""
    import diffusers
    import transformers

    library = diffusers if hasattr(diffusers, part.kind) else transformers
    options: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    if part.variant is not None:
        options["variant"] = part.variant
    try:
        return getattr(library, part.kind).from_pretrained(part.path, **options).float()
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise LocalBackendError(
            f"The part {quoted_path(part.path)} cannot be loaded: {torch_reason(error)}; download "
            "it again."
        ) from error


def _save(part: "Traced", folder: Path) -> None:
    """Trace a part and write it."""
    import openvino
    import torch

    examples = tuple(part.examples.values())
    try:
        with torch.no_grad():
            # OpenVINO would trace a second time, to compare.
            traced = torch.jit.trace(part.module, examples, strict=False, check_trace=False)
            model = openvino.convert_model(traced, example_input=examples)
    except RuntimeError as error:
        raise LocalBackendError(
            f"The part '{folder.name}' cannot be converted: {torch_reason(error)}; draw with the "
            "model through -b diffusers."
        ) from error
    for name, port in zip(part.examples, model.inputs, strict=True):
        port.get_tensor().set_names({name})
    for name, port in zip(part.outputs, model.outputs, strict=True):
        port.get_tensor().set_names({name})
    keep_precise(model)
    folder.mkdir()
    openvino.save_model(model, folder / f"{MODEL}.xml", compress_to_fp16=True)


def convert_tokenizer(source: Path, work: Path) -> None:
    import openvino
    from openvino_tokenizers import convert_tokenizer
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
    folder = work / source.name
    tokenizer.save_pretrained(folder)
    converted = convert_tokenizer(tokenizer, with_detokenizer=False)
    openvino.save_model(converted, folder / f"{TOKENIZER}.xml")


@contextmanager
def quiet() -> Iterator[None]:
    """Tracing warns of every branch in the models, and both libraries draw progress bars."""
    import diffusers
    import transformers

    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
