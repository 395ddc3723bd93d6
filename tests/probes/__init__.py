"""Tests of `vpnprobe.probes`."""
