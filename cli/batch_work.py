"""What a batch does with its items: describe, draw, save; each into the journal and the results."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imagine.cli.batch_enlarging import BatchEnlarging
from imagine.cli.batch_orders import Orders, own_fault, own_model
from imagine.cli.batch_pools import Places
from imagine.cli.local import LOCAL
from imagine.cli.planning import Order, adopted, planned, rehearse
from imagine.cli.purse import IN_LEDGER
from imagine.stages.batch.rows import Row
from imagine.stages.drawing import DrawingOptions
from imagine.stages.errors import (
    BudgetError,
    ConfigError,
    ImagineError,
    LocalBackendError,
    RefusedError,
    SaveError,
    StoppedError,
    UnusableAnswerError,
)
from imagine.stages.generate import can_draw_together

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from imagine.cli.batch_report import Report
    from imagine.cli.describing import Describing
    from imagine.cli.purse import Purse
    from imagine.stages.batch.journal import Journal, Status
    from imagine.stages.batch.listing import Item
    from imagine.stages.batch.room import Room
    from imagine.stages.description import Description
    from imagine.stages.generate import Backend
    from imagine.stages.image import GeneratedImage, Progress
    from imagine.stages.pipeline import Picture
    from imagine.stages.plan import Plan
    from imagine.stages.publish import Coming


@dataclass(frozen=True, slots=True)
class Task:
    """One picture that is still to be drawn or finished.

    Attributes:
        number: among the pictures of its item, from 1.
        first: it is the first picture of its description, which bears what that cost.
        kept: the picture, where an earlier run received it and did not come to finish it.
    """

    item: "Item"
    order: Order
    plan: "Plan"
    index: int
    number: int
    first: bool
    kept: "GeneratedImage | None" = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture that is not saved yet; `cheap` says that it is saved as it came."""

    picture: "Picture"
    cheap: bool


