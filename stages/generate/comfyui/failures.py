"""Errors of ComfyUI: what it says of a job or a workflow goes in, the error to raise comes out."""

from typing import Any

from imagine.stages.errors import ConfigError, ImagineError, ProviderError, UsageError, shown
from imagine.stages.generate.comfyui.answers import Problem, problems_in
from imagine.stages.generate.comfyui.stock import near, some_of
from imagine.stages.generate.job import JobFailedError
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import quotable

_MEMORY = ("OutOfMemory", "out of memory", "Allocation on device", "not enough memory")


def failed(connection: Connection, failure: Problem, job: str) -> ImagineError:
    """The error for a job that failed.

    Args:
        connection: the user's way to the server.
        failure: as its history has it.
        job: its name.
    """
    title = connection.provider.title
    if failure.kind == "interrupted":
        return JobFailedError(f"The job {job} was interrupted at {title}; draw the picture again.")
    words = quotable(connection, failure.message or failure.kind)
    where = f" in {shown(failure.node_kind)}" if failure.node_kind else ""
    if any(sign in f"{failure.kind} {failure.message}" for sign in _MEMORY):
        return JobFailedError(
            f"{title} ran out of memory{where} (“{words}”); ask for a smaller --size, or "
            "start it with --lowvram."
        )
    said = f": {shown(failure.kind)} “{words}”" if words else ""
    return JobFailedError(
        f"The job {job} failed at {title}{where}{said}; look at what it printed, or "
        "choose another model (--model)."
    )


def rejected(connection: Connection, answer: dict[str, Any]) -> ImagineError:
    """The error for a workflow that the server does not run.

    Args:
        connection: the user's way to it.
        answer: to POST /prompt.
    """
    title = connection.provider.title
    found = list(problems_in(answer))
    for problem in found:
        if problem.kind == "value_not_in_list":
            return _lacks(connection, problem)
    for problem in found:
        if "does not exist" in problem.message or problem.kind == "missing_node_type":
            return ConfigError(
                f"{title} lacks a node of the workflow “{_words(connection, problem)}”; install "
                "what has it there, or use another workflow (comfyui_workflow)."
            )
    told = "; ".join(_words(connection, problem) for problem in found[:3])
    return ProviderError(
        f"{title} rejects the workflow{f': {told}' if told else ''}; check the options "
        "that you gave, and the workflow."
    )


def _lacks(connection: Connection, problem: Problem) -> UsageError:
    """The error for a file or a word that the workflow names, and the server does not have."""
    title = connection.provider.title
    hint = near(problem.value, {one.lower(): one for one in problem.known})
    known = f" (it has: {some_of(problem.known)})" if problem.known else ""
    return UsageError(
        f"{title} has no '{problem.value}' for {shown(problem.input)} of node "
        f"{shown(problem.node)} ({shown(problem.node_kind)}){hint}{known}; name another "
        "(--model, --lora, --scheduler), or change the workflow."
    )


def _words(connection: Connection, problem: Problem) -> str:
    return quotable(connection, problem.told)
