"""What `imagine upscale` tells: results as paths or JSON on stdout, all else on stderr."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console, error_envelope, fail
from imagine.cli.upscale_plan import Finished, Job, LargeEnough
from imagine.stages.errors import ImagineError, quoted_path
from imagine.stages.files import sha256_of
from imagine.stages.network.providers import PROVIDERS

if TYPE_CHECKING:
    from imagine.cli.upscale_making import Made
    from imagine.cli.upscale_sizes import Sizing
    from imagine.stages.money.estimate import Estimate


# Keys of what is told as JSON, with what stands there where nothing is known.
_UNKNOWN: dict[str, Any] = {
    **dict.fromkeys(("path", "width", "height", "from_width", "from_height", "upscaler", "model")),
    "notes": (),
    "cost": None,
    "finished_before": False,
}
_UNKNOWN_MADE: dict[str, Any] = dict.fromkeys(("seconds", "sha256", "bytes", "sidecar_path"))
_UNKNOWN_PLANNED: dict[str, Any] = {
    "dry_run": True,
    **dict.fromkeys(("overwrite", "full_width", "full_height", "passes", "estimate")),
}


# A result that somebody may not have meant: a square of 22,000 pixels.
_MANY_PIXELS = 500_000_000


@dataclass(slots=True)
class Report:
    """Tells of each picture as it comes, and counts.

    Attributes:
        pictures: that were named; with several, each line has to say which.
        dry_run: nothing is made.
        done: pictures that were enlarged.
        finished: pictures whose result was there.
        unrecorded: those of them whose result says nothing of itself.
        large: pictures that need not grow.
        failures: pictures that failed; the errors are told at once, and hold much.
        exit_code: of the last of them.
        stopped: the exit code of the failure that stopped all, told already as the others.
    """

    console: Console
    sizing: "Sizing"
    pictures: int
    dry_run: bool
    done: int = 0
    finished: int = 0
    unrecorded: int = 0
    large: int = 0
    failures: int = 0
    exit_code: int = 0
    stopped: int | None = None

    @property
    def several(self) -> bool:
        return self.pictures > 1

    def upscaler(self, job: Job) -> None:
        """Who enlarges, once for each that does; of the only picture its sizes, too."""
        reason = f" ({job.why})" if job.why and job.grows else ""
        by = f"{job.maker}{reason}."
        if self.several or self.dry_run:
            self.console.note_once(f"Upscaler {by}")
        else:
            self.console.note(f"{_sizes(job)}, upscaler {by}")
        if (pixels := job.target.width * job.target.height) > _MANY_PIXELS:
            passes = passes_of(job) or 1
            told = "1 pass" if passes == 1 else f"{passes} passes"
            self.console.warn(
                f"{quoted_path(job.found.path)} becomes {job.target.width}x{job.target.height}, "
                f"{pixels / 10**9:.1f} billion pixels in {told}: this takes long and much of the "
                "disk."
            )

    def ended(self, done: "Made | Finished") -> None:
        """A picture that is enlarged and saved, by this run or by another one meanwhile."""
        if isinstance(done, Finished):
            self.finished_before(done)
        else:
            self.made(done)

    def made(self, made: "Made") -> None:
        """A picture that is enlarged and saved."""
        self.done += 1
        job, artifact = made.job, made.artifact
        for note in made.notes:
            self.console.warn(f"{quoted_path(job.found.path)}: {note}" if self.several else note)
        self.console.detail(
            f"{job.found.path}: {_sizes(job)} by {job.maker} in {made.seconds:.2f} s, "
            f"{artifact.bytes} bytes."
        )
        if not self.console.json:
            self.console.result(str(artifact.path))
            return
        beside = artifact.sidecar_path
        self._tell(
            job,
            path=artifact.path,
            upscaler=made.upscaler,
            model=made.model,
            seconds=round(made.seconds, 3),
            sha256=artifact.sha256,
            bytes=artifact.bytes,
            sidecar_path=None if beside is None else str(beside),
            notes=list(made.notes),
            cost=made.cost,
            finished_before=False,
        )

    def finished_before(self, item: Finished) -> None:
        """A picture whose result an earlier run left."""
        self.finished += 1
        self.unrecorded += item.record is None
        if item.is_rescued:
            self.console.warn(
                f"The result of {quoted_path(item.found.path)} was paid for and found no place; "
                f"it is kept: {quoted_path(item.path)}."
            )
        if not self.console.json:
            told = f"{item.found.path}: finished before, " if self.dry_run else ""
            self.console.result(f"{told}{item.path}")
            return
        upscaler, model = item.made_by
        self._tell(
            item,
            path=item.path,
            upscaler=upscaler,
            model=model,
            seconds=None,
            sha256=sha256_of(item.path),
            bytes=item.path.stat().st_size,
            sidecar_path=None,
            notes=[],
            cost=None if item.record is None else item.record.cost,
            finished_before=True,
        )

    def large_enough(self, item: LargeEnough) -> None:
        """A picture that is left out."""
        width, height = item.size
        note = (
            f"{quoted_path(item.found.path)} is {width}x{height} already, nothing to enlarge for "
            f"{self.sizing.told()}; it is left out."
        )
        self.large += 1
        if self.several:
            self.console.detail(note)
        else:
            self.console.note(note)
        if self.console.json:
            size = {"width": width, "height": height, "from_width": width, "from_height": height}
            self._row(item.found.path, path=None, **size, notes=[note])

    def results_left_out(self, paths: list[Path]) -> None:
        """Results of earlier runs that are among the pictures."""
        if len(paths) == 1:
            told = f"{quoted_path(paths[0])} is the result of an earlier run and is left out; name"
            self.console.note(f"{told} it alone to enlarge it once more.")
        elif paths:
            told = f"{len(paths)} results of earlier runs, such as {quoted_path(paths[0])}, are"
            self.console.note(f"{told} left out; name one alone to enlarge it once more.")

    def failure(self, path: Path, error: ImagineError) -> None:
        """A picture that failed; nearly every message names it already."""
        self.failures += 1
        self.exit_code = error.exit_code
        is_named = quoted_path(path) in str(error)
        fail(error, where=f"{quoted_path(path)}: " if self.several and not is_named else "")
        if self.console.json:
            told = error_envelope(error)
            self.console.result_json({"ok": False, "source": str(path), "error": told["error"]})

    def planned(self, job: Job, estimate: "Estimate") -> None:
        """What a dry run found would be made, and what that would cost."""
        from imagine.cli.text import estimate_values

        if self.console.json:
            self._tell(
                job,
                path=job.place,
                overwrite=job.overwrite,
                upscaler=job.runs,
                model=job.upscaler.model or None if job.grows else None,
                full_width=job.target.full_width,
                full_height=job.target.full_height,
                passes=passes_of(job),
                estimate=estimate_values(estimate),
            )
            return
        price = f", {estimate.told(most=True)}" if job.is_paid else ""
        self.console.result(f"{job.found.path}: {_sizes(job)}{_way(job)}, {job.place}{price}")

    def interrupted(self, finished: int, pictures: int, *, asked: int) -> str:
        """What is said of Ctrl-C; "" where there was one picture, and nothing paid.

        Args:
            asked: pictures that somebody was being paid for, whose results nobody waits for.
        """
        were = "the picture was" if pictures < 2 else "1 was" if asked == 1 else f"{asked} were"
        paid = f"{were} being paid for (see `imagine cost`)" if asked else ""
        several = f"{finished} of {pictures} are finished; the same command goes on"
        told = "; ".join(part for part in (several if pictures > 1 else "", paid) if part)
        return f"Interrupted: {told}." if told else ""

    def conclude_dry_run(self, jobs: int, estimate: "Estimate") -> None:
        """What is said at the end of a dry run.

        Args:
            jobs: pictures that would be made.
            estimate: what they would cost.
        """
        if self.failures and not jobs:
            return
        self._left_out()
        price = "" if estimate.is_free else f", {estimate.told(most=True)}"
        were = "picture" if jobs == 1 else "pictures"
        self.console.note(f"Would make {jobs} {were}{price}. Nothing was written.")

    def conclude(self, *, left: int, rescued: Sequence[Path]) -> None:
        """What is said at the end, beside failures.

        Args:
            left: pictures that were to be enlarged and have no result in its place.
            rescued: results of them that are kept elsewhere.
        """
        if self.finished:
            were, them = ("s were", "them") if self.finished > 1 else (" was", "it")
            self.console.note(
                f"{self.finished} picture{were} finished before; --force makes {them} anew."
            )
        if self.unrecorded:
            self.console.note(
                "Without metadata only size and time tell that; a changed option is not seen."
            )
        self._left_out()
        if self.stopped is None or left < 2:
            return
        if todo := left - len(rescued):
            are, them = ("s are", "them") if todo > 1 else (" is", "it")
            self.console.note(f"{todo} picture{are} left; the same command goes on with {them}.")
        if rescued:
            were, lie = ("s that were", "lie") if len(rescued) > 1 else (" that was", "lies")
            self.console.note(
                f"{len(rescued)} result{were} paid for {lie} in {quoted_path(rescued[0].parent)}."
            )

    def _left_out(self) -> None:
        if self.several and self.large:
            were = "was" if self.large == 1 else "were"
            self.console.note(
                f"{self.large} of {self.pictures} {were} large enough for {self.sizing.told()} and "
                f"{were} left out."
            )

    def _tell(self, item: Job | Finished, *, path: Path, **values: Any) -> None:
        self._row(
            item.found.path,
            path=str(path),
            width=item.target.width,
            height=item.target.height,
            from_width=item.size[0],
            from_height=item.size[1],
            **values,
        )

    def _row(self, source: Path, **values: Any) -> None:
        """An object with the same keys for every picture of a run that has not failed."""
        unknown = _UNKNOWN_PLANNED if self.dry_run else _UNKNOWN_MADE
        row = {"ok": True, "source": str(source), **_UNKNOWN, **unknown, **values}
        known = _UNKNOWN.keys() | unknown.keys()
        self.console.result_json(
            {key: value for key, value in row.items() if key in known or key in ("ok", "source")}
        )


def _sizes(job: Job) -> str:
    width, height = job.size
    return f"{width}x{height} to {job.target.width}x{job.target.height}"


def _way(job: Job) -> str:
    """How the size is reached: " by photo, 2 passes of 2x, cropped from 4096x4608"."""
    target, passes = job.target, passes_of(job)
    told = f" by {job.maker}"
    if passes is not None:
        factor = max(job.upscaler.capabilities.factors)
        told += f", {passes} {'pass' if passes == 1 else 'passes'} of {factor}x"
    if (target.full_width, target.full_height) != (target.width, target.height):
        told += f", cropped from {target.full_width}x{target.full_height}"
    return told


def passes_of(job: Job) -> int | None:
    """How often a network goes over the picture; None for what makes any size at once.

    What a server does is its own business: it is asked once.
    """
    factors = job.upscaler.capabilities.factors
    if not factors or not job.grows or job.upscaler.name in PROVIDERS:
        return None
    width, height = job.size
    passes = 0
    while width < job.target.full_width or height < job.target.full_height:
        width, height, passes = width * max(factors), height * max(factors), passes + 1
    return passes
