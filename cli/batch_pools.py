"""How many hands a batch has: who describes and draws goes in, the sizes of the pools come out."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, cast

from imagine.cli.local import LOCAL
from imagine.stages.batch.run import Pools
from imagine.stages.enhance import Enhancer, ModelEnhancer
from imagine.stages.generate import Backend, ReleasingBackend, drawn_together
from imagine.stages.network.providers import PROVIDERS

if TYPE_CHECKING:
    from imagine.cli.planning import Order
    from imagine.stages.upscale import Upscaler

# Requests to one model at a time at most, where nobody says otherwise and the server takes them.
MOST = 64
# Threads that receive and save pictures, beside those that wait for the server.
SPARE = 8
# A server of one's own has one processor, or one GPU.
OWN_SERVER = 4


def pools_for(order: "Order", *, most: int, own_backends: bool, own_enhancers: bool) -> Pools:
    """Threads for each stage.

    Args:
        most: requests to one model at a time.
        own_backends, own_enhancers: whether rows name some for themselves.
    """
    processors = os.cpu_count() or 1
    at_once = places_at(order.backend, most) or most
    if own_backends:
        at_once = max(at_once, most)
    hosted = order.backend.capabilities.concurrency > 1 or own_backends
    finishing = max(2, processors)
    if order.upscaler is not None:
        # One that runs here takes one picture at a time, a provider several.
        finishing = max(finishing, order.upscaler.capabilities.concurrency)
    return Pools(
        describing=most if own_enhancers else describing_threads(order.describing.enhancer, most),
        drawing=at_once + (min(at_once, SPARE) if hosted else 0),
        finishing=min(finishing, most),
        together=drawn_together(order.backend),
    )


def places_at(backend: Backend, most: int) -> int:
    """Pictures that a backend may be asked for at a time."""
    wanted = backend.capabilities.concurrency or os.cpu_count() or 1
    return max(1, min(wanted, most))


def is_limited(backend: Backend) -> bool:
    """Whether no more threads may ask the backend than it has places.

    A provider's answers come one to a request, and its gate counts those that are under way: more
    threads may save meanwhile. Whatever draws here, or only puts requests in line, has no gate.
    """
    connection = getattr(backend, "connection", None)
    return connection is None or getattr(backend, "queued", False)


def describing_threads(enhancer: Enhancer, most: int) -> int:
    """Threads that describe: what is described here is quick, and they would only take turns."""
    if not isinstance(enhancer, ModelEnhancer):
        return 1
    provider = PROVIDERS.get(enhancer.name)
    # The chat servers that need no key are the user's own.
    own = provider is not None and not provider.key_page
    return min(most, OWN_SERVER) if own else most


class Places:
    """Places at services, so that each is asked for no more pictures at a time than it takes."""

    def __init__(self) -> None:
        self._known: dict[str, threading.Semaphore] = {}
        self._together: dict[int, int] = {}
        self._lock = threading.Lock()
        self._local = LocalPlace()

    def at(
        self, kind: str, service: "Backend | Upscaler", number: int
    ) -> AbstractContextManager[object]:
        """One of `number` places at a service, free when the `with` begins.

        All backends that draw with models of this machine share one (see `LocalPlace`).

        Args:
            kind: "backend" or "upscaler", two of which may have the same name.
        """
        if kind == "backend" and service.name in LOCAL:
            return self._local.taken(cast("Backend", service))
        key = f"{kind} {service.name}/{service.model}"
        with self._lock:
            return self._known.setdefault(key, threading.Semaphore(number))

    def together(self, backend: Backend) -> int:
        """How many pictures a backend draws in one go, asked once for all.

        To be called in its place: a local one may load its libraries, and ask what memory is free.
        """
        known = self._together.get(id(backend))
        if known is None:
            # Without a lock: two that ask at once are told the same.
            known = self._together[id(backend)] = drawn_together(backend)
        return known


class LocalPlace:
    """The one place where models of this machine draw, of which one at a time is in memory.

    Libraries that load models are not made for two at a time. Whoever needs the model that is
    loaded goes first, else who came first: loading takes longer than many a picture.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # By tickets, in the order in which they came.
        self._waiting: dict[object, Backend] = {}
        self._is_taken = False
        self._loaded: Backend | None = None

    @contextmanager
    def taken(self, backend: Backend) -> Iterator[None]:
        """The place, when it is this backend's turn; the one before lets go of its model."""
        ticket = object()
        with self._changed:
            self._waiting[ticket] = backend
            self._changed.wait_for(lambda: not self._is_taken and self._next() is ticket)
            del self._waiting[ticket]
            self._is_taken = True
        try:
            before = self._loaded
            if before is not backend and isinstance(before, ReleasingBackend):
                before.release()
            self._loaded = backend
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def _next(self) -> object:
        waiting = self._waiting.items()
        loaded = (ticket for ticket, backend in waiting if backend is self._loaded)
        return next(loaded, next(iter(self._waiting)))
