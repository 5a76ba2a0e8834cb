"""`imagine backends`: what can describe and what can draw, with what each honours."""

from dataclasses import asdict

from imagine.cli import options
from imagine.cli.console import Console


def backends(json: options.Json = False) -> None:
    """List what can describe and what can draw."""
    from imagine.stages.enhance import ENHANCERS
    from imagine.stages.generate import BACKENDS

    console = Console(json=json)
    if json:
        for name in BACKENDS.names():
            capabilities = asdict(BACKENDS.create(name).capabilities)
            console.result_json({"kind": "backend", "name": name, **capabilities})
        for name in ENHANCERS.names():
            console.result_json({"kind": "enhancer", "name": name})
        return
    console.result("Backends (--backend)")
    for name in BACKENDS.names():
        can = BACKENDS.create(name).capabilities
        console.result(f"  {name:<12}{BACKENDS.summaries.get(name, 'a plugin')}")
        honours = ["seed"] * can.seed + ["negative prompt"] * can.negative_prompt
        console.result(
            f"  {'':<12}prompt profile {can.profile}; sides {can.min_side} to {can.max_side}, "
            f"at most {can.max_pixels / 1e6:.0f} megapixels; honours {', '.join(honours)}"
        )
    console.result("Enhancers (--enhancer)")
    for name in ENHANCERS.names():
        console.result(f"  {name:<12}{ENHANCERS.summaries.get(name, 'a plugin')}")
