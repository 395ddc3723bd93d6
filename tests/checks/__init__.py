"""Tests of `vpnprobe.checks`."""
