"""What draws or enlarges behind HTTP shares: a Connection in, one Session and the pictures in its
answers out.
"""

from collections.abc import Mapping
from threading import Lock
from typing import ClassVar

from imagine.stages.errors import ImagineError, UnusableAnswerError, shown
from imagine.stages.network.json_values import decoded_base64
from imagine.stages.network.providers import IMAGE_TIMEOUT, Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.session import Session

# Words of a model that a message repeats: two or three sentences.
MAX_WORDS = 300


class HostedService:
    """A service that pictures come from; close it when it is no longer needed.

    One instance may be used by several threads. A key is only asked for when a picture is.

    Attributes:
        name: as in the registry.
        choice: what a user changes to have the pictures made otherwise, as messages name it.
        model: what requests name.
        connection: the user's way to the provider.
    """

    name: ClassVar[str]
    choice: ClassVar[str] = "another model (--model)"

    def __init__(self, *, connection: Connection, model: str) -> None:
        self.connection = connection
        self.model = model
        self._session: Session | None = None
        self._opening = Lock()

    @property
    def title(self) -> str:
        """The provider as messages name it."""
        return self.connection.provider.title

    @property
    def session(self) -> Session:
        """The one session of this service, opened on first use.

        Raises:
            ConfigError: the provider needs a key and there is none.
        """
        with self._opening:
            if self._session is None:
                self._session = Session(
                    self.connection,
                    headers=self.headers(),
                    timeout=IMAGE_TIMEOUT,
                    translate=self.translate,
                )
            return self._session

    def close(self) -> None:
        with self._opening:
            if self._session is not None:
                self._session.close()
                self._session = None

    def headers(self) -> Mapping[str, str]:
        """What goes with every request: the key, where there is one.

        Raises:
            ConfigError: the provider needs a key and there is none.
        """
        return self.connection.headers()

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        """The error for an answer of status 300 or more, where it has a meaning for pictures."""
        return None

    def picture_in(self, value: object) -> bytes:
        """The bytes of a picture that stands in an answer as base64, or behind an address.

        Args:
            value: base64, a `data:` URL, or an http(s) address.

        Raises:
            UnusableAnswerError: it is none of these.
            ProviderError: the file cannot be fetched.
        """
        if not isinstance(value, str) or not value:
            raise UnusableAnswerError(
                f"{self.title} sent {'no text' if value else 'nothing'} where the picture should "
                f"be; try again, or choose {self.choice}."
            )
        if value[:5].lower() in ("data:", "http:", "https"):
            return self.session.download(value).body
        try:
            return decoded_base64(value)
        except ValueError as error:
            raise UnusableAnswerError(
                f"{self.title} sent a picture whose base64 is damaged ({len(value):,} characters); "
                "nothing was saved, try again."
            ) from error

    def quoted(self, words: str) -> str:
        """A provider's words as a message may show them: one line, in quotes, without the key."""
        line = " ".join(self.connection.redact(words).split())
        return f"“{shown(line, limit=MAX_WORDS)}”"
