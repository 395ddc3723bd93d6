"""Tests of the checks of a CAPF."""
