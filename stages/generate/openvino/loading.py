"""A converted folder goes in; its networks in memory, ready to draw, come out."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown
from imagine.stages.generate.openvino.embeddings import ClipEncoder
from imagine.stages.generate.openvino.folder import DECODER, ENCODER, ConvertedFolder
from imagine.stages.generate.openvino.layout import TINY_DECODER, TINY_ENCODER
from imagine.stages.generate.openvino.loras import Adapters, Fitted, fitted
from imagine.stages.generate.openvino.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory; used by one thread at a time.

    Attributes:
        runtime: that it was loaded with.
        folder: that it came from.
        encoders: GenAI's text encoders in the pipeline's order.
        clips: those of them that are CLIPs, with their tokenizers.
        last: tokenizer of the last encoder.
        denoiser: takes the steps.
        vae: between latents and pixels.
        tiny: the VAE is the small one.
        adapters: LoRAs that it was loaded with.
        notes: what the user should know of them, a sentence each.
    """

    runtime: Runtime
    folder: ConvertedFolder
    encoders: tuple[Any, ...]
    clips: tuple[ClipEncoder, ...]
    last: Any
    denoiser: Any
    vae: Any
    tiny: bool
    adapters: Adapters = ()
    notes: tuple[str, ...] = ()


def load(folder: ConvertedFolder, runtime: Runtime, *, tiny: bool, adapters: Adapters) -> Loaded:
    """Load and compile every network.

    Args:
        folder: checked.
        runtime: compiles.
        tiny: use the small VAE, where there is one.
        adapters: LoRAs to change the model with.

    Raises:
        LocalBackendError: a network cannot be loaded, or memory is short.
        UsageError: a LoRA does not fit the model.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        changes = []
        for number, (lora, path) in enumerate(adapters):
            place = Path(directory) / str(number)
            place.mkdir()
            changes.append(fitted(folder, lora, path, place))
        try:
            return _load(folder, runtime, tiny and folder.tiny, adapters, changes)
        except (RuntimeError, MemoryError, OSError, ValueError, TypeError) as error:
            raise _not_loaded(folder, error, adapters) from error


def _not_loaded(
    folder: ConvertedFolder, error: BaseException, adapters: Adapters
) -> LocalBackendError | UsageError:
    if is_memory(error):
        return LocalBackendError(
            f"Memory is too short to load the model '{shown(folder.name)}'; close other programs, "
            "or use a smaller model."
        )
    if adapters:
        named = ", ".join(lora.recorded for lora, _ in adapters)
        return UsageError(
            f"--lora {shown(named)} cannot change the model '{shown(folder.name)}': "
            f"{reason(error)}; name one that was trained for {folder.family.title}."
        )
    return LocalBackendError(
        f"The model in {quoted_path(folder.path)} cannot be loaded by OpenVINO: "
        f"{reason(error)}; convert or download the folder again."
    )


def is_memory(error: BaseException) -> bool:
    said = str(error).lower()
    return isinstance(error, MemoryError) or "bad_alloc" in said or "out of memory" in said


def reason(error: BaseException) -> str:
    """What OpenVINO says, in a line, without the places in its source that stand before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return shown((said or lines or ["no reason is given"])[-1], limit=200).rstrip(".")


def _load(
    folder: ConvertedFolder,
    runtime: Runtime,
    tiny: bool,
    adapters: Adapters,
    changes: list[Fitted],
) -> Loaded:
    genai, device, path, layout = runtime.genai, runtime.device, folder.path, folder.layout

    def network(name: str, kind: str) -> Any:
        options = runtime.hints
        changed = [
            (genai.Adapter(change.files[name]), lora.weight)
            for (lora, _), change in zip(adapters, changes, strict=True)
            if name in change.files
        ]
        if changed:
            fuse = genai.AdapterConfig.Mode.MODE_FUSE
            options["adapters"] = genai.AdapterConfig(changed, fuse)
        return getattr(genai, kind)(path / name, device, **options)

    tokenizers = [genai.Tokenizer(path / name) for name in layout.tokenizers]
    encoders = [network(*encoder) for encoder in layout.encoders]
    clips = [
        _clip(genai, path / name, kind, encoder, tokenizer)
        for (name, kind), encoder, tokenizer in zip(
            layout.encoders, encoders, tokenizers, strict=True
        )
        if kind.startswith("CLIP")
    ]
    names = (TINY_ENCODER, TINY_DECODER) if tiny else (ENCODER, DECODER)
    ways = [path / name for name in (names if folder.draws_over else names[1:])]
    return Loaded(
        runtime=runtime,
        folder=folder,
        encoders=tuple(encoders),
        clips=tuple(clips),
        last=tokenizers[-1],
        denoiser=network(*layout.denoiser),
        vae=genai.AutoencoderKL(*ways, device, **runtime.hints),
        tiny=tiny,
        adapters=adapters,
        notes=tuple(note for change in changes for note in change.notes),
    )


def _clip(genai: Any, path: Path, kind: str, network: Any, tokenizer: Any) -> ClipEncoder:
    file = path / "config.json"
    made = getattr(genai, kind)
    return ClipEncoder(
        network=network,
        tokenizer=tokenizer,
        config=genai.CLIPTextModel.Config(file),
        layers=int(json.loads(file.read_text(encoding="utf-8"))["num_hidden_layers"]),
        projected=made is genai.CLIPTextModelWithProjection,
    )
