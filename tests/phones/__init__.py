"""Tests of `vpnprobe.phones`."""
