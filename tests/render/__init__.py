"""Tests of `vpnprobe.render`."""
