"""Tests of `vpnprobe.pki`."""
