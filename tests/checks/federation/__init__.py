"""Tests of the checks of a federation probe."""
