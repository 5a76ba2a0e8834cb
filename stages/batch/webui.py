"""Lines of A1111's "Prompts from file or textbox" go in, fields come out.

Such a line is a command without a command: --prompt "a red fox" --seed 3 --cfg_scale 7
(scripts/prompts_from_file.py of stable-diffusion-webui).
"""

import re
import shlex

from imagine.stages.batch.columns import PROMPT, canonical
from imagine.stages.errors import UsageError, shown

_COMMAND = re.compile(r"--[A-Za-z_]")
# What these ask for is so here anyway, or is about A1111's own window.
_NEEDLESS = frozenset({"prompt_for_display", "do_not_save_grid", "outpath_grids"})
_SWITCHES = frozenset({"restore_faces", "tiling", "do_not_save_samples", "do_not_save_grid"})
# Both say how many pictures: so many batches, and so many in each.
_COUNTS = ("n_iter", "batch_size")


def is_command(line: str) -> bool:
    """Whether a line is such a command: it begins with an option, and --prompt is among them."""
    return _COMMAND.match(line) is not None and re.search(r"--prompt[\s=]", line) is not None


def fields_of(line: str) -> dict[str, str]:
    """The fields of a command.

    Raises:
        UsageError: its quotes do not match, or it has an option that nothing here honours.
    """
    fields: dict[str, str] = {}
    for name, value in _options(line).items():
        if name in _NEEDLESS or (name in _SWITCHES and value.lower() == "false"):
            continue
        if name in _COUNTS:
            fields["num"] = _product(name, fields.get("num", "1"), value)
        elif name == "seed" and value == "-1":  # A1111's word for any
            continue
        elif name == PROMPT or canonical(name) is not None:
            fields[name] = value
        else:
            raise UsageError(f"Nothing here reads --{shown(name)}; leave it out.")
    return fields


def _options(line: str) -> dict[str, str]:
    """Names and values; words up to the next option are one value, quoted or not."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(
            "The quotes of the line do not match; put the prompt in double quotes."
        ) from error
    options: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if _COMMAND.match(word):
            name, equals, value = word[2:].partition("=")
            if name in options:
                raise UsageError(f"--{shown(name)} is given twice; leave one out.")
            options[name] = [value] if equals else []
        else:
            options[name].append(word)
    return {name: " ".join(values) for name, values in options.items()}


def _product(name: str, one: str, other: str) -> str:
    if not re.fullmatch(r"[0-9]{1,3}", other):
        raise UsageError(f"'{name}' is '{shown(other)}', which is no whole number; correct it.")
    return str(int(one) * int(other))
