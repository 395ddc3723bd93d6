"""Tests of the checks of a phone's pages, one table for each module."""
