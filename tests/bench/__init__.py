"""Measurements beside other tools: `make bench`, or `python -m tests.bench [NAME]...`."""
