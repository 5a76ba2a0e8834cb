"""Picture files without decoding them: what they are, and what they carry beside pixels."""
