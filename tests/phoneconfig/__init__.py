"""Tests of `vpnprobe.phoneconfig`."""
