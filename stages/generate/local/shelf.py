"""The shelf of local models: a name, path or hub id goes in, where its files lie comes out."""

from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import LocalBackendError, UsageError, did_you_mean, quoted_path, shown
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.catalog import Catalog, Entry, Table, load_catalog
from imagine.stages.generate.local.hub_cache import (
    folder_of,
    id_of,
    is_id,
    is_part,
    is_tiny_vae,
    missing_part,
    models_in,
    snapshot_of,
)
from imagine.stages.generate.local.seen import Sighting, load_seen, remember
from imagine.stages.paths import absolute, is_there

# What a single file with a whole model ends in.
FILES = (".safetensors", ".gguf")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model lies.

    Attributes:
        name: as messages and recipes name it, never a path of this machine: the name it has in
            `imagine models`, its id on the hub, or the last part of its path.
        path: its folder or file; it exists.
        config: of a single file: the folder with its pipeline's configuration; None where nobody
            named one.
    """

    name: str
    path: Path
    config: Path | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """All models that are known on this machine.

    Attributes:
        catalog: the TOML file of `imagine models`; it need not exist.
        seen: the JSON file that remembers where models lie that were drawn with.
        hub: the directory of the Hugging Face cache ("…/hub").
        recorded: names of a recipe. They alone may mean what was drawn with: a name that somebody
            types, and has removed, means nothing any more.
    """

    catalog: Path
    seen: Path
    hub: Path
    recorded: frozenset[str] = frozenset()

    def model(self, text: str) -> Place:
        """Where a model lies.

        A path wins over a name, but a folder that holds no model does not.

        Args:
            text: its name in `imagine models`, a path, an id on the hub ("org/name", or
                "org/name/FILE" for one file of it; "org/name@COMMIT" as of a commit), or one of
                `recorded`.

        Raises:
            LocalBackendError: it is not on this machine, or only half of it; the message has the
                command that mends that.
            ConfigError: the catalog cannot be read.
        """
        known = load_catalog(self.catalog)
        path = _existing(text)
        if path is not None and (path.is_file() or (path / INDEX).exists() or _is_path(text)):
            return self._at(path, known, "models")
        place = (
            self._named(text, known, "models")
            or self._on_hub(text)
            or self._seen(text, ("", *FILES))
        )
        if place is not None:
            return place
        if path is not None:
            return self._at(path, known, "models")
        raise _missing_model(text, known)

    def lora(self, name: str) -> Place:
        """Where a LoRA lies, a .safetensors file; names and errors as those of `model`.

        Raises:
            UsageError: the name ends in a weight that is none.
        """
        known = load_catalog(self.catalog)
        path = _existing(name)
        if path is not None and (path.is_file() or _is_path(name)):
            return _only_file(self._at(path, known, "loras"))
        place = (
            self._named(name, known, "loras")
            or self._on_hub(name)
            or self._seen(name, (".safetensors",))
        )
        if place is not None:
            return _only_file(place)
        if path is not None:
            return _only_file(self._at(path, known, "loras"))
        raise _missing_lora(name, known)

    def has_lora(self, name: str) -> bool:
        """Whether a LoRA has that name in `imagine models`.

        Raises:
            ConfigError: the catalog cannot be read.
        """
        return name in load_catalog(self.catalog).loras

    def remember(self, place: Place) -> None:
        """Remember where a model or LoRA lies, so that `imagine replay` finds it by its name."""
        if not is_id(place.name):
            config = "" if place.config is None else str(place.config)
            remember(self.seen, Sighting(place.name, str(place.path), config))

    def _at(self, path: Path, known: Catalog, table: Table) -> Place:
        """A path by the name that the catalog or the hub has for it, else by its last part."""
        for name, entry in known.table(table).items():
            if entry.path == path:
                return Place(name, path, entry.config)
        return Place(id_of(self.hub, path) or path.name or str(path), path)

    def _named(self, text: str, known: Catalog, table: Table) -> Place | None:
        entry = known.table(table).get(text)
        if entry is None:
            return None
        if not entry.path.exists():
            raise LocalBackendError(
                f"'{shown(text)}' of `imagine models` is not at {quoted_path(entry.path)} any "
                f"more; run `imagine models add PATH --name {shown(text)}` with its new place."
            )
        return Place(text, entry.path, _config(entry))

    def _on_hub(self, text: str) -> Place | None:
        """A model of the hub's cache, or one file of it; None when it is not there at all."""
        name = "/".join(text.split("/")[:2])
        model, _, commit = name.partition("@")
        if not is_id(model):
            return None
        snapshot = snapshot_of(self.hub, model, commit)
        if snapshot is None:
            if not commit and any((folder_of(self.hub, model) / "blobs").glob("*.incomplete")):
                raise _half_downloaded(model)
            return None
        if file := text[len(name) + 1 :]:
            return _file_of(name, snapshot, file)
        if (snapshot / INDEX).exists():
            if part := missing_part(snapshot):
                raise _half_downloaded(model, f" (it lacks its part '{shown(part)}')")
            return Place(name, snapshot)
        return Place(name, snapshot) if is_part(snapshot) else _only_model(name, snapshot)

    def _seen(self, text: str, suffixes: tuple[str, ...]) -> Place | None:
        """What was drawn with under a recipe's name, where it still is; the latest of several."""
        for sighting in load_seen(self.seen) if text in self.recorded else ():
            path = Path(sighting.path)
            fits = path.suffix.lower() in suffixes or ("" in suffixes and path.is_dir())
            if sighting.name == text and fits and path.exists():
                return Place(text, path, Path(sighting.config) if sighting.config else None)
        return None

    def models(self) -> list[Place]:
        """What can be drawn with: the catalog's that are there, then the hub's whole ones.

        Raises:
            ConfigError: the catalog cannot be read.
        """
        known = load_catalog(self.catalog).models
        places = [
            Place(name, entry.path, entry.config)
            for name, entry in known.items()
            if entry.path.exists() and not is_tiny_vae(entry.path)
        ]
        for model, snapshot in models_in(self.hub):
            if (snapshot / INDEX).exists() and not missing_part(snapshot):
                places.append(Place(model, snapshot))
            elif not (snapshot / INDEX).exists() and not is_part(snapshot):
                places += [Place(f"{model}/{file.name}", file) for file in _files(snapshot)]
        return places

    def tiny_vaes(self) -> list[Place]:
        """The small decoders in the hub's cache."""
        return [Place(model, path) for model, path in models_in(self.hub) if is_tiny_vae(path)]

    def all_tiny_vaes(self) -> list[Place]:
        """Those, the ones that have a name, and the ones that were drawn with.

        Raises:
            ConfigError: the catalog cannot be read.
        """
        known = load_catalog(self.catalog).models
        named = [Place(name, entry.path) for name, entry in known.items()]
        used = [Place(seen.name, Path(seen.path)) for seen in load_seen(self.seen)]
        return [*filter(_is_tiny_vae, [*named, *used]), *self.tiny_vaes()]


