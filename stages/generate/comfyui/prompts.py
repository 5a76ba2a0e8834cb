"""Prompts for ComfyUI: words go in, the text that its encoders read as just these comes out."""

import re

# Its encoders look for it at the start of a text, and behind a space or the end of a line.
_EMBEDDING = re.compile(r"(?:(?<=[ \n])|^)embedding:")


def escaped(text: str) -> str:
    """`text` without what ComfyUI reads as syntax.

    Parentheses weigh what is in them there, "(fox:1.4)", and "embedding:NAME" stands for a file;
    a name that it does not have vanishes from the prompt. CLIP reads "embedding :" as the same
    tokens.
    """
    return _EMBEDDING.sub("embedding :", text).replace("(", "\\(").replace(")", "\\)")
