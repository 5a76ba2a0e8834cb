"""What of a repository is downloaded: its file list goes in; the files that draw come out.

Descriptions, tokenizers, and the weights once: of one precision, as .safetensors (or GGUF, or
OpenVINO's .xml with its .bin). Pickles and programs, which could run anything, never.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha1, sha256
from pathlib import PurePosixPath
from typing import Any

from imagine.stages.errors import LocalBackendError, UsageError, shown
from imagine.stages.generate.local import INDEX

SINGLE = (".safetensors", ".gguf")
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".msgpack", ".h5")
# In the folder of a part: what describes it, and what its tokenizer reads.
_TEXTS = ("*.json", "*.txt", "*.jinja", "*.model")
_LICENCES = ("LICEN[SC]E*", "licen[sc]e*")
# The precisions in the order in which they are wanted where nobody names one; "" is the plain one.
_WANTED = ("fp16", "", "bf16")
# A message lists so many files of a repository.
_MOST_NAMED = 8
# Hexadecimal digits.
_SHA256 = 64


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository.

    Attributes:
        name: its path in the repository: "unet/config.json".
        size: bytes.
        digest: of its content: sha256 for large files, git's for small ones, in hexadecimal.
    """

    name: str
    size: int
    digest: str

    @property
    def folder(self) -> str:
        return str(PurePosixPath(self.name).parent) if "/" in self.name else ""

    @property
    def base(self) -> str:
        return PurePosixPath(self.name).name


