"""A phone's own web pages and console logs: bytes to values."""
