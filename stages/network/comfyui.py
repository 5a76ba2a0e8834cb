"""Answers of ComfyUI that whoever asks it reads: what its nodes take goes in, lists come out."""

from imagine.stages.network.json_values import items, table


def choices(answer: object, kind: str, name: str) -> tuple[str, ...]:
    """What an input of a kind of node may be; nothing when the server has no such node.

    Args:
        answer: to GET /object_info/KIND.
    """
    inputs = table(table(table(answer).get(kind)).get("input"))
    given = {**table(inputs.get("optional")), **table(inputs.get("required"))}
    first, *more = [*items(given.get(name)), None]
    # Older nodes list what there is, newer ones name the type and list it behind.
    listed = first if isinstance(first, list) else table(more[0] if more else None).get("options")
    return tuple(one for one in items(listed) if isinstance(one, str))
