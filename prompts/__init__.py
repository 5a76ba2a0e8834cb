"""Data of the program, read with importlib.resources: style presets, lexicons, instructions."""
