"""Ordered stages over the transport: they measure and never judge."""
