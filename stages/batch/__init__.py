"""Batches: files of prompts in, a directory of pictures out, fast, resumable, honest."""
