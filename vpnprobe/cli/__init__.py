"""Commands, options and exit codes: the only room that prints or exits."""
