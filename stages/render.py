"""Rendering: a PromptSpec and the profile of a model family give the prompt that is sent."""

from typing import Literal

Profile = Literal["natural", "clip75", "json"]
