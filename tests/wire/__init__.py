"""Codecs judged by other implementations, by real bytes and by hostile ones."""