def _is_tiny_vae(place: Place) -> bool:
    return is_tiny_vae(place.path)


def _existing(text: str) -> Path | None:
    """The absolute path that a text spells, links left as they are; None when nothing is there."""
    path = absolute(text)
    return path if text and is_there(path) else None


def _is_path(text: str) -> bool:
    """Whether it can mean nothing but a path."""
    return text in (".", "..") or text.startswith(("/", "./", "../", "~", ".\\")) or ":\\" in text


def _config(entry: Entry) -> Path | None:
    if entry.config is not None and not entry.config.is_dir():
        raise LocalBackendError(
            f"The configuration {quoted_path(entry.config)} of {quoted_path(entry.path)} is no "
            "folder any more; run `imagine models add PATH --config FOLDER` with its new place."
        )
    return entry.config


def _file_of(model: str, snapshot: Path, file: str) -> Place:
    path = snapshot / file
    if ".." in Path(file).parts or not path.is_file():
        raise LocalBackendError(
            f"The file '{shown(file)}' of {model} is not on this machine; run "
            f"`imagine models download {model.partition('@')[0]} --file {_quoted(file)}`."
        )
    return Place(f"{model}/{file}", path)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in FILES and path.is_file())


def _only_model(model: str, snapshot: Path) -> Place:
    """The one file of a repository that holds a model as a file."""
    files = _files(snapshot)
    if len(files) == 1:
        return Place(f"{model}/{files[0].name}", files[0])
    if not files:
        raise _half_downloaded(model.partition("@")[0])
    names = ", ".join(f"{model}/{file.name}" for file in files[:5])
    raise LocalBackendError(f"{model} has {len(files)} models; name one of them: {names}.")


def _only_file(place: Place) -> Place:
    """A LoRA's file, where its folder was named."""
    if place.path.is_dir():
        files = sorted(place.path.glob("*.safetensors"))
        if len(files) != 1:
            found = f"{len(files)} .safetensors files" if files else "no .safetensors file"
            raise LocalBackendError(
                f"The LoRA {quoted_path(place.path)} is a folder with {found}; name its file."
            )
        return Place(place.name, files[0])
    if place.path.suffix.lower() != ".safetensors":
        raise LocalBackendError(
            f"The LoRA {quoted_path(place.path)} is no .safetensors file, the only kind that is "
            "read, as others can hold programs; get it as one."
        )
    return place


def _half_downloaded(model: str, what: str = "") -> LocalBackendError:
    return LocalBackendError(
        f"The model {model} is on this machine in part only{what}; run "
        f"`imagine models download {model}`, which goes on where it stopped."
    )


def _missing_model(text: str, known: Catalog) -> LocalBackendError:
    if text in known.loras:
        return LocalBackendError(
            f"'{shown(text)}' is a LoRA, no model; write --lora {_quoted(text)}, and name a model "
            "with --model."
        )
    parts = text.split("/")
    model = "/".join(parts[:2])
    if is_id(model) and len(parts) <= 3:
        more = f" --file {_quoted(parts[2])}" if len(parts) == 3 else ""
        return LocalBackendError(
            f"There is no model or path '{shown(text)}' on this machine; correct it, or run "
            f"`imagine models download {model}{more}`."
        )
    hint = did_you_mean(text, list(known.models))
    return LocalBackendError(
        f"There is no model or path '{shown(text)}' on this machine{hint} (see "
        "`imagine models`, or name the model's folder or file)."
    )


def _quoted(file: str) -> str:
    """A name as a shell reads it."""
    import shlex

    return shlex.quote(shown(file))


def _missing_lora(name: str, known: Catalog) -> LocalBackendError | UsageError:
    before, _, after = name.rpartition(":")
    if before and after and (before in known.loras or _existing(before)):
        return UsageError(f"The weight of --lora '{shown(name)}' is no number; write detail:0.8.")
    if name in known.models:
        return LocalBackendError(
            f"'{shown(name)}' is a model, no LoRA; write --model {_quoted(name)}, or name a LoRA."
        )
    hint = did_you_mean(name, list(known.loras))
    return LocalBackendError(
        f"There is no LoRA or path '{shown(name)}' on this machine{hint} (name its .safetensors "
        "file, or give that a name with `imagine models add FILE`)."
    )
