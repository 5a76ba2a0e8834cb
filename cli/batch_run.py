"""Running a batch: what was asked for goes in; pictures, results and a summary come out."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, cast

from imagine.cli.batch import Batching
from imagine.cli.batch_listing import Listed, list_rows, whole_rows
from imagine.cli.batch_orders import Orders
from imagine.cli.batch_pools import MOST, pools_for
from imagine.cli.batch_report import Report, bad_record
from imagine.cli.batch_settle import (
    check_batching,
    check_order,
    check_results,
    enlarging_values,
    fingerprint,
    open_journal,
    series_of,
    unmaking,
)
from imagine.cli.batch_work import BatchWork, Drawn, Task
from imagine.cli.console import Console, fail_line
from imagine.cli.events import Events
from imagine.cli.order import refuse_without_enlarging
from imagine.cli.planning import Wanted, check_drawable
from imagine.cli.progress import BatchDisplay
from imagine.cli.purse import open_purse
from imagine.cli.services import Services
from imagine.cli.signals import telling_of_interrupts
from imagine.cli.summary import Stop, failure_lines, summary_text
from imagine.cli.unnamed import UnnamedModel
from imagine.stages.batch.database import FILE_NAME
from imagine.stages.batch.ordered import arriving
from imagine.stages.batch.results import FILE_NAME as RESULTS
from imagine.stages.batch.results import Results
from imagine.stages.batch.room import Room
from imagine.stages.batch.run import Counts, Engine
from imagine.stages.errors import (
    BudgetError,
    ImagineError,
    ItemsFailedError,
    LocalBackendError,
    SaveError,
    UsageError,
)

if TYPE_CHECKING:
    from imagine.cli.batch_listing import Source
    from imagine.cli.purse import Purse
    from imagine.cli.settings import Settings
    from imagine.stages.batch.inputs import Input
    from imagine.stages.batch.journal import Journal
    from imagine.stages.batch.listing import Again, Item, Listing, Order
    from imagine.stages.batch.rows import BadRow, Row

# Seconds in which those who wait at a closed gate have left it.
MOMENT = 0.3
# Seconds of a rest that is told of without a terminal too.
LONG_REST = 20.0
# More failures than a reader remembers are told once more at the end, by reasons.
TOLD_ONE_BY_ONE = 5


def run_batch(
    wanted: Wanted,
    batching: Batching,
    settings: "Settings",
    console: Console,
    *,
    budget: float | None,
) -> None:
    """Draw a batch.

    Raises:
        UsageError: an option is wrong, or the input cannot be read; nothing was drawn.
        BusyError: another run works in the same directory.
        ItemsFailedError: some items failed; each was reported.
        ImagineError: what stopped the whole batch: the budget, a rejected key, a full disk.
        KeyboardInterrupt: the user did.
    """
    check_batching(batching)
    source = batching.source
    most = batching.concurrency or settings.whole("concurrency") or MOST
    with ExitStack() as opened:
        read = source.open(console.warn)
        series = series_of(batching, read.head)
        services = Services(settings, console, dry_run=batching.dry_run, many=most)
        opened.enter_context(services)
        orders = Orders.of(
            wanted,
            settings,
            services,
            dry_run=batching.dry_run,
            series=series,
            base_directory=source.directory,
            shard=batching.shard,
            series_reference=batching.series_reference,
        )
        check_order(orders.base, batching)
        purse = open_purse(settings, console, budget=budget, yes=batching.yes)
        directory = orders.base.saving.destination.directory
        check_results(directory)
        unmade = opened.enter_context(unmaking(directory, dry_run=batching.dry_run))
        if (directory / RESULTS).exists() and not (directory / FILE_NAME).exists():
            console.warn(
                f"'{directory / RESULTS}' has no journal beside it, so what it tells of is not "
                "known to be finished, and is drawn anew."
            )
        journal = opened.enter_context(open_journal(directory, console, dry_run=batching.dry_run))
        if not batching.dry_run:
            purse.adopted(journal.adopted_records)
        run = BatchRun(
            orders=orders,
            batching=batching,
            journal=journal,
            purse=purse,
            console=console,
            read=read,
            source=source,
        )
        try:
            run.all()
        except (UsageError, BudgetError, LocalBackendError):
            # Nothing was begun: then nothing is left either, unless it was there before.
            unmade.is_wanted = next(journal.lines(), None) is None
            raise


class BatchRun:
    """One batch, from its input to its summary."""

    def __init__(
        self,
        *,
        orders: Orders,
        batching: Batching,
        journal: "Journal",
        purse: "Purse",
        console: Console,
        read: "Input",
        source: "Source",
    ) -> None:
        self.orders = orders
        self.batching = batching
        self.journal = journal
        self.purse = purse
        self.console = console
        self.read = read
        self.source = source
        self.started = time.monotonic()
        directory = orders.base.saving.destination.directory
        self.results = Results(directory)
        self.events = Events(console)
        self.report = Report(
            console,
            self.events,
            self.results,
            directory,
            origin=source.origin,
            show_prompt=batching.show_prompt,
        )
        self.room = Room(directory, witness=directory / FILE_NAME)
        self.work = BatchWork(orders, journal, purse, self.report, self.room)
        self.counts = Counts()
        self._unreadable = 0
        self._told_of_rest = False
        self._interrupted = False
        # In threads, these would be made twice.
        _ = purse.budget, purse.ledger, purse.prices

    def all(self) -> None:
        """Errors as in `run_batch`."""
        batching = self.batching
        again: Again = "failed" if batching.retry_failed else "all" if batching.force else "changed"
        order: Order = "shuffle" if batching.shuffle else cast("Order", batching.order or "input")
        self.journal.begin(fingerprint(self.orders, batching), again=again, order=order)
        if batching.dry_run:
            from imagine.cli.batch_rehearsal import rehearse_batch

            self._list()
            rehearse_batch(self)
            return
        chosen = batching.limit or batching.sample or batching.shuffle or batching.order
        live = batching.keep_going and self.source.is_live and not chosen
        if live:
            self.console.note(self.orders.base.introduction())
        listed = None if live else self._list()
        self._agree(listed)
        listing = self.journal.listing
        self._tell_of_enlarged(listing)
        total = None if live else listing.todo
        self.events.start(total=total, skipped=listing.done)
        stopped_by: BaseException | None = None
        if total != 0:
            pools = pools_for(
                self.orders.base,
                most=self._most,
                own_backends=listed is None or listed.own_backends,
                own_enhancers=listed is None or listed.own_enhancers,
            )
            if self.orders.services.gates:
                # Later it would take twice as long, beside the threads that want to send.
                import httpx  # noqa: F401
            with BatchDisplay(self.console, total=total, skipped=listing.done) as display:
                engine: Engine[Item, Task, Drawn] = Engine(
                    self.work, pools, tick=partial(self._tick, display), on_stop=self._stopping
                )
                self.report.stop = engine.stop
                self.work.halt = engine.halt
                try:
                    with telling_of_interrupts(partial(self._interrupt, engine)) as interrupts:
                        engine.run(self._items(engine, live=live))
                    if interrupts.happened:
                        # Python drops what is raised while it collects garbage.
                        stopped_by = KeyboardInterrupt()
                except (ImagineError, KeyboardInterrupt, SystemExit) as error:
                    stopped_by = error
        self._sum_up(total, stopped_by)

    def _tell_of_enlarged(self, listing: "Listing") -> None:
        """Say that finished pictures stay as they are, where this run would enlarge otherwise."""
        wanted = enlarging_values(self.orders)
        rows = self.orders.enlarged
        note = json.dumps({"all": wanted, "rows": rows} if rows else wanted, sort_keys=True)
        before = json.loads(self.journal.note_enlarging(note) or "null")
        all_before, rows_before = before, ""
        if before is not None and "rows" in before:
            all_before, rows_before = before["all"], before["rows"]
        other = all_before != wanted and self.orders.base.backend.capabilities.paid
        # Of new rows nothing was noted.
        if listing.done and (other or (rows_before != rows and not listing.new)):
            self.console.warn(
                "What is finished stays as it is, and is not paid for again because it would be "
                "enlarged otherwise now; `imagine upscale` enlarges such pictures, --force draws "
                "all anew."
            )

    def _interrupt(self, engine: "Engine[Item, Task, Drawn]") -> None:
        self._interrupted = True
        engine.stop()

    def _tick(self, display: BatchDisplay, counts: Counts) -> None:
        self.counts = counts
        display.update(counts, self.purse.budget.spent, self._resting())

    def _resting(self) -> str:
        """What the batch waits for; "" for nothing. Of a long wait the user is told once."""
        gates = list(self.orders.services.gates.values())
        resting = max((gate.resting for gate in gates), default=0.0)
        if resting < 1:
            self._told_of_rest = self._told_of_rest and resting > 0
            return ""
        told = f"waiting {resting:.0f} s for the server"
        if resting >= LONG_REST and not self._told_of_rest:
            self._told_of_rest = True
            self.console.note(f"The server is busy: {told}.")
        return told

    def _stopping(self, counts: Counts) -> None:
        """Nothing new is begun: who waits for a turn, for money or for room gives up."""
        gates = list(self.orders.services.gates.values())
        for gate in gates:
            gate.close()
        self.purse.budget.close()
        self.room.close()
        self.work.stop()
        again = " again" if self._interrupted else ""
        drawing = counts.drawing
        if self.work.drawn_here:
            self.console.note(
                "Stopping: what is being drawn here is given up at its next step; "
                f"Ctrl-C{again} stops at once."
            )
            # Who waits for a turn at a model of this machine gives up, too; providers do not.
            drawing = sum(gate.in_flight for gate in gates)
        in_flight = counts.describing + drawing + counts.finishing
        if gates and not getattr(self.orders.base.backend, "queued", False):
            # The others wait for their turn, and have asked for nothing.
            in_flight = min(in_flight, sum(gate.in_flight for gate in gates) + counts.finishing)
        if in_flight:
            them = "1 in flight is" if in_flight == 1 else f"{in_flight} in flight are"
            self.console.note(f"Stopping: {them} finished first; Ctrl-C{again} stops at once.")

    @property
    def _most(self) -> int:
        return self.orders.services.many or MOST

    def rows(self) -> "Iterator[Row | BadRow]":
        """The rows of the input, with defaults, expanded."""
        return whole_rows(
            self.read.rows,
            defaults=self.read.head.defaults,
            expansion=self.source.expansion,
            check=partial(self.orders.check, series_reference=self.batching.series_reference),
            files=self.orders.files_of,
        )

    def _list(self) -> Listed:
        """Enter every row of the input into the journal, and choose among them.

        Raises:
            UsageError: some cannot be read, and nobody said to go on without them; or there is
                none.
        """
        keep_going = self.batching.keep_going and not self.batching.dry_run
        listed = list_rows(self.rows(), self.journal, on_bad=self._record if keep_going else None)
        if listed.unreadable and not self.batching.keep_going:
            for row in listed.bad:
                fail_line(
                    row.error,
                    line=row.line,
                    prompt=row.text,
                    json=self.console.json,
                    origin=self.source.origin,
                )
            rows, them = ("row", "it") if listed.unreadable == 1 else ("rows", "them")
            raise UsageError(
                f"{listed.unreadable:,} {rows} of {self.source.title} cannot be drawn, so nothing "
                f"was; correct {them}, or add --keep-going to record {them} as failed."
            )
        if not listed.rows and not listed.unreadable:
            raise UsageError(f"There is no prompt in {self.source.title}; write one on a line.")
        painter = self.orders.base.backend
        if listed.common_models and isinstance(painter, UnnamedModel):
            raise painter.problem
        if listed.plain:
            check_drawable(self.orders.base)
        own = listed.rows > 0 and not listed.common_models
        self.console.note(self.orders.base.introduction(own_painters=own))
        if self.orders.base.stages == 3 and not listed.own_sizes:
            wanted = self.orders.wanted
            refuse_without_enlarging(
                upscaler=wanted.upscaler, denoise=wanted.denoise, sharpen=wanted.sharpen
            )
        self._choose()
        return listed

    def _choose(self) -> None:
        batching = self.batching
        self.journal.choose(limit=batching.limit, sample=batching.sample, seed=batching.sample_seed)

    def _record(self, row: "BadRow") -> None:
        """Write a row that cannot be read down as failed."""
        key = self.journal.enter_unread(row.line)
        record = bad_record(row, key)
        self.journal.finish(key, "failed", record)
        self.report.bad(row, record)
        self._unreadable += 1

    def _agree(self, listed: Listed | None) -> None:
        """Have many paid pictures agreed to.

        Args:
            listed: what the input holds; None while nobody knows.

        Raises:
            BudgetError: nobody agrees.
        """
        base = self.orders.base
        received = {} if listed is None else self.journal.numbers_kept()
        if listed is None or not (listed.own_prices or received):
            self.purse.agree_to(base, times=None if listed is None else self.journal.listing.todo)
            return
        if received:
            self.console.note(received_before(sum(received.values())))
        self.purse.agree_to_all(
            (self.orders.of_row(item.row), received.get(item.key, 0))
            for item in self.journal.todo()
        )
        self._choose()

    def _items(self, engine: "Engine[Item, Task, Drawn]", *, live: bool) -> "Iterator[Item]":
        items = self._as_they_come(engine) if live else self.journal.todo()
        return self._after_the_first(items, engine) if self.batching.series_reference else items

    def _as_they_come(self, engine: "Engine[Item, Task, Drawn]") -> "Iterator[Item]":
        """The items of a pipe that is still being written, each as soon as it is there."""
        for row in arriving(self.rows(), is_over=lambda: engine.stopping):
            list_rows([row], self.journal, on_bad=self._record)
            yield from self.journal.todo()

    def _after_the_first(
        self, items: "Iterator[Item]", engine: "Engine[Item, Task, Drawn]"
    ) -> "Iterator[Item]":
        """The items; all but the first one when its picture is there to be shown to them.

        Raises:
            ImagineError: it was not drawn.
        """
        item = next(items, None)
        if item is None:
            return
        if item.position == 1:
            ended = self.report.watch(item.key)
            yield item
            # In short steps, since a lock that is waited for may not be interrupted by Ctrl-C.
            while not ended.wait(0.1):
                if engine.stopping:
                    return
            item = None
        self._show_first()
        if item is not None:
            yield item
        yield from items

    def _show_first(self) -> None:
        record = json.loads(next(self.journal.lines(), "{}"))
        if record.get("status") != "done":
            raise ImagineError(
                "The first item was not drawn, and --series-reference shows its picture to all "
                "others, so nothing more was begun; correct it, or leave the option out."
            )
        path = self.journal.directory / record["paths"][0]
        if not path.exists():
            raise UsageError(
                f"The first item's picture '{path}' is gone, and --series-reference shows it to "
                "all others; put it back, or draw everything anew with --force."
            )
        self.orders.refer_to(path)

    def _sum_up(self, total: int | None, stopped_by: BaseException | None) -> None:
        """Put the results into order, say what came of it, and end as it ended.

        Raises:
            ItemsFailedError: some items failed, or were refused before.
            BaseException: what stopped the batch.
        """
        if stopped_by is None and not self.journal.listing.total:
            raise UsageError(f"There is no prompt in {self.source.title}; write one on a line.")
        stopped_by = self._leave() or stopped_by
        if isinstance(stopped_by, SaveError):
            # Where the place is gone, whatever cannot be written there cannot for that reason.
            stopped_by = self.room.lost() or stopped_by
        self.results.close()
        told = self._tell(total, stopped_by)
        listing = self.journal.listing
        if isinstance(stopped_by, KeyboardInterrupt):
            raise KeyboardInterrupt(told) from stopped_by
        if stopped_by is not None:
            raise stopped_by
        if self.report.cut_off is not None:
            # The reader of stdout is gone, as with `| head -1`; or the disk behind it is full.
            raise self.report.cut_off
        if missing := self._failed + listing.refused:
            has = "has" if missing == 1 else "have"
            advice = "run the same command to try again, with --retry-failed also what was refused"
            if self._unreadable:
                rows = "row that is" if self._unreadable == 1 else "rows that are"
                again = "run the same command" if missing == self._unreadable else advice
                advice = f"correct the {rows} wrong, and {again}"
            raise ItemsFailedError(
                f"{missing:,} of {listing.total:,} items {has} no picture; {advice}."
            )

    @property
    def _failed(self) -> int:
        return self.counts.failed + self._unreadable

    def _leave(self) -> SaveError | None:
        """Put the results into order; or, when threads are left behind, write down what they do.

        Returns:
            why the results could not be written.
        """
        if not self.counts.drawing + self.counts.describing + self.counts.finishing:
            try:
                self.results.rewrite(self.journal)
            except SaveError as error:
                return error
            return None
        # Who only waits for a turn leaves within a moment, and has asked for nothing.
        time.sleep(MOMENT)
        self.purse.abandon()
        for told in self.orders.services.abandon():
            self.console.note(told)
        return None

    def _tell(self, total: int | None, stopped_by: BaseException | None) -> str:
        """Say what came of it; after Ctrl-C the sum of it is only given, for the last line."""
        listing, counts, failed = self.journal.listing, self.counts, self._failed
        spent, seconds = self.purse.budget.spent, time.monotonic() - self.started
        stopped = _word_for(stopped_by)
        self.report.end(
            done=counts.done,
            failed=failed,
            skipped=listing.done,
            seconds=seconds,
            cost=spent,
            interrupted=stopped == "interrupted",
        )
        text = summary_text(
            done=counts.done,
            failed=failed,
            seconds=seconds,
            total=None if total is None else total + self._unreadable,
            skipped=listing.done,
            spent=spent,
            results=self.results.path if self.results.path.exists() else None,
            stopped=stopped,
        )
        if not isinstance(stopped_by, KeyboardInterrupt):
            self.console.note(text)
        if self.report.noted:
            have = "item has" if self.report.noted == 1 else "items have"
            self.console.note(f"{self.report.noted:,} {have} notes; the results say which.")
        if listing.refused:
            them = "it" if listing.refused == 1 else "them"
            self.console.note(
                f"{listing.refused:,} refused before; --retry-failed asks for {them} again."
            )
        if failed > TOLD_ONE_BY_ONE:
            for line in failure_lines(self.report.failures, failed=failed):
                self.console.note(line)
        return text


def received_before(number: int) -> str:
    """What is said of pictures that are paid for, and were not finished."""
    if number == 1:
        return "1 picture is received already, and is only finished."
    return f"{number:,} pictures are received already, and are only finished."


def _word_for(stopped_by: BaseException | None) -> Stop | None:
    """What a summary calls the end of a batch that was stopped."""
    if stopped_by is None:
        return None
    if isinstance(stopped_by, BudgetError):
        return "budget"
    return "error" if isinstance(stopped_by, ImagineError) else "interrupted"
