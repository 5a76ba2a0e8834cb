"""The command line: the only part that reads options and environment, prints and exits."""
