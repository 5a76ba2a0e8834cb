"""`python -m imagine.cli` is `imagine`."""

from imagine.cli.main import main

main()
