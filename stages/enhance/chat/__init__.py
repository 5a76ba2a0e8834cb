"""The enhancer for servers of OpenAI's chat protocol."""
