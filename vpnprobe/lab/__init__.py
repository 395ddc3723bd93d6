"""Stand-in servers with faults, on loopback, one scenario per fault."""
