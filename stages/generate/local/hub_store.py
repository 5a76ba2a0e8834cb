"""Files of the hub go into the cache that programs share; what is there already is not fetched.

The layout is that of huggingface_hub (see hub_cache): blobs/DIGEST holds a file, and
snapshots/COMMIT/NAME links to it. A download that stopped leaves blobs/DIGEST.incomplete.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import LocalBackendError, quoted_path, unwritable
from imagine.stages.files import replace_text
from imagine.stages.generate.local.hub import Hub, Repository
from imagine.stages.generate.local.hub_cache import folder_of
from imagine.stages.generate.local.hub_files import RemoteFile, in_words

# Other programs want room, too.
SPARE = 10**9


@dataclass(frozen=True, slots=True)
class Store:
    """The cache's folder of one model at one commit.

    Attributes:
        hub: the directory of the cache.
        repository: what is stored.
    """

    hub: Path
    repository: Repository

    @property
    def snapshot(self) -> Path:
        """The folder that the model is drawn with."""
        return folder_of(self.hub, self.repository.model) / "snapshots" / self.repository.commit

    def missing(self, files: Sequence[RemoteFile]) -> int:
        """Bytes of the files that are still to be fetched."""
        return sum(file.size - self._held(file) for file in files)

    def check_room(self, size: int) -> None:
        """Refuse what the disk cannot take.

        Raises:
            LocalBackendError: less than that and 1 GB is free.
        """
        place = self.hub
        while not place.exists() and place != place.parent:
            place = place.parent
        free = shutil.disk_usage(place).free
        if free < size + SPARE:
            raise LocalBackendError(
                f"The download takes {in_words(size)}, and {in_words(free)} are free at "
                f"{quoted_path(self.hub)}; free some, or set IMAGINE_HUB_CACHE to another disk."
            )

    def fetch(self, hub: Hub, file: RemoteFile, tell: Callable[[int], None]) -> None:
        """Put a file into the snapshot, downloading what of it is missing.

        Args:
            tell: takes how many bytes of it are there, whenever that changes.

        Raises:
            LocalBackendError: it cannot be written.
            ProviderError, ConfigError, UsageError: as `Hub.fetch`.
        """
        path = self.snapshot / file.name
        if path.exists():
            tell(file.size)
            return
        blob = self._blob(file)
        try:
            blob.parent.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not blob.exists():
                partial = self._partial(file)
                hub.fetch(self.repository, file, partial, tell)
                partial.replace(blob)
            _link(path, blob)
        except OSError as error:
            raise _unwritable(path, error) from error
        tell(file.size)

    def name(self, revision: str) -> None:
        """Note that a branch is at this commit, for all who ask the cache for the branch.

        Raises:
            LocalBackendError: it cannot be written.
        """
        if revision == self.repository.commit:
            return
        path = folder_of(self.hub, self.repository.model) / "refs" / revision
        try:
            replace_text(path, self.repository.commit)
        except OSError as error:
            raise _unwritable(path, error) from error

    def _held(self, file: RemoteFile) -> int:
        """Bytes of a file that are there."""
        if (self.snapshot / file.name).exists() or self._blob(file).exists():
            return file.size
        try:
            return min(self._partial(file).stat().st_size, file.size)
        except OSError:
            return 0

    def _blob(self, file: RemoteFile) -> Path:
        return folder_of(self.hub, self.repository.model) / "blobs" / file.digest

    def _partial(self, file: RemoteFile) -> Path:
        blob = self._blob(file)
        return blob.with_name(f"{blob.name}.incomplete")


def _unwritable(path: Path, error: OSError) -> LocalBackendError:
    return LocalBackendError(unwritable(quoted_path(path), error, "run it again"))


def _link(path: Path, blob: Path) -> None:
    """Let a snapshot's file be a blob: by a link, or in its place where there are no links."""
    path.unlink(missing_ok=True)
    try:
        path.symlink_to(os.path.relpath(blob, path.parent))
    except (OSError, NotImplementedError):
        # Windows gives links to some accounts alone.
        blob.replace(path)