class BatchWork:
    """The stages of a batch, as imagine.stages.batch.run.Engine calls them from its threads."""

    # A full disk, a wrong key, an empty purse, nothing to compute with: the next item would fare
    # no better.
    halting: tuple[type[ImagineError], ...] = (
        BudgetError,
        ConfigError,
        LocalBackendError,
        SaveError,
    )

    def __init__(
        self, orders: Orders, journal: "Journal", purse: "Purse", report: "Report", room: "Room"
    ) -> None:
        self.orders = orders
        self.journal = journal
        self.purse = purse
        self.report = report
        self.room = room
        self.halt: Callable[[BaseException], None] = _raised
        """Ends the batch; that of its engine."""
        self._places = Places()
        self._enlarging = BatchEnlarging(journal, purse, self._places, halt=self._give_up)
        self._rehearsed: Describing | None = None
        self._stopped = threading.Event()
        # Pictures that a model of this machine is drawing just now.
        self.drawn_here = 0

    def describe(self, item: "Item") -> list[Task]:
        """The pictures of an item that are not saved yet.

        Raises:
            ImagineError: the item cannot be described.
        """
        self.report.begin(item)
        row = item.row
        with own_fault(row):
            order = self.orders.place_of(self.orders.of_row(row), item.position)
            descriptions = self.descriptions(item, order)
            with self.orders.services.thinking:
                return list(self._tasks(item, order, descriptions))

    def _give_up(self, reason: BaseException) -> None:
        """Halt as the engine does that took this over after it was made."""
        self.halt(reason)

    def stop(self) -> None:
        """Enlarge nothing more, and draw nothing to its end that is drawn here.

        What was received is kept for the next run; what a model of this machine is drawing cost
        nothing but time, of which it may take minutes more, and is begun anew.
        """
        self._stopped.set()
        self._enlarging.stop()

    def _unless_stopped(self, backend: "Backend") -> "Callable[[Progress], None]":
        """Takes a step; where the batch is being stopped, a picture that is drawn here ends."""
        is_local = backend.name in LOCAL

        def go_on(progress: "Progress") -> None:
            if is_local and self._stopped.is_set():
                raise StoppedError("The run was stopped before the picture was drawn.")

        return go_on

    def descriptions(self, item: "Item", order: Order) -> "list[Description]":
        row = item.row
        if row.spec is not None:
            from imagine.stages.spec import spec_from_dict

            given = spec_from_dict(dict(row.spec), origin="the description")
            return [adopted(given, order)]
        describing = order.describing
        if describing.asks:
            paid = self.journal.answers(item.key, behind=describing.cache)
            describing = replace(describing, cache=paid)
        # Alternatives are asked for in threads of their own, for which this one waits.
        one_thread = describing.pick == 1
        thinking = self.orders.services.thinking if one_thread else nullcontext()
        # Money first: who waits for it must keep nobody from thinking who may give it back.
        with self.purse.describing(order.describing, order.backend, count=order.count), thinking:
            self._rehearse(row, order)
            answers = describing.describe(str(row.prompt))
            self.purse.described(answers, order.describing)
        asked = [self.purse.asked(made, order.describing) for made in answers.descriptions]
        self.report.described(item, None if None in asked else sum(filter(None, asked)))
        if not answers.descriptions:
            raise answers.errors[0]
        self.report.describing_errors(item, answers.errors)
        return answers.descriptions

    def _rehearse(self, row: Row, order: Order) -> None:
        """Have refused what is refused before anybody is paid.

        That depends on how it is described and drawn, which orders that differ in places, names
        and seeds share; and of the prompt on its flags alone.
        """
        flags = any(sign in str(row.prompt) for sign in ("--", "—", "–"))
        if flags or order.describing is not self._rehearsed:
            rehearse(str(row.prompt), order)
            self._rehearsed = order.describing

    def _tasks(
        self, item: "Item", order: Order, descriptions: "Sequence[Description]"
    ) -> Iterator[Task]:
        from imagine.cli.enlarging import tell_of_upscalers
        from imagine.cli.order import check_pictures

        kept = self.journal.kept(item.key)
        number = 0
        for description in descriptions:
            plan = planned(description, order, seed=_first_seed(item, kept, number, order.count))
            check_pictures(plan, order.saving)
            self.report.describe(item, plan)
            tell_of_upscalers(plan, self.report.console)
            # What saved pictures of this description bear is not charged again.
            first = not any(number + n in item.saved for n in range(1, order.count + 1))
            for index in range(1, order.count + 1):
                number += 1
                if number in item.saved:
                    continue
                image = kept[number][0] if number in kept else None
                yield Task(item, order, plan, index, number, first, image)
                first = False

    def alike(self, task: Task) -> object:
        """What tasks must have in common to be drawn in one go; each is drawn so by its backend."""
        backend, request = task.plan.backend, task.plan.requests[0]
        if task.kept is not None or not can_draw_together(backend):
            return task.item.key, task.number
        return id(backend), request.size, DrawingOptions.of(request).key

    def draw(self, tasks: Sequence[Task]) -> "list[Drawn | ImagineError]":
        """The picture of each task, or what it failed with."""
        backend = tasks[0].plan.backend
        number = len(tasks)
        if number == 1 and tasks[0].kept is not None:
            return [self._finished_before(tasks[0], tasks[0].kept)]
        drawn: list[Drawn | ImagineError] = []
        with (
            self.room.for_pictures(number),
            self._place_at(backend),
            self._counted(backend, number),
        ):
            # Rows with a backend of their own come as many at a time as the batch's own takes.
            most = 1 if number == 1 else self._places.together(backend)
            for start in range(0, number, most):
                some = tasks[start : start + most]
                drawn += self._drawn_together(some) if len(some) > 1 else [self._drawn(some[0])]
        return drawn

    def _drawn(self, task: Task) -> "Drawn | ImagineError":
        from imagine.stages.pipeline import draw

        plan = task.plan
        try:
            # Money first: who waits for it must have no turn that those need who have it.
            with (
                own_fault(task.item.row),
                self.purse.drawing(plan),
                self._receiving(plan.backend),
            ):
                request = plan.requests[task.index - 1]
                picture = draw(plan, request, on_progress=self._unless_stopped(plan.backend))
                picture = self.purse.charged(
                    picture, plan, task.order.describing if task.first else None
                )
        except ImagineError as error:
            return error
        return self._written_down(task, picture)

    def _written_down(self, task: Task, picture: "Picture") -> Drawn:
        drawn = _measured(task, picture)
        if not drawn.cheap:
            # Finishing takes long: it is written down at once, as is what was paid for it.
            self.purse.received(picture, task.plan)
            self._keep(task, drawn)
        return drawn

    def _keep(self, task: Task, drawn: Drawn) -> None:
        """Put a picture that was paid for where the next run finds it, if there is any place."""
        with suppress(SaveError):
            image = drawn.picture.image
            self.journal.keep(task.item.key, task.number, image, seed=_seed_of(task))

    def _drawn_together(self, tasks: Sequence[Task]) -> "list[Drawn | ImagineError]":
        from imagine.stages.pipeline import draw_together

        pairs = [(task.plan, task.plan.requests[task.index - 1]) for task in tasks]
        try:
            going_on = self._unless_stopped(tasks[0].plan.backend)
            pictures = draw_together(pairs, on_progress=going_on)
        except ImagineError as error:
            return [_own_error(task, error) for task in tasks]
        drawn: list[Drawn | ImagineError] = []
        for task, picture in zip(tasks, pictures, strict=True):
            asked = task.order.describing if task.first else None
            charged = self.purse.charged(picture, task.plan, asked)
            drawn.append(self._written_down(task, charged))
        return drawn

    def _finished_before(self, task: Task, image: "GeneratedImage") -> Drawn:
        """A picture that was paid for in an earlier run."""
        from imagine.stages.pipeline import picture_of

        picture = picture_of(task.plan, task.plan.requests[task.index - 1], image)
        return _measured(task, self.purse.priced(picture, task.plan))

    def is_cheap(self, drawn: Drawn) -> bool:
        """Whether a picture is saved as it came."""
        return drawn.cheap

    def finish(self, task: Task, drawn: Drawn) -> None:
        """Enlarge a picture where that was asked for, save it, and say where.

        Raises:
            SaveError: it cannot be written there.
            ImagineError: it cannot be enlarged; what was received is kept for the next run.
        """
        from imagine.cli.finishing import saved

        item, plan = task.item, task.plan
        with own_model(item.row):
            picture = self._enlarging.enlarged(task, drawn.picture)
        # In the ledger; what is finished by this thread at once is not there yet.
        written_down = task.kept is not None or not drawn.cheap
        record = _picture_record(task, picture)
        mark = {IN_LEDGER: True} if written_down else {}

        def announce(coming: "Coming") -> None:
            known = {"bytes": coming.bytes, "sha256": coming.sha256, **mark}
            self.journal.coming(item.key, task.number, coming, record | known)

        try:
            with (
                self._receiving(plan.backend),
                self.purse.saving(picture, plan, again=written_down),
            ):
                artifact = saved(
                    picture, task.order.saving, task.index, item=item.key, on_encoded=announce
                )
        except UnusableAnswerError:
            # It would fail in every run; the next one draws it anew.
            self.journal.forget_kept(item.key, task.number)
            raise
        except SaveError:
            self._keep(task, drawn)
            raise
        record |= {
            "bytes": artifact.bytes,
            "sha256": artifact.sha256,
            "notes": [*record["notes"], *artifact.notes],
        }
        self.room.saw(artifact.bytes)
        self.journal.saved(item.key, task.number, artifact.path, record)
        self.report.picture(item, task.number, artifact.path, record)

    def conclude(self, item: "Item", errors: Sequence[ImagineError]) -> None:
        """Write down how an item ended."""
        status: Status = "done"
        if errors:
            refused = all(isinstance(error, RefusedError) for error in errors)
            status = "refused" if refused else "failed"
        record = self.report.record(item, status, errors)
        self.journal.finish(item.key, status, record)
        self.report.conclude(item, record, errors)

    def _receiving(self, backend: "Backend") -> "AbstractContextManager[object]":
        """A turn at decoding and saving what a provider sends."""
        from imagine.cli.batch_pools import is_limited

        return nullcontext() if is_limited(backend) else self.orders.services.receiving

    @contextmanager
    def _counted(self, backend: "Backend", number: int) -> "Iterator[None]":
        """While it lasts, so many pictures are being drawn here."""
        # One model of this machine draws at a time: nobody else writes this meanwhile.
        here = number if backend.name in LOCAL else 0
        if here:
            self.drawn_here = here
        try:
            yield
        finally:
            if here:
                self.drawn_here = 0

    def _place_at(self, backend: "Backend") -> "AbstractContextManager[object]":
        """A place at a backend that takes fewer pictures at a time than there are threads."""
        from imagine.cli.batch_pools import is_limited, places_at

        if not is_limited(backend):
            return nullcontext()
        most = self.orders.services.many or 1
        return self._places.at("backend", backend, places_at(backend, most))


