"""Who describes, draws and enlarges: names of options and settings in, connected services out."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Self, cast

from imagine.cli.connections import Connections
from imagine.cli.console import Console
from imagine.cli.local import LOCAL, is_path, kind_of, shelf_of
from imagine.cli.settings import Settings
from imagine.stages.batch.turns import Turns
from imagine.stages.errors import LocalBackendError, UsageError, shown
from imagine.stages.network.providers import PROVIDERS

if TYPE_CHECKING:
    from imagine.stages.enhance import Enhancer
    from imagine.stages.generate import Backend
    from imagine.stages.network.gate import Gate
    from imagine.stages.network.providers import Connection
    from imagine.stages.recipe import BackendRecord, Recipe, UpscaleRecord
    from imagine.stages.upscale import Upscaler
    from imagine.stages.upscale.auto import Known

# Half of their work is the disk's.
RECEIVERS = 2


@dataclass(frozen=True, slots=True)
class Services:
    """Makes enhancers, backends and upscalers for one command line, in a `with` statement.

    Attributes:
        dry_run: nobody will be asked, so a missing key is no obstacle.
        many: requests to one model that may be under way at a time, where several threads ask;
            None where one does.
        opened: closes what was made.
        gates: those of the models, where several threads ask.
        thinking: in turns, threads parse prompts and guard descriptions.
        receiving: in turns, they decode and save what was received.
    """

    settings: Settings
    console: Console
    dry_run: bool = False
    many: int | None = None
    opened: ExitStack = field(default_factory=ExitStack)
    gates: "dict[str, Gate]" = field(default_factory=dict)
    thinking: Turns = field(default_factory=Turns)
    receiving: Turns = field(default_factory=lambda: Turns(RECEIVERS))
    _made: "dict[tuple[str, str], Enhancer | Backend | Upscaler]" = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    def abandon(self) -> list[str]:
        """Stop what providers work on for threads that nobody waits for any more.

        Returns:
            What to tell of each job, a sentence.
        """
        from imagine.stages.batch.ordered import in_order

        # Only those whose providers put requests into a queue can.
        cancels = [getattr(made, "cancel_all", None) for made in list(self._made.values())]
        calls = [cancel for cancel in cancels if cancel is not None]
        told = in_order(calls, lambda cancel: cancel(), threads=max(len(calls), 1))
        return [sentence for _, call in told for sentence in call.result()]

    def enhancer(self, option: str | None, *, no_enhance: bool = False) -> "tuple[Enhancer, str]":
        """The enhancer, and why it was chosen ("" when it was named).

        Raises:
            UsageError: both --enhancer and --no-enhance, or an unknown name.
            ConfigError: its key or address is missing.
        """
        if no_enhance and option is not None:
            raise UsageError(f"--enhancer {option} and --no-enhance exclude each other; give one.")
        name = "none" if no_enhance else str(self.settings.text("enhancer", option))
        if name != "auto":
            return self._enhancer(name), ""
        if key := self._gemini_key():
            return self._enhancer("gemini"), key
        return self._enhancer("offline"), "needs no key"

    def backend(
        self, option: str | None, model: str | None = None, *, again: "BackendRecord | None" = None
    ) -> "tuple[Backend, str]":
        """The backend, and why it was chosen ("" when it was named).

        Args:
            option: NAME or NAME/MODEL.
            model: of --model; one of this machine tells who draws with it.
            again: what drew the picture that is drawn again; None for a new one.

        Raises:
            UsageError: an unknown name, two models, or a model for a backend that has none.
            ConfigError: its key or address is missing.
            LocalBackendError: a model is not on this machine, or cannot be drawn with.
        """
        if model == "":
            raise UsageError("--model '' names none; name one, or leave it out.")
        name = str(self.settings.text("backend", option))
        if name != "auto":
            return self._backend(name, model, again), ""
        if model is not None and (kind := self._kind(model)):
            return self._backend(kind, model, again), f"it runs '{shown(model)}'"
        if key := self._gemini_key():
            return self._backend("gemini", model, again), key
        if kind := next((kind for kind in LOCAL if self.settings.text(f"{kind}_model")), ""):
            named = f"{kind}_model"
            why = f"as {named} is set in the {self._origin(named)}"
            return self._backend(kind, model, again), why
        why = "embedded: a layout draft of cut-outs, no diffusion model"
        return self._backend("sketch", model, again), why

    def upscaler(self, option: str | None, known: "Known | None" = None) -> "tuple[Upscaler, str]":
        """The upscaler, and why it was chosen ("" when it was named).

        Args:
            option: auto, NAME, NAME/MODEL, or the path of a model file; None for the setting.
            known: of the picture that is to be enlarged, for auto.

        Raises:
            UsageError: an unknown name, or a model for an upscaler that has none.
            ConfigError: its key or address is missing.
            LocalBackendError: it cannot run here.
        """
        named = str(self.settings.text("upscaler", option))
        why = ""
        if named == "none":
            raise UsageError("--upscaler none enlarges nothing; name one of `imagine backends`.")
        if named == "auto":
            from imagine.stages.upscale.auto import Known, choose

            named, why = choose(known or Known())
        with self._making:
            made = self._made.get(("upscaler", named))
            if made is None:
                made = self._made["upscaler", named] = self._new_upscaler(named)
        return cast("Upscaler", made), why

    def recorded_upscaler(self, record: "UpscaleRecord") -> "Upscaler":
        """The upscaler that enlarged a picture.

        Raises:
            UsageError: its model was a file of somebody's own; or as `upscaler`.
            ConfigError, LocalBackendError: as `upscaler`.
        """
        provider = PROVIDERS.get(record.upscaler)
        if record.upscaler in ("model", "diffusers"):
            raise UsageError(
                f"The picture was enlarged by {shown(record.model) or 'a model'}, a model of "
                "somebody's own; name its file with --upscaler, or choose --upscaler auto or none."
            )
        with_model = provider is not None and provider.upscales and record.model
        named = f"{record.upscaler}/{record.model}" if with_model else record.upscaler
        return self.upscaler(named)[0]

    def recorded_backend(
        self, recipe: "Recipe", option: str | None, model: str | None
    ) -> "Backend":
        """The backend and model that drew a picture, where options name no other.

        Raises:
            UsageError, ConfigError: as `backend`.
        """
        again = recipe.backend
        name, _, named = (again.name if option is None else option).partition("/")
        if name != again.name or named:
            return self.backend(option, model, again=again)[0]
        provider = PROVIDERS.get(name)
        recorded = again.parameters.get("model") or again.model
        has_models = name in LOCAL or (provider is not None and provider.draws)
        drawn_by = str(recorded) if has_models and recorded else None
        try:
            return self.backend(name, drawn_by if model is None else model, again=again)[0]
        except LocalBackendError as error:
            if model is not None or drawn_by is None:
                raise
            told = str(error).rstrip(".")
            raise LocalBackendError(f"{told}; or name where it is now with --model.") from error

    def _kind(self, model: str) -> str:
        """The backend that draws with a model of this machine; "" where there is none such.

        Raises:
            LocalBackendError: it can be nothing but one of this machine, and is none.
        """
        shelf = shelf_of(self.settings)
        try:
            place = shelf.model(model)
        except LocalBackendError:
            if is_path(model) or not self._gemini_key() or shelf.has_lora(model):
                raise
            return ""
        return kind_of(place, shelf)

    def _gemini_key(self) -> str:
        """Why Gemini is at hand; "" when it is not."""
        if self.settings.secret("gemini_api_key") is None:
            return ""
        return f"as a Gemini key is set in the {self._origin('gemini_api_key')}"

    def _origin(self, setting: str) -> str:
        return shown(self.settings.origins[setting])

    def _enhancer(self, named: str) -> "Enhancer":
        made = self._made.get(("enhancer", named))
        if made is None:
            made = self._made["enhancer", named] = self._new_enhancer(named)
        return cast("Enhancer", made)

    def _new_enhancer(self, named: str) -> "Enhancer":
        from imagine.cli.enhancers import new_enhancer

        def connect(name: str, model: str) -> "Connection":
            return self._connections.to_model(name, model, "describing", apart=self.thinking.apart)

        in_threads = self.many is not None
        enhancer = new_enhancer(named, self.settings, connect, in_threads=in_threads)
        self._close_later(enhancer)
        return enhancer

    def _backend(
        self, named: str, option: str | None, again: "BackendRecord | None" = None
    ) -> "Backend":
        name, _, model = named.partition("/")
        if model and option is not None:
            raise UsageError(f"--backend {named} and --model {option} both name one; give one.")
        key = ("backend", f"{name}/{option or model}")
        # Two of one model would load it twice.
        with self._making:
            made = self._made.get(key)
            if made is None:
                made = self._made[key] = self._new_backend(name, option, model, again)
        return cast("Backend", made)

    def _new_backend(
        self, name: str, option: str | None, model: str, again: "BackendRecord | None"
    ) -> "Backend":
        from imagine.cli.painters import local_model, new_backend

        def connect(name: str, model: str) -> "Connection":
            return self._connections.to_model(name, model, "drawing", apart=self.receiving.apart)

        try:
            backend = new_backend(
                name, option, model, self.settings, connect, tell=self.console.note, again=again
            )
        except LocalBackendError as error:
            is_named = local_model(self.settings, name, option or model)
            if self.many is None or name not in LOCAL or is_named:
                raise
            from imagine.cli.unnamed import UnnamedModel

            # The rows of a batch may name theirs.
            return UnnamedModel(name, error)
        self._close_later(backend)
        return backend

    def _new_upscaler(self, named: str) -> "Upscaler":
        from imagine.cli.upscalers import new_upscaler

        def connect(name: str, model: str) -> "Connection":
            return self._connections.to_model(name, model, "enlarging", instead="--upscaler auto")

        upscaler = new_upscaler(named, self.settings, connect)
        self._close_later(upscaler)
        return upscaler

    @property
    def _connections(self) -> Connections:
        return Connections(
            self.settings, self.console, dry_run=self.dry_run, many=self.many, gates=self.gates
        )

    def _close_later(self, service: "Enhancer | Backend | Upscaler") -> None:
        """Have the connections of what asks a provider closed at the end."""
        close = getattr(service, "close", None)
        if close is not None:
            self.opened.callback(close)
