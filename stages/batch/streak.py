"""Failures of a service in a row: when is it no use to go on?"""

from threading import Lock

from imagine.stages.errors import ImagineError, LocalBackendError, ProviderError, RefusedError


class Streak:
    """Counts what fails without any success between, for one stage of a batch.

    What was under way when the first of them failed may have been hit by the same event, as when
    a server starts anew and resets all its connections; it does not count towards `most`.
    """

    def __init__(self, name: str, most: int) -> None:
        """
        Args:
            name: of what is counted, in the plural.
            most: failures that count, after which it is no use to go on.
        """
        self.name = name
        self._most = most
        self._lock = Lock()
        self._begun = 0
        self._begun_before = 0
        self._counted = 0
        self.length = 0
        """Failures in a row, whether they count or not."""

    def begin(self) -> int:
        """A ticket for what begins now."""
        with self._lock:
            self._begun += 1
            return self._begun

    def end(self, ticket: int, error: ImagineError | None) -> bool:
        """Whether it is no use to go on, after what began with `ticket` ended like this."""
        with self._lock:
            if error is None or isinstance(error, RefusedError):
                # Who refuses is there.
                self._counted = self.length = 0
            elif isinstance(error, (ProviderError, LocalBackendError)):
                if self.length == 0:
                    self._begun_before = self._begun
                self._counted += self.length == 0 or ticket > self._begun_before
                self.length += 1
            return self._counted >= self._most
