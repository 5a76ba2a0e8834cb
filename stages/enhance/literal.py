"""No enhancement: from an Intent to the PromptSpec of the user's words alone."""

from imagine.stages.demands import demands_of
from imagine.stages.enhance import Enhancement
from imagine.stages.intent import Intent
from imagine.stages.spec import Medium, PromptSpec, Style, TextItem


class LiteralEnhancer:
    """Adds nothing, so that the rendered prompt is the user's own; `--no-enhance`."""

    name = "none"

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        """The parse as a description; `seed` has nothing to choose."""
        demands = demands_of(intent)
        medium = next((medium for medium in Medium if medium in intent.media), Medium.OTHER)
        spec = PromptSpec(
            source_prompt=intent.source,
            language=intent.language,
            subjects=demands.subjects,
            relations=demands.relations,
            setting=intent.setting and intent.setting[:240],
            style=Style(medium=medium),
            text=tuple(TextItem(content=content) for content in demands.texts),
            exclude=demands.exclude,
            aspect_ratio=intent.aspect_ratio,
        )
        return Enhancement(spec=spec, model="none")
