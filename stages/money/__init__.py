"""Money: what things cost, what a run may spend, what was spent."""
