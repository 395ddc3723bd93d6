"""Tests of `vpnprobe.model`."""
