"""Doubts: the name of a column that is no option goes in; what the user should know comes out."""

from imagine.stages.batch.columns import CANONICAL, STAND_INS, normal
from imagine.stages.validation import value_shown

# Options of the command that hold for a whole run; data sets seldom have columns of these names.
_OF_THE_RUN = (
    *("on_enhance_error", "no_enhance", "budget", "sidecar", "overwrite", "dry_run"),
    *("concurrency", "keep_going", "retry_failed", "shuffle", "shard", "series"),
)
# Common columns of data sets whose names only look like ours.
_HARMLESS = frozenset(
    {
        *("account", "country", "county", "counter", "weight", "quantity", "speed", "mode"),
        *("types", "stage", "pic", "prompt_id", "image_id", "image_url", "image_path", "files"),
    }
)
# Of shorter names half the words of a language are near.
_SHORTEST = 4


def doubt_about(name: str) -> str | None:
    """A sentence about a column that is no option and perhaps was meant as one; mostly none."""
    from difflib import get_close_matches

    known = normal(name)
    if known in _OF_THE_RUN:
        option = known.replace("_", "-")
        return (
            f"The column {value_shown(name)} is carried along: --{option} is the same for all "
            "rows; give it on the command line."
        )
    if known in _HARMLESS or known in STAND_INS:
        return None
    names = [each for each in CANONICAL if len(each) >= _SHORTEST]
    near = get_close_matches(known[:80], names, n=1, cutoff=0.8)
    if not near:
        return None
    return (
        f"The column {value_shown(name)} is no option and is carried along; "
        f"did you mean '{near[0]}'?"
    )
