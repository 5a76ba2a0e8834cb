"""Describing one prompt for a command: the prompt in; one Description, or several to pick, out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console
from imagine.cli.settings import Settings
from imagine.stages.errors import UsageError

if TYPE_CHECKING:
    from imagine.stages.cache import EnhancementCache
    from imagine.stages.description import Description
    from imagine.stages.enhance import Enhancer
    from imagine.stages.image import ReferenceImage
    from imagine.stages.styles import StylePreset

MAX_PICK = 8


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
    """

    enhancer: "Enhancer"
    fallback: "Enhancer | None"
    seed: int
    styles: "Sequence[StylePreset]"
    negative: list[str]
    aspect_ratio: str | None
    images: "Sequence[ReferenceImage]" = ()
    pick: int = 1
    cache: "EnhancementCache | None" = None
    dry_run: bool = False

    @property
    def asks(self) -> bool:
        """Whether a language model is asked, which may cost money."""
        from imagine.stages.enhance import ModelEnhancer

        return isinstance(self.enhancer, ModelEnhancer)

    def describe(self, prompt: str) -> "list[Description]":
        """`pick` descriptions of one prompt, asked for at the same time.

        Raises:
            ImagineError: whatever went wrong first.
        """
        if self.pick == 1:
            return [self._one(prompt, 1)]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.pick) as pool:
            return list(pool.map(lambda number: self._one(prompt, number), range(1, self.pick + 1)))

    def _one(self, prompt: str, number: int) -> "Description":
        from imagine.stages.description import describe

        options: dict[str, Any] = {
            "seed": self.seed,
            "styles": self.styles,
            "negative": self.negative,
            "aspect_ratio": self.aspect_ratio,
        }
        question: dict[str, Any] = {"images": self.images, "variant": number, "variants": self.pick}
        if not self._is_free(prompt, number):
            if self.dry_run:
                return self._undescribed(prompt, options)
            self._warm_up()
        return describe(
            prompt,
            enhancer=self.enhancer,
            fallback=self.fallback,
            cache=self.cache,
            **options,
            **question,
        )

    def _is_free(self, prompt: str, number: int) -> bool:
        """Whether describing asks nobody: no model is needed, or its answer is in the cache."""
        from imagine.stages.enhance import ModelEnhancer
        from imagine.stages.spec import clean_prompt

        if not isinstance(self.enhancer, ModelEnhancer):
            return True
        return self.cache is not None and self.cache.holds(
            clean_prompt(prompt),
            self.enhancer,
            seed=self.seed,
            images=self.images if self.enhancer.sees_images else (),
            variant=number,
            variants=self.pick,
        )

    def _warm_up(self) -> None:
        """Let an enhancer that is slow to start begin while the prompt is parsed."""
        warm_up = getattr(self.enhancer, "warm_up", None)
        if warm_up is not None:
            warm_up()

    def _undescribed(self, prompt: str, options: dict[str, Any]) -> "Description":
        from imagine.stages.description import describe
        from imagine.stages.enhance import ENHANCERS

        description = describe(prompt, enhancer=ENHANCERS.create("none"), **options)
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


def picked(descriptions: "list[Description]", console: Console) -> "list[Description]":
    """The one that the user chooses from a numbered list; all of them without a terminal.

    Raises:
        UsageError: the terminal's input ended without a choice.
    """
    from imagine.cli.text import spec_text

    if len(descriptions) == 1 or not console.can_ask():
        return descriptions
    for number, description in enumerate(descriptions, start=1):
        console.show(f"--- {number} ---\n{spec_text(description.spec)}")
    while True:
        answer = console.ask(f"Which one? 1 to {len(descriptions)}: ")
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(descriptions):
            return [descriptions[int(answer) - 1]]


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
