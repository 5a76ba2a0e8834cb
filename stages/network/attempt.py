"""One attempt: a Request goes out in its turn; a good Reply comes in, or what failed is raised."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from imagine.stages.network.failure import Translate, check_status
from imagine.stages.network.gate import Gate
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Reply
from imagine.stages.network.retry import LONGEST_REST, Transient
from imagine.stages.network.wire import Request, Wire


def gate_of(connection: Connection, method: str) -> Gate | None:
    """Where a request has to wait for its turn: what asks for work does, looking after it not."""
    return connection.gate if method == "POST" else None


def waiting(connection: Connection) -> AbstractContextManager[object]:
    """Around an exchange that needs no turn: the thread does nothing meanwhile."""
    return nullcontext() if connection.gate is None else connection.gate.apart()


def attempt(
    wire: Wire, request: Request, connection: Connection, translate: Translate | None
) -> Reply:
    """Send a request once, when its gate lets it through.

    Its turn ends when a good answer begins: it was worked out then, so that neither sending nor
    reading it keeps anybody waiting.

    Raises:
        Transient: another attempt may help.
        StoppedError: the gate was closed before the request was sent.
        ImagineError: none will.
    """
    gate = gate_of(connection, request.method)
    if gate is None:
        with waiting(connection):
            return _checked(wire, request, connection, translate, _ignore)
    title = connection.provider.title
    with gate.turn(lambda said: connection.tell(f"{title} {said}.")) as turn:
        try:
            return _checked(wire, request, connection, translate, lambda: gate.end(turn))
        except Transient as transient:
            fault = transient.fault
            if not fault.counts and (fault.delay or 0.0) <= LONGEST_REST:
                gate.rejected(turn, delay=fault.delay, per_minute=fault.per_minute)
            raise


def _ignore() -> None:
    """Nobody waits for this request."""


def _checked(
    wire: Wire,
    request: Request,
    connection: Connection,
    translate: Translate | None,
    on_answer: Callable[[], None],
) -> Reply:
    reply = wire.exchange(request, connection, on_answer=on_answer)
    check_status(connection, reply, translate)
    return reply
