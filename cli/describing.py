"""Describing one prompt for a command: the prompt in; one Description, or several to pick, out."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

from imagine.cli.console import Console
from imagine.cli.settings import Settings
from imagine.stages.errors import ImagineError, UsageError

if TYPE_CHECKING:
    from imagine.stages.description import Description
    from imagine.stages.enhance import Enhancer, ModelEnhancer
    from imagine.stages.enhance.asking import Cache
    from imagine.stages.image import ReferenceImage
    from imagine.stages.series import Series
    from imagine.stages.styles import StylePreset

MAX_PICK = 8


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of describing one prompt: alternatives, and why others are missing."""

    descriptions: "list[Description]"
    errors: "list[ImagineError]"


def _at_once(
    work: "Callable[[Future[Description]], None]", calls: "list[Future[Description]]"
) -> None:
    """Work on every call in a thread of its own, none of which outlives an interruption."""
    threads = [Thread(target=work, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        # In short steps, since a lock that is waited for may not be interrupted by Ctrl-C.
        while thread.is_alive():
            thread.join(0.1)


@dataclass(frozen=True, slots=True)
class Describing:
    """How the prompts of one command line are described.

    Attributes:
        enhancer: who is asked.
        fallback: who is asked when that fails; None to fail.
        seed: picks among equally good descriptions.
        images: pictures to look at.
        pick: how many alternatives to make.
        cache: where descriptions that were paid for are kept; None to ask anew.
        dry_run: ask nobody who would have to be paid.
        series: what all descriptions of a batch share.
    """

    enhancer: "Enhancer"
    fallback: "Enhancer | None"
    seed: int
    styles: "Sequence[StylePreset]"
    negative: list[str]
    aspect_ratio: str | None
    images: "Sequence[ReferenceImage]" = ()
    pick: int = 1
    cache: "Cache | None" = None
    dry_run: bool = False
    series: "Series | None" = None

    @property
    def asks(self) -> bool:
        """Whether a language model is asked, which may cost money."""
        from imagine.stages.enhance import asks_model

        return asks_model(self.enhancer)

    def describe(self, prompt: str) -> "Answers":
        """`pick` descriptions of one prompt, asked for at the same time, or why they failed.

        Raises:
            UsageError: the prompt or an option is unusable.
        """
        calls: list[Future[Description]] = [Future() for _ in range(self.pick)]

        def work(call: "Future[Description]") -> None:
            try:
                call.set_result(self._one(prompt, calls.index(call) + 1))
            except BaseException as error:  # noqa: BLE001  # raised again by result()
                call.set_exception(error)

        if self.pick == 1:
            work(calls[0])
        else:
            _at_once(work, calls)
        made, errors = [], []
        for call in calls:
            try:
                made.append(call.result())
            except UsageError:
                raise
            except ImagineError as error:
                errors.append(error)
        return Answers(made, errors)

    def _one(self, prompt: str, number: int) -> "Description":
        from imagine.stages.description import describe

        options: dict[str, Any] = {
            "seed": self.seed,
            "styles": self.styles,
            "negative": self.negative,
            "aspect_ratio": self.aspect_ratio,
            "series": self.series,
        }
        question: dict[str, Any] = {"images": self.images, "variant": number, "variants": self.pick}
        if self.dry_run and not self._is_kept(prompt, number):
            return self._undescribed(prompt)
        self._warm_up(prompt, number)
        return describe(
            prompt,
            enhancer=self.enhancer,
            fallback=self.fallback,
            cache=self.cache,
            **options,
            **question,
        )

    def _is_kept(self, prompt: str, number: int) -> bool:
        """Whether describing asks nobody: no model is needed, or its answer is in the cache."""
        from imagine.stages.enhance import ModelEnhancer, Question
        from imagine.stages.intent import parse_intent
        from imagine.stages.spec import clean_prompt

        if not isinstance(self.enhancer, ModelEnhancer):
            return True
        if self.cache is None:
            return False
        question = Question(
            parse_intent(clean_prompt(prompt)),
            seed=self.seed,
            images=self._seen(),
            variant=number,
            variants=self.pick,
        )
        return self.cache.load(question, self.enhancer) is not None

    def _seen(self) -> "tuple[ReferenceImage, ...]":
        return tuple(self.images) if getattr(self.enhancer, "sees_images", False) else ()

    def _warm_up(self, prompt: str, number: int) -> None:
        """Let an enhancer that is slow to start begin while the prompt is parsed.

        Not when its answer seems to be in the cache: the start would only delay the end.
        """
        from imagine.stages.spec import clean_prompt

        warm_up = getattr(self.enhancer, "warm_up", None)
        if warm_up is None:
            return
        # Only the cache's own files can be looked into without a question.
        holds = getattr(self.cache, "holds", None)
        if holds is not None and holds(
            clean_prompt(prompt),
            cast("ModelEnhancer", self.enhancer),
            seed=self.seed,
            images=self._seen(),
            variant=number,
            variants=self.pick,
        ):
            return
        warm_up()

    def rehearse(self, prompt: str) -> "Description":
        """The words of a prompt alone, described by nobody.

        Raises:
            UsageError: the prompt or an option is unusable; found before anybody is paid.
        """
        from imagine.stages.description import describe
        from imagine.stages.enhance import ENHANCERS

        return describe(
            prompt,
            enhancer=ENHANCERS.create("none"),
            styles=self.styles,
            negative=self.negative,
            aspect_ratio=self.aspect_ratio,
            series=self.series,
        )

    def _undescribed(self, prompt: str) -> "Description":
        description = self.rehearse(prompt)
        note = (
            f"A dry run asks nobody, so the description by {self.enhancer.name} is missing; "
            "make it with `imagine enhance`."
        )
        return replace(description, enhancer=None, notes=(*description.notes, note))


def _checked_pick(pick: int) -> int:
    """The number itself.

    Raises:
        UsageError: it is out of range.
    """
    if not 1 <= pick <= MAX_PICK:
        raise UsageError(f"--pick {pick} is not between 1 and {MAX_PICK}; choose one that is.")
    return pick


def picked(answers: Answers, console: Console) -> "list[Description]":
    """The one that the user chooses from a numbered list; all of them without a terminal.

    Raises:
        ImagineError: there is none to choose from.
        UsageError: the terminal's input ended without a choice.
        KeyboardInterrupt: the user wants none of them.
    """
    from imagine.cli.text import spec_text

    made = answers.descriptions
    if not made:
        raise answers.errors[0]
    for error in answers.errors:
        console.warn(f"One of the descriptions is missing: {error}")
    if len(made) == 1 or not console.can_ask():
        return made
    for number, description in enumerate(made, start=1):
        console.show(f"--- {number} ---\n{spec_text(description.spec)}")
    while True:
        answer = console.ask(f"Which one? 1 to {len(made)}, or q to stop: ")
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(made):
            return [made[int(answer) - 1]]
        if answer.lower() in ("q", "quit"):
            raise KeyboardInterrupt
        console.show(f"'{answer}' is no number from 1 to {len(made)}.")


def describing_for(
    settings: Settings,
    enhancer: "Enhancer",
    *,
    on_error: str | None,
    seed: int,
    styles: "Sequence[StylePreset]",
    negative: list[str],
    aspect_ratio: str | None,
    images: "Sequence[ReferenceImage]",
    pick: int,
    cache: bool | None,
    dry_run: bool = False,
    series: "Series | None" = None,
) -> Describing:
    """How to describe, from options and settings.

    Raises:
        UsageError: an option is out of range, or its name unknown.
    """
    from imagine.cli.settings import cache_directory
    from imagine.stages.enhance import ModelEnhancer

    asks = isinstance(enhancer, ModelEnhancer)
    keeps = asks and settings.flag("cache", cache)
    if keeps:
        from imagine.stages.cache import EnhancementCache
    return Describing(
        enhancer=enhancer,
        fallback=_fallback(settings.text("on_enhance_error", on_error), enhancer),
        seed=seed,
        styles=styles,
        negative=negative,
        aspect_ratio=aspect_ratio,
        images=images,
        pick=_checked_pick(pick),
        cache=EnhancementCache(cache_directory()) if keeps else None,
        dry_run=dry_run,
        series=series,
    )


def _fallback(setting: str | None, enhancer: "Enhancer") -> "Enhancer | None":
    """Who describes when the enhancer fails, as --on-enhance-error says.

    Raises:
        UsageError: it says something else than fail, original, offline.
    """
    from imagine.stages.enhance import ENHANCERS
    from imagine.stages.errors import unknown_name

    names = {"fail": None, "original": "none", "offline": "offline"}
    if setting not in names:
        raise unknown_name("--on-enhance-error", str(setting), list(names))
    name = names[setting]
    return None if name in (None, enhancer.name) else ENHANCERS.create(str(name))
