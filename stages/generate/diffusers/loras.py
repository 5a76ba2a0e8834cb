"""LoRAs: small files of weights go in, the loaded model draws with them while they are wanted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown, unreadable
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.loading import is_out_of_memory
from imagine.stages.image import Lora
from imagine.stages.torch_device import torch_reason
from imagine.stages.weights import open_weights

# Parts of the names that low-rank weights have in the formats of Kohya, diffusers and PEFT.
_LOW_RANK = (".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", ".lora.down.", ".lora.up.")
_ALSO_LOW_RANK = (".lora_linear_layer.", "_lora.down.", "_lora.up.", ".hada_w1_a", ".lokr_w1")
# What diffusers raises for weights that it cannot place.
_MISFITS = (ValueError, RuntimeError, KeyError, TypeError, AttributeError, IndexError, OSError)


@contextmanager
def applied(loaded: Loaded, loras: Sequence[tuple[Lora, Path]]) -> Iterator[list[str]]:
    """Draws with LoRAs in what follows, and gives the notes of them.

    They stay in the model until other ones are wanted, since a batch wants the same. A weight of 0
    is none at all.

    Args:
        loaded: the model.
        loras: with the file of each.

    Raises:
        LocalBackendError: peft is missing, or a file is a pickle, damaged or no LoRA.
        UsageError: it is of another architecture.
        RuntimeError, MemoryError: memory was short.
    """
    wanted = tuple((str(path), _changed(path), lora.weight) for lora, path in loras if lora.weight)
    if wanted != loaded.loras:
        for lora, path in loras:
            check_lora(lora, path)
        # Words are encoded by what a LoRA changes too.
        loaded.embeddings.clear()
        if [entry[:2] for entry in wanted] != [entry[:2] for entry in loaded.loras]:
            _exchange(loaded, [(lora, path) for lora, path in loras if lora.weight])
        if wanted:
            names = [_adapter(index) for index in range(len(wanted))]
            loaded.pipeline.set_adapters(names, [weight for *_, weight in wanted])
        loaded.loras = wanted
    yield [
        f"The LoRA '{shown(lora.recorded)}' counts for nothing at a weight of 0."
        for lora, _ in loras
        if not lora.weight
    ]


def check_lora(lora: Lora, path: Path) -> None:
    """Refuse a file that is no LoRA; without torch.

    Raises:
        LocalBackendError: it is a pickle, damaged, cut off, or holds other weights.
    """
    if path.suffix.lower() != ".safetensors":
        raise LocalBackendError(
            f"The LoRA {quoted_path(lora.recorded)} is no .safetensors file, and others can run "
            "programs; get it as .safetensors."
        )
    try:
        names = open_weights(path).tensors
    except UsageError as error:
        raise LocalBackendError(str(error)) from error
    if not any(part in name for name in names for part in (*_LOW_RANK, *_ALSO_LOW_RANK)):
        raise LocalBackendError(
            f"The file {quoted_path(lora.recorded)} is no LoRA: it holds no low-rank weights; "
            "name a LoRA with --lora, and a whole model with --model."
        )


def _changed(path: Path) -> int:
    """When the file was written, in nanoseconds; another file may come to have its name."""
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise LocalBackendError(unreadable(path, error)) from error


def _exchange(loaded: Loaded, loras: Sequence[tuple[Lora, Path]]) -> None:
    """Take out what is in the model and put these in."""
    pipeline = loaded.pipeline
    if loaded.loras:
        pipeline.unload_lora_weights()
        loaded.loras = ()
    if not loras:
        return
    if not hasattr(pipeline, "load_lora_weights"):
        raise UsageError(
            f"The model '{shown(loaded.name)}' ({loaded.family.title}) takes no LoRA; leave out "
            "--lora, or choose another model."
        )
    if find_spec("peft") is None:
        raise LocalBackendError(
            "LoRAs need the Python package 'peft', which is not installed; "
            "pip install 'imagine-cli[diffusers]'."
        )
    for index, (lora, path) in enumerate(loras):
        try:
            _load(loaded, lora, path, _adapter(index))
        except BaseException:
            # What was put in so far must not stay.
            pipeline.unload_lora_weights()
            raise


def _load(loaded: Loaded, lora: Lora, path: Path, adapter: str) -> None:
    import torch

    pipeline = loaded.pipeline
    try:
        with _quiet():
            pipeline.load_lora_weights(
                str(path.parent),
                weight_name=path.name,
                adapter_name=adapter,
                local_files_only=True,
                use_safetensors=True,
            )
    except _MISFITS as error:
        if is_out_of_memory(error, torch):
            raise
        sizes = "size mismatch" in str(error)
        reason = "its weights are of other sizes" if sizes else torch_reason(error)
        raise _misfit(loaded, lora, reason) from error
    if not any(adapter in names for names in pipeline.get_list_adapters().values()):
        raise _misfit(loaded, lora, "none of its weights belongs to it")


@contextmanager
def _quiet() -> Iterator[None]:
    """diffusers logs what it raises too, a line for each weight, and peft tells programmers."""
    import logging
    import warnings

    import diffusers

    log = diffusers.utils.logging
    level = log.get_verbosity()
    log.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(level)


def _misfit(loaded: Loaded, lora: Lora, reason: str) -> UsageError:
    return UsageError(
        f"--lora {shown(lora.recorded)} does not fit the model '{shown(loaded.name)}' "
        f"({loaded.family.title}): {reason}; choose a LoRA that was made for it."
    )


def _adapter(index: int) -> str:
    return f"lora_{index}"
