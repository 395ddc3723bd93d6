"""Tests of `vpnprobe.fleet`."""
