"""Tests of `vpnprobe.federation`."""
