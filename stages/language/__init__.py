"""Reading a prompt: words, phrases, quotes, names, cues; imagine.stages.intent joins them."""
