"""What drew a picture the first time, and what did now, go in; notes on what differs come out."""

from collections.abc import Mapping, Sequence

from imagine.stages.errors import shown
from imagine.stages.recipe import Parameter

# Parameters that decide pixels beside the request, and what people call them.
DECIDING = {
    "dtype": "dtype",
    "device": "device",
    "vae": "VAE",
    "vae_tiling": "VAE tiling",
    "workflow": "workflow",
    "library": "library",
}


def differences(
    before: Mapping[str, Parameter], now: Mapping[str, Parameter], *, model: str
) -> list[str]:
    """Sentences on what may make a picture look different from the first time.

    Args:
        before: parameters of the recipe; none for a picture that is drawn for the first time.
        now: those that the backend gives with the picture.
        model: that drew it.
    """
    notes = []
    if before.get("weights") and now.get("weights", before["weights"]) != before["weights"]:
        notes.append(
            f"The weights of {model} are not those that the picture was first drawn with, so it "
            "may look different."
        )
    differing = [name for name in DECIDING if before and before.get(name) != now.get(name)]
    if differing:
        then, today = (
            ", ".join(f"{DECIDING[name]} {_told(values.get(name))}" for name in differing)
            for values in (before, now)
        )
        notes.append(
            f"The picture was first drawn with {then}, and now with {today}, so it may look "
            f"different{_remedy(before, differing)}."
        )
    return notes


def _told(value: Parameter) -> str:
    """A parameter as people read it; what is not recorded was as usual."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "as usual" if value is None else shown(value)


def _remedy(before: Mapping[str, Parameter], differing: Sequence[str]) -> str:
    """What settings bring back the pixels of the first time; "" where none surely do."""
    remedies = []
    for name in differing:
        then = before.get(name)
        if name == "dtype" and then:
            remedies.append(f"set IMAGINE_DTYPE={shown(then)}")
        elif name == "dtype":
            remedies.append("leave out IMAGINE_DTYPE")
        elif name == "vae" and then:
            remedies.append("set IMAGINE_TINY_VAE to the tiny VAE that it was drawn with")
        elif name == "vae":
            remedies.append("leave out IMAGINE_TINY_VAE")
        elif name == "device" and str(then).lower() == "cpu":
            # Every machine has one, and not another's card.
            remedies.append("set IMAGINE_DEVICE=cpu")
        else:
            return ""
    return f"; for the pixels of the first time, {' and '.join(remedies)}"
