"""The test suite; its packages mirror those of `vpnprobe`."""
