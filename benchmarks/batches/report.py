"""A line for each measurement: what was measured, its figures, and whether its goal was met."""

import os
from dataclasses import dataclass, field


@dataclass
class Report:
    """Prints measurements; `missed` counts goals that were not met."""

    missed: int = 0
    measured: int = field(default=0)

    def title(self, text: str) -> None:
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        print(f"\n{text} (load {load})", flush=True)

    def line(self, name: str, **figures: object) -> None:
        told = "  ".join(
            f"{key.replace('_', ' ')} {_shown(value)}" for key, value in figures.items()
        )
        print(f"  {name:<30} {told}", flush=True)

    def goal(self, text: str, met: bool) -> None:
        self.measured += 1
        self.missed += not met
        print(f"  {'met' if met else 'MISSED':<7} {text}", flush=True)


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
