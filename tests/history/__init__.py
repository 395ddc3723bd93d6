"""Tests of `vpnprobe.history`."""
