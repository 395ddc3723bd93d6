"""Scenarios of trust lists and signed files: what a phone takes of what its server gives."""
