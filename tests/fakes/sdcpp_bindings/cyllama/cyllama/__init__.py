"""A cyllama for tests: see sd.py."""