def _raised(reason: BaseException) -> None:
    """Where no engine runs that could be halted."""
    raise reason


def _own_error(task: Task, error: ImagineError) -> ImagineError:
    """The error of several tasks, as it is that of one row."""
    try:
        with own_fault(task.item.row):
            raise error
    except ImagineError as own:
        return own


def _seed_of(task: Task) -> int:
    return task.plan.requests[task.index - 1].seed


def _measured(task: Task, picture: "Picture") -> Drawn:
    from imagine.stages.formats.encode import format_of, is_kept

    saving = task.order.saving
    format = format_of(picture.image, saving.destination.format)
    kept = is_kept(picture.image, format=format, quality=saving.received_quality)
    return Drawn(picture, kept and not task.plan.enlargements)


def _first_seed(
    item: "Item", kept: "Mapping[int, tuple[GeneratedImage, int]]", before: int, count: int
) -> int | None:
    """The seed of a description's first picture, where an earlier run has drawn some of them."""
    for index in range(count):
        number = before + index + 1
        saved = item.saved.get(number)
        seed = kept[number][1] if number in kept else None if saved is None else saved["seed"]
        if seed is not None:
            return int((seed - index) % 2**32)
    return None


def _picture_record(task: Task, picture: "Picture") -> dict[str, Any]:
    """What the results say of one picture, but for its place."""
    from imagine.cli.text import upscale_values

    request = task.plan.requests[task.index - 1]
    width, height = picture.image.size
    cost = picture.recipe.cost
    return {
        "width": width,
        "height": height,
        "seed": request.seed,
        "backend": task.plan.backend.name,
        "model": picture.image.model,
        "cost": None if cost is None else cost.model_dump(mode="json"),
        "timings": dict(picture.recipe.timings),
        "upscales": upscale_values(picture.recipe),
        "notes": [*picture.image.notes],
    }
