"""Finishing a drawn picture: enlarged where that was asked for, and saved; in need as it is."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console
from imagine.stages.errors import ImagineError, SaveError, UnusableAnswerError, UsageError

if TYPE_CHECKING:
    from imagine.cli.order import Saving
    from imagine.cli.purse import Purse
    from imagine.stages.pipeline import Picture
    from imagine.stages.plan import Plan
    from imagine.stages.publish import Coming
    from imagine.stages.save import Artifact


@dataclass(frozen=True, slots=True)
class Finishing:
    """Finishes the pictures of one plan."""

    plan: "Plan"
    saving: "Saving"
    console: Console
    purse: "Purse"

    def enlarge(self, picture: "Picture", index: int) -> "Picture":
        """A drawn picture, enlarged where that was asked for.

        Args:
            index: among the pictures of the plan, from 1.

        Raises:
            ImagineError: it could not be enlarged, and is saved as it was drawn, which is among
                the error's `finished`; or it could not be saved.
        """
        from imagine.cli.enlarging import enlarged_picture

        plan, count = self.plan, len(self.plan.requests)
        told = f" {index}/{count}" if count > 1 else ""
        try:
            return enlarged_picture(
                picture, plan, plan.requests[index - 1], self.console, self.purse, told=told
            )
        except ImagineError as error:
            raise self._kept_as_drawn(picture, index, error) from error

    def save(self, picture: "Picture", index: int) -> "Artifact":
        """Save a picture that is as it is to be.

        Raises:
            ImagineError: it could not be saved.
        """
        stage = "4/4 Saving" if self.plan.enlargements else "3/3 Saving"
        with self.console.progress(stage):
            return self._saved(picture, index)

    def rescue(self, picture: "Picture", index: int) -> None:
        """Save a picture that was paid for as far as it came, since the run is being stopped."""
        from imagine.cli.enlarging import finishing_command

        try:
            path = self._saved(picture, index).path
        except ImagineError as error:
            self.console.warn(str(error))
            return
        if picture.recipe.upscales:
            self.console.warn(f"The picture is saved: '{path}'.")
            return
        then = "."
        if self.plan.enlargements:
            then = f"; to enlarge it: {finishing_command(self.plan, path)}"
        self.console.warn(f"The picture is saved as it was drawn: '{path}'{then}")

    def _kept_as_drawn(self, picture: "Picture", index: int, error: ImagineError) -> ImagineError:
        """The error of a picture that could not be enlarged, after it was saved without that."""
        from imagine.cli.enlarging import finishing_command

        artifact = self._saved(picture, index)
        told = type(error)(
            f"{error} The picture is saved as it was drawn; to enlarge it: "
            f"{finishing_command(self.plan, artifact.path)}"
        )
        seed = self.plan.requests[index - 1].seed
        told.finished = (picture_values(picture, artifact, seed),)
        return told

    def _saved(self, picture: "Picture", index: int) -> "Artifact":
        with self.purse.saving(picture, self.plan):
            return saved(picture, self.saving, index)


def saved(
    picture: "Picture",
    saving: "Saving",
    index: int,
    *,
    item: str | None = None,
    on_encoded: "Callable[[Coming], None]" = lambda coming: None,
) -> "Artifact":
    """The picture under its name.

    Args:
        index: among the pictures of one prompt, from 1.
        item, on_encoded: as `save_image` takes them.

    Raises:
        SaveError: it cannot be written there.
        UsageError: the format's encoder refused it.
        UnusableAnswerError: it cannot be decoded to be encoded anew.
            After all of them one that was paid for is kept elsewhere.
    """
    from imagine.stages.save import save_image

    try:
        return save_image(
            picture.image,
            picture.recipe,
            destination=saving.destination,
            name_template=saving.name_template,
            quality=saving.quality if picture.image.received is None else saving.received_quality,
            metadata=saving.metadata,
            sidecar=saving.sidecar,
            overwrite=saving.overwrite,
            index=index,
            item=item,
            on_encoded=on_encoded,
        )
    except (SaveError, UsageError, UnusableAnswerError) as error:
        if picture.image.received is None and not picture.recipe.upscales:
            raise
        raise type(error)(f"{error} {_kept_elsewhere(picture)}") from error


def _kept_elsewhere(picture: "Picture") -> str:
    """Where a picture went that a provider drew, and that its own place could not take."""
    from imagine.cli.settings import cache_directory
    from imagine.stages.save import Destination, save_image

    rescue = Destination(directory=cache_directory() / "rescued", file_name=None, format=None)
    try:
        artifact = save_image(picture.image, picture.recipe, destination=rescue)
    except SaveError:
        return "It could not be kept anywhere else."
    return f"The picture itself is kept: '{artifact.path}'."


def picture_values(picture: "Picture", artifact: "Artifact", seed: int) -> dict[str, Any]:
    """A saved picture as one JSON object."""
    from imagine.cli.text import upscale_values

    values = {**asdict(artifact), "path": str(artifact.path), "seed": seed}
    values["sidecar_path"] = None if artifact.sidecar_path is None else str(artifact.sidecar_path)
    values["notes"] = [*picture.image.notes, *artifact.notes]
    values["model"] = picture.image.model
    cost = picture.recipe.cost
    values["cost"] = None if cost is None else cost.model_dump(mode="json")
    values["upscales"] = upscale_values(picture.recipe)
    return values