class Digest:
    """Checks a file's content as it comes."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self.begin()

    def begin(self) -> None:
        """Forget what came."""
        if len(self._file.digest) == _SHA256:
            self._hash = sha256()
        else:
            # How git names a file.
            self._hash = sha1(b"blob %d\0" % self._file.size, usedforsecurity=False)

    def update(self, piece: bytes) -> None:
        self._hash.update(piece)

    def is_right(self) -> bool:
        return self._hash.hexdigest() == self._file.digest


def is_whole(content: bytes, file: RemoteFile) -> bool:
    """Whether that is the content of the file."""
    digest = Digest(file)
    digest.update(content)
    return digest.is_right()


def is_pipeline(files: Iterable[RemoteFile]) -> bool:
    """Whether a repository holds a pipeline in parts, whose index is to be read first."""
    return any(file.name == INDEX for file in files)


def is_part(files: Iterable[RemoteFile]) -> bool:
    """Whether a repository holds one part of a pipeline, such as a small VAE."""
    return any(not file.folder and _is_part_weight(file) for file in files)


def files_of_pipeline(
    model: str, files: Sequence[RemoteFile], index: dict[str, Any], *, variant: str | None
) -> list[RemoteFile]:
    """The files of a pipeline, the index first and the weights last.

    Args:
        index: what model_index.json holds.
        variant: of the weights, as "fp16" or "bf16"; None for the smallest usual one.

    Raises:
        LocalBackendError: a part has no weights but pickles.
        UsageError: no part has the variant.
    """
    texts = [file for file in files if file.name == INDEX]
    texts += [file for file in files if not file.folder and _matches(file, _LICENCES)]
    weights: list[RemoteFile] = []
    found = False
    for part in _parts(index):
        inside = [file for file in files if file.folder == part]
        chosen, has_variant = _weights(model, part, inside, variant)
        found = found or has_variant
        weights += chosen
        texts += [file for file in inside if _describes(file, chosen)]
    if variant is not None and not found:
        usable = [file for file in files if file.name.endswith(".safetensors")]
        known = sorted({name for file in usable if (name := variant_of(file.base))})
        told = f"but {', '.join(known)}" if known else "nor any other"
        raise UsageError(
            f"The model {model} has no variant '{shown(variant)}', {told}; leave out --variant, "
            "or name another."
        )
    return texts + weights


def files_of_part(
    model: str, files: Sequence[RemoteFile], *, variant: str | None
) -> list[RemoteFile]:
    """The files of a repository that holds one part, such as a small VAE: a config.json at its top.

    Raises:
        LocalBackendError: it has pickles only.
    """
    top = [file for file in files if not file.folder]
    chosen, _ = _weights(model, "", [f for f in top if _is_part_weight(f)], variant)
    if not chosen:
        raise _no_weights(model, top)
    return [file for file in top if file.name == "config.json"] + chosen


def file_of(model: str, files: Sequence[RemoteFile], name: str | None) -> RemoteFile:
    """The one file of a repository that holds a model, or LoRA, as a file.

    Args:
        name: which; None where it has only one.

    Raises:
        UsageError: there is none of that name, or several and none was named.
        LocalBackendError: it is a pickle, or there are only such.
    """
    usable = [file for file in files if file.name.endswith(SINGLE)]
    if name is not None:
        found = next((file for file in usable if file.name == name), None)
        if found is not None:
            return found
        if name.endswith(_PICKLES):
            raise LocalBackendError(
                f"The file '{shown(name)}' of {model} may be a pickle, which can run programs; "
                "name a .safetensors or .gguf file."
            )
        raise UsageError(f"There is no '{shown(name)}' in {model}; it has {_named(usable)}.")
    top = [file for file in usable if not file.folder] or usable
    if not top:
        raise _no_weights(model, files)
    if len(top) > 1:
        raise UsageError(
            f"The model {model} has several files; name one with --file: {_named(top)}."
        )
    return top[0]


def variant_of(base: str) -> str:
    """ "fp16" of model.fp16.safetensors, its shards and their index; "" of a plain one."""
    rest = base.partition(".")[2]
    words = [word.partition("-")[0] for word in rest.split(".")]
    return next((word for word in words if word not in ("safetensors", "index", "json", "")), "")


def _parts(index: dict[str, Any]) -> Iterator[str]:
    """The names of the folders that the index asks for."""
    for name, entry in index.items():
        plain = name.replace("_", "").isalnum() and not name.startswith("_")
        if plain and isinstance(entry, list) and any(entry):
            yield name


def _weights(
    model: str, part: str, files: Sequence[RemoteFile], variant: str | None
) -> tuple[list[RemoteFile], bool]:
    """The weights of a part, and whether they are of the variant that was asked for."""
    safe = [file for file in files if file.name.endswith(".safetensors")]
    if not safe:
        converted = _of_openvino(files)
        if not converted and any(file.name.endswith(_PICKLES) for file in files):
            raise LocalBackendError(
                f"The model {model} has its '{shown(part)}' as a pickle only, which can run "
                "programs; choose a model with .safetensors files."
            )
        return converted, False
    variants = {variant_of(file.base) for file in safe}
    wanted = [*_WANTED, *sorted(variants)] if variant is None else [variant, "", *sorted(variants)]
    chosen = next(name for name in wanted if name in variants)
    return [file for file in safe if variant_of(file.base) == chosen], chosen == variant


def _of_openvino(files: Sequence[RemoteFile]) -> list[RemoteFile]:
    """Networks as OpenVINO keeps them: X.xml, with its numbers in X.bin."""
    stems = {file.name.removesuffix(".xml") for file in files if file.name.endswith(".xml")}
    return [
        file
        for file in files
        if file.name.endswith((".xml", ".bin")) and file.name.rpartition(".")[0] in stems
    ]


def _describes(file: RemoteFile, weights: Sequence[RemoteFile]) -> bool:
    """Whether a file belongs to a part; of indexes of weights, that of the chosen ones alone."""
    if ".index." in file.base:
        variants = {variant_of(weight.base) for weight in weights if weight.folder == file.folder}
        return ".safetensors." in file.base and variant_of(file.base) in variants
    return _matches(file, _TEXTS)


def _is_part_weight(file: RemoteFile) -> bool:
    return file.base.startswith("diffusion_pytorch_model.")


def _matches(file: RemoteFile, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(file.base, pattern) for pattern in patterns)


def _no_weights(model: str, files: Sequence[RemoteFile]) -> LocalBackendError:
    pickled = any(file.name.endswith(_PICKLES) for file in files)
    what = "weights as pickles only, which can run programs" if pickled else "no weights"
    return LocalBackendError(
        f"The model {model} has {what}; choose one with .safetensors or .gguf files."
    )


def _named(files: Sequence[RemoteFile]) -> str:
    names = [f"{shown(file.name)} ({in_words(file.size)})" for file in files[:_MOST_NAMED]]
    more = [f"{len(files) - _MOST_NAMED} more"] if len(files) > _MOST_NAMED else []
    return ", ".join([*names, *more]) or "no .safetensors or .gguf file"


def in_words(size: int) -> str:
    """ "6.9 GB", "12 MB", "3 kB"."""
    if size >= 10**9:
        return f"{size / 10**9:.1f} GB"
    return f"{size / 10**6:,.0f} MB" if size >= 10**6 else f"{size / 1000:,.0f} kB"
