"""Answers of ComfyUI: what it says of a job, of its nodes and of errors goes in; facts come out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imagine.stages.errors import shown
from imagine.stages.network.json_values import items, table, tables, text


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one node, or with the whole workflow.

    Attributes:
        kind: ComfyUI's word for it: "value_not_in_list", "OutOfMemoryError".
        message, details: its words.
        node: the node's number and class, "" for all of it.
        input: name of the input, where it is one's.
        value: what stands there.
        known: what could stand there; empty where it does not say.
    """

    kind: str
    message: str
    details: str = ""
    node: str = ""
    node_kind: str = ""
    input: str = ""
    value: str = ""
    known: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """ "node 5 (KSampler): Value 0 smaller than min of 1: steps", in its words."""
        words = ": ".join(word.rstrip(".") for word in (self.message, self.details) if word)
        where = f"node {self.node} ({self.node_kind}): " if self.node else ""
        return " ".join((where + words).split())


@dataclass(frozen=True, slots=True)
class State:
    """How a job is doing.

    Attributes:
        words: for a progress line.
        ended: whether it has.
        entry: of the history, once it has ended; None when the server does not know it.
    """

    words: str
    ended: bool = False
    entry: dict[str, Any] | None = None


def state_of(job: str, queue: object) -> State | None:
    """How a job is doing that has not ended; None when it is not in the queue.

    Args:
        queue: the answer to GET /queue.
    """
    running = _jobs(table(queue).get("queue_running"))
    if job in running:
        return State("drawing")
    pending = _jobs(table(queue).get("queue_pending"))
    if job not in pending:
        return None
    before = len(running) + sum(number < pending[job] for number in pending.values())
    return State(f"waiting, {before} before it" if before else "waiting")


def _jobs(rows: object) -> dict[str, float]:
    """Jobs of a list of the queue with their numbers, the lowest of which is next."""
    return {
        str(job): float(number)
        for row in items(rows)
        if isinstance(row, list) and len(row) > 1
        for number, job, *_ in [row]
        if isinstance(number, int | float)
    }


def failure_in(entry: dict[str, Any]) -> Problem | None:
    """Why a job of the history failed; None for one that went well."""
    status = table(entry.get("status"))
    if text(status.get("status_str")) in ("", "success"):
        return None
    for message in items(status.get("messages")):
        match message:
            case ["execution_interrupted", _]:
                return Problem("interrupted", "it was interrupted")
            case ["execution_error", dict(said)]:
                return Problem(
                    kind=text(said.get("exception_type")).rpartition(".")[2],
                    message=text(said.get("exception_message")).strip(),
                    node=_number(said.get("node_id")),
                    node_kind=text(said.get("node_type")),
                )
    return Problem("", "")


def problems_in(answer: object) -> Iterator[Problem]:
    """What POST /prompt found wrong, of the nodes first."""
    errors = table(table(answer).get("node_errors"))
    for node, found in errors.items():
        for error in tables(table(found).get("errors")):
            yield _problem(error, node, text(table(found).get("class_type")))
    error = table(table(answer).get("error"))
    if not errors and error:
        yield _problem(error, "", "")


def spoilt_outputs(answer: object) -> set[str]:
    """Nodes whose results will not be made, although the rest of a workflow was accepted."""
    errors = table(table(answer).get("node_errors")).values()
    return {
        _number(one) for found in errors for one in items(table(found).get("dependent_outputs"))
    }


def _problem(error: dict[str, Any], node: str, kind: str) -> Problem:
    extra = table(error.get("extra_info"))
    config = items(extra.get("input_config"))
    listed = config[0] if config and isinstance(config[0], list) else []
    return Problem(
        kind=text(error.get("type")),
        message=text(error.get("message")),
        details=text(error.get("details")),
        node=node,
        node_kind=kind,
        input=text(extra.get("input_name")),
        value=shown(extra.get("received_value", "")),
        known=tuple(one for one in listed if isinstance(one, str)),
    )


def _number(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""
