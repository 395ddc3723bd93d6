"""Tests of `vpnprobe.cli`."""
