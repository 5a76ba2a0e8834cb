"""Processors: how many of them this process may use."""

import os


def processors() -> int:
    """How many there are for this process, at least one."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
