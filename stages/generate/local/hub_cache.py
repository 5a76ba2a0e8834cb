"""The cache that programs share for models of the Hugging Face hub: an id in, its folder out.

A model "org/name" has a folder models--org--name, with refs/BRANCH (the commit that a branch was
last at) and snapshots/COMMIT (its files, links to blobs/). Nothing is written here, and
huggingface_hub need not be installed to read it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imagine.stages.generate.local import INDEX

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
# Of OpenVINO the .bin beside its .xml; pickles are called so too, and refused by who loads them.
_WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")


def is_id(text: str) -> bool:
    """Whether a text may be the id of a model on the hub: "org/name"."""
    return _ID.fullmatch(text) is not None and "--" not in text and ".." not in text


def folder_of(hub: Path, model: str) -> Path:
    """Where the cache keeps a model, whether it has it or not."""
    return hub / f"models--{model.replace('/', '--')}"


def snapshot_of(hub: Path, model: str, commit: str = "") -> Path | None:
    """The folder with a model's files as of a commit; None where it is not there.

    Args:
        commit: its hash; "" for that of the main branch, else of the latest download.
    """
    folder = folder_of(hub, model)
    if commit:
        path = folder / "snapshots" / commit
        return path if commit.isalnum() and path.is_dir() else None
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        commit = ""
    if commit and (folder / "snapshots" / commit).is_dir():
        return folder / "snapshots" / commit
    found = [path for path in (folder / "snapshots").glob("*") if path.is_dir()]
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name), default=None)


def models_in(hub: Path) -> Iterator[tuple[str, Path]]:
    """Ids of the models in the cache, with their folders, in the order of the alphabet."""
    for folder in sorted(hub.glob("models--*--*")):
        model = folder.name.removeprefix("models--").replace("--", "/")
        snapshot = snapshot_of(hub, model)
        if is_id(model) and snapshot is not None:
            yield model, snapshot


def id_of(hub: Path, path: Path) -> str:
    """What the model of a path in the cache is called, with the file's name; "" for another path.

    That is its id, or ORG/NAME@COMMIT for files of another commit than the id alone stands for.
    """
    try:
        repository, snapshots, commit, *rest = path.relative_to(hub).parts
    except ValueError:
        return ""
    model = repository.removeprefix("models--").replace("--", "/", 1)
    if snapshots != "snapshots" or not is_id(model):
        return ""
    usual = snapshot_of(hub, model)
    name = model if usual is not None and usual.name == commit else f"{model}@{commit}"
    return "/".join([name, *rest])


def is_part(folder: Path) -> bool:
    """Whether a folder holds one part of a pipeline, such as a small VAE."""
    return (folder / "config.json").exists() and any(folder.glob("diffusion_pytorch_model.*"))


def is_tiny_vae(folder: Path) -> bool:
    """Whether a folder holds a small autoencoder of diffusers (TAESD), which draws nothing."""
    return _json(folder / "config.json").get("_class_name") == "AutoencoderTiny"


def missing_part(snapshot: Path) -> str:
    """What a pipeline's folder lacks of what its index names, as "unet"; "" when it is whole.

    Only what a download that ended early would leave is looked for; nothing is opened but JSON.
    """
    index = _json(snapshot / INDEX)
    for name, entry in index.items():
        if name.startswith("_") or not isinstance(entry, list) or not any(entry):
            continue
        part = snapshot / name
        if not part.is_dir():
            return name
        # Tokenizers and schedulers have no config.json, and no weights.
        if (part / "config.json").exists() and not _has_weights(part):
            return name
    return ""


def _has_weights(part: Path) -> bool:
    for index in part.glob("*.safetensors.index*.json"):
        shards = _json(index).get("weight_map")
        files = set(shards.values()) if isinstance(shards, dict) else set()
        if not all((part / str(file)).is_file() for file in files):
            return False
    return any(file.is_file() for pattern in _WEIGHTS for file in part.glob(pattern))


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}
