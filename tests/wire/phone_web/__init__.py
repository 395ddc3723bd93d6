"""Tests of a phone's pages and logs."""
