"""Static routes of Cisco IM and Presence towards a federated domain (F3-14)."""

from __future__ import annotations


def static_route_pattern(domain: str) -> str:
    """Return the destination pattern of a domain: its labels in reverse, so that `abc.com` gives `.com.abc.*`."""
    return "".join(f".{label}" for label in reversed(domain.split("."))) + ".*"
