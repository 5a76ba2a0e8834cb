"""Who describes, draws and enlarges: names of options and settings in, connected services out."""

from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from imagine.cli.console import Console
from imagine.cli.local import LOCAL, companions_of, is_path, kind_of, options_of, shelf_of
from imagine.cli.settings import Settings
from imagine.cli.trust import check_trust
from imagine.cli.unnamed import UnnamedModel
from imagine.stages.batch.turns import Turns
from imagine.stages.errors import (
    ConfigError,
    LocalBackendError,
    UsageError,
    quoted_path,
    shown,
)
from imagine.stages.network.providers import PROVIDERS, Connection, is_own_host, silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from imagine.stages.enhance import Enhancer
    from imagine.stages.generate import Backend
    from imagine.stages.network.gate import Gate
    from imagine.stages.recipe import Recipe, UpscaleRecord
    from imagine.stages.upscale import Upscaler
    from imagine.stages.upscale.auto import Known

# What -vv shows, beyond -v.
EXCHANGES = 2
# Half of their work is the disk's.
RECEIVERS = 2
# Their usual address answers no more: only another server makes them useful.
CLOSED = ("imagen",)


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

    def backend(self, option: str | None, model: str | None = None) -> "tuple[Backend, str]":
        """The backend, and why it was chosen ("" when it was named).

        Args:
            option: NAME or NAME/MODEL.
            model: of --model; one of this machine tells who draws with it.

        Raises:
            UsageError: an unknown name, two models, or a model for a backend that has none.
            ConfigError: its key or address is missing.
            LocalBackendError: a model is not on this machine, or cannot be drawn with.
        """
        name = str(self.settings.text("backend", option))
        if name != "auto":
            return self._backend(name, model), ""
        if model is not None and (kind := self._kind(model)):
            return self._backend(kind, model), f"it draws '{shown(model)}'"
        if key := self._gemini_key():
            return self._backend("gemini", model), key
        if kind := next((kind for kind in LOCAL if self.settings.text(f"{kind}_model")), ""):
            named = f"{kind}_model"
            return self._backend(kind, model), f"as {named} is set in the {self._origin(named)}"
        why = "embedded: a layout draft of cut-outs, no diffusion model"
        return self._backend("sketch", model), why

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
                made = self._new_upscaler(named)
                self._made["upscaler", named] = made
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

    def ready(self, name: str) -> bool:
        """Whether nothing is missing to use the enhancer or backend called `name`."""
        return not self.missing(name)

    def missing(self, name: str) -> str:
        """The variable that is to be set before `name` can be used; "" when it is or none is."""
        provider = PROVIDERS.get(name)
        if provider is None:
            return ""
        address = self.settings.text(f"{name}_base_url")
        if address is None or (name in CLOSED and address == provider.base_url):
            return f"IMAGINE_{name.upper()}_BASE_URL"
        connection = Connection(provider, address, self.settings.secret(f"{name}_api_key"))
        if connection.key is None and connection.needs_key:
            return provider.key_variables[0]
        return ""

    def text_model(self, name: str) -> str:
        """The model that the enhancer called `name` asks by default; "" when there is none."""
        provider = PROVIDERS.get(name)
        if provider is None or not provider.describes:
            return ""
        return self.settings.text(f"{name}_text_model") or ""

    def recorded_backend(
        self, recipe: "Recipe", option: str | None, model: str | None
    ) -> "Backend":
        """The backend and model that drew a picture, where options name no other.

        Raises:
            UsageError, ConfigError: as `backend`.
        """
        if option is not None:
            return self.backend(option, model)[0]
        name = recipe.backend.name
        provider = PROVIDERS.get(name)
        recorded = recipe.backend.parameters.get("model") or recipe.backend.model
        has_models = name in LOCAL or (provider is not None and provider.draws)
        drawn_by = str(recorded) if has_models else None
        try:
            return self.backend(name, model or drawn_by)[0]
        except LocalBackendError as error:
            if model or not drawn_by:
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

    def _check_backend(self, name: str, named: str) -> None:
        """Refuse what is no backend, and say so where it is a model of this machine.

        Raises:
            UsageError: there is none of that name.
        """
        from imagine.stages.generate import BACKENDS

        try:
            BACKENDS.check(name)
        except UsageError as error:
            with suppress(LocalBackendError):
                if kind_of(shelf_of(self.settings).model(named), shelf_of(self.settings)):
                    raise UsageError(
                        f"'{shown(named)}' is a model, no backend; write --model {shown(named)}."
                    ) from error
            raise

    def _enhancer(self, named: str) -> "Enhancer":
        name, _, model = named.partition("/")
        if (made := self._made.get(("enhancer", named))) is not None:
            return cast("Enhancer", made)
        enhancer = self._new_enhancer(name, model)
        self._made["enhancer", named] = enhancer
        return enhancer

    def _new_enhancer(self, name: str, model: str) -> "Enhancer":
        from imagine.stages.enhance import ENHANCERS

        provider = PROVIDERS.get(name)
        if provider is None or not provider.describes:
            ENHANCERS.check(name)
            if model:
                raise UsageError(f"The enhancer {name} has no models; leave out '/{model}'.")
            return ENHANCERS.create(name)
        model = model or self.settings.text(f"{name}_text_model") or ""
        arguments: dict[str, Any] = {
            "connection": self._gated(
                self.connection(name), f"{name}/{model} describing", self.thinking.apart
            ),
            "model": model,
        }
        if name == "gemini":
            return self._gemini(arguments)
        enhancer = ENHANCERS.create(name, **arguments)
        self._close_later(enhancer)
        return enhancer

    def _gemini(self, arguments: dict[str, Any]) -> "Enhancer":
        from imagine.stages.enhance.gemini.enhancer import GeminiEnhancer

        transport = cast("Literal['auto', 'sdk', 'httpx']", self.settings.text("gemini_transport"))
        level = self.settings.text("gemini_thinking_level")
        if transport == "auto":
            # The SDK takes 0.6 s to load, and more of the processor for each answer.
            transport = "sdk" if self.many is None and level is None else "httpx"
        if level is not None and transport == "sdk":
            raise ConfigError(
                f"gemini_thinking_level is {level}, which google-generativeai cannot send; "
                "set gemini_transport to httpx or leave the level out."
            )
        enhancer = GeminiEnhancer(**arguments, transport=transport, thinking_level=level)
        self._close_later(enhancer)
        return enhancer

    def _backend(self, named: str, option: str | None) -> "Backend":
        name, _, model = named.partition("/")
        if model and option is not None:
            raise UsageError(f"--backend {named} and --model {option} both name one; give one.")
        key = ("backend", f"{name}/{option or model}")
        # Two of one model would load it twice.
        with self._making:
            made = self._made.get(key)
            if made is None:
                made = self._new_backend(name, option, model)
                self._made[key] = made
        return cast("Backend", made)

    def _new_backend(self, name: str, option: str | None, model: str) -> "Backend":
        from imagine.stages.generate import BACKENDS

        if name in LOCAL:
            return self._new_local_backend(name, option or model)
        provider = PROVIDERS.get(name)
        if provider is None or not provider.draws:
            self._check_backend(name, f"{name}/{model}" if model else name)
            if chosen := option or model:
                where = f"--model {chosen}" if option else f"'/{chosen}'"
                raise UsageError(f"The backend {name} has no models; leave out {where}.")
            return BACKENDS.create(name)
        model = option or model or self._image_model(name)
        if Path(model).is_absolute() and Path(model).exists():
            raise UsageError(
                f"The backend {name} draws with models of its own, and {quoted_path(model)} lies "
                "on this machine; choose --backend diffusers, openvino or sdcpp."
            )
        arguments: dict[str, Any] = {
            "connection": self._gated(
                self.connection(name), f"{name}/{model} drawing", self.receiving.apart
            ),
            "model": model,
        }
        if name == "openai":
            arguments["dialect"] = self.settings.text("openai_dialect")
        if name == "comfyui":
            arguments["workflow"] = self._workflow()
        backend = BACKENDS.create(name, **arguments)
        self._close_later(backend)
        return backend

    def _new_local_backend(self, name: str, model: str) -> "Backend":
        from imagine.stages.generate import BACKENDS

        arguments: dict[str, Any] = {}
        if name == "sdcpp":
            arguments["companions"] = companions_of(self.settings)
        model = model or self.settings.text(f"{name}_model") or ""
        try:
            backend = BACKENDS.create(
                name,
                model=model,
                shelf=shelf_of(self.settings),
                options=options_of(self.settings),
                tell=self.console.note,
                **arguments,
            )
        except LocalBackendError as error:
            if model or self.many is None:
                raise
            # The rows of a batch may name theirs.
            return UnnamedModel(name, error)
        self._close_later(backend)
        return backend

    def _workflow(self) -> Path | None:
        """The user's own workflow for ComfyUI."""
        named = self.settings.text("comfyui_workflow")
        return None if named is None else Path(named).expanduser()

    def _new_upscaler(self, named: str) -> "Upscaler":
        from imagine.cli.upscalers import new_upscaler

        def connect(name: str, model: str) -> Connection:
            connection = self.connection(name, instead="--upscaler auto")
            return self._gated(connection, f"{name}/{model} enlarging")

        upscaler = new_upscaler(named, self.settings, connect)
        self._close_later(upscaler)
        return upscaler

    def _image_model(self, name: str) -> str:
        """What a provider is asked for by default.

        Another server than OpenAI's own draws with the model that it has, unless the user names
        one.
        """
        settings = self.settings
        at_home = is_own_host(PROVIDERS[name], str(settings.text(f"{name}_base_url")))
        own_server = not at_home and settings.text("openai_dialect") != "openai"
        if name == "openai" and own_server and settings.origins["openai_image_model"] == "default":
            return ""
        return settings.text(f"{name}_image_model") or ""

    def _gated(
        self,
        connection: Connection,
        model: str,
        apart: "Callable[[], AbstractContextManager[object]]" = nullcontext,
    ) -> Connection:
        """The connection, with the gate of a model where several threads will ask it."""
        if self.many is None:
            return connection
        from imagine.stages.network.gate import Gate

        gate = self.gates.setdefault(model, Gate(most=self.many, apart=apart))
        what = model.rpartition(" ")[2]

        def tell(said: str) -> None:
            self.console.note(f"{said.removesuffix('.')} ({what}).")

        connection = replace(connection, tell=tell)
        return replace(connection, gate=gate)

    def _close_later(self, service: "Enhancer | Backend | Upscaler") -> None:
        """Have the connections of what asks a provider closed at the end."""
        close = getattr(service, "close", None)
        if close is not None:
            self.opened.callback(close)

    def connection(self, name: str, *, instead: str | None = None) -> Connection:
        """The user's way to a provider.

        Args:
            instead: the options that do without it; None for those of descriptions and pictures.

        Raises:
            ConfigError: its key or address is missing.
        """
        provider = PROVIDERS[name]
        address = self.settings.text(f"{name}_base_url")
        if address is None:
            raise ConfigError(
                f"{name}_base_url is not set; set IMAGINE_{name.upper()}_BASE_URL to the server's "
                "address, such as http://127.0.0.1:8080/v1."
            )
        if name == "gemini":
            # Clients of other makes want the version in the address.
            address = address.removesuffix("/v1beta").removesuffix("/v1")
        check_trust(self.settings, name, address)
        exchanges = self.console.verbose >= EXCHANGES
        connection = Connection(
            provider=provider,
            base_url=address,
            key=self.settings.secret(f"{name}_api_key"),
            timeout=self.settings.number("timeout"),
            patience=self.settings.number("patience") or 0.0,
            tell=self.console.note,
            log=self.console.detail if exchanges else silent,
        )
        if connection.needs_key and not self.dry_run:
            connection.require_key(**({} if instead is None else {"instead": instead}))
        return connection
