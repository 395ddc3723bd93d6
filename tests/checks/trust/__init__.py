"""Tests of the checks of trust lists and signed files."""
