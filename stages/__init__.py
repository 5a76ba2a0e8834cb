"""The stages between a prompt and a picture; pipeline.py lists them in order."""

VERSION = "0.1.0"
