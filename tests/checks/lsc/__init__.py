"""Checks of given certificates."""
