"""One TOML profile per model family, each fact with its source."""

from vpnprobe.phones.hello import HelloData
from vpnprobe.phones.profile import (
    Boot,
    Fact,
    PhoneProfile,
    ProfileSummary,
    Source,
    all_profiles,
    edge_hellos,
    guess_profile,
    load_profile,
    matrix_hellos,
    profiles,
    reason_without_vpn,
)

__all__ = [
    "Boot",
    "Fact",
    "HelloData",
    "PhoneProfile",
    "ProfileSummary",
    "Source",
    "all_profiles",
    "edge_hellos",
    "guess_profile",
    "load_profile",
    "matrix_hellos",
    "profiles",
    "reason_without_vpn",
]
