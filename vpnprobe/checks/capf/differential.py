"""Why CAPF's port is closed or does not answer as it should, and what on CUCM tells the causes apart.

From outside they all look alike. The order is that in which to look: what is likeliest and quickest to see comes first
(a judgement, not a statement of the documents).
"""

from __future__ import annotations

from typing import Final

import msgspec

from vpnprobe.model.finding import Fix

SERVICE: Final = "Cisco Certificate Authority Proxy Function"


class PossibleCause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause. `confirm` says where to look, `signs` what is there when this is the cause, `mend` how to mend it."""

    slug: str
    title: str
    statements: tuple[str, ...]
    confirm: tuple[str, ...]
    signs: tuple[str, ...] = ()
    mend: tuple[str, ...]

    @property
    def fix(self) -> Fix:
        """How to confirm and to mend it."""
        return Fix("CUCM", self.mend, when=self.title, confirm=self.confirm, signs=self.signs)


CAUSES: Final = (
    PossibleCause(
        slug="capf-not-activated",
        title="CAPF is not activated on the publisher",
        statements=("CA-22",),
        confirm=("utils service list",),
        signs=(f"{SERVICE}[STOPPED]  Service Not Activated",),
        mend=(
            f"Cisco Unified Serviceability > Tools > Service Activation > <publisher>: select {SERVICE}, Save.",
            "Cisco Certificate Enrollment Service is selected only where an online CA signs the LSCs.",
        ),
    ),
    PossibleCause(
        slug="not-the-publisher",
        title="this server is a subscriber: CAPF runs on the publisher",
        statements=("CA-22",),
        confirm=("show network cluster",),
        signs=("another address than {host} in the line of the Publisher",),
        mend=("vpnprobe capf <publisher>",),
    ),
    PossibleCause(
        slug="capf-stopped",
        title="CAPF is activated and does not run, for instance since its service parameters were changed",
        statements=("CA-11",),
        confirm=("utils service list", "file list activelog cm/trace/capf/sdi date"),
        signs=(f"{SERVICE}[STOPPED]",),
        mend=(
            f"utils service start {SERVICE}",
            (
                f"A change of its service parameters needs a restart: utils service restart {SERVICE}. The Certificate"
                " Enrollment Service then restarts by itself."
            ),
            "A regenerated or uploaded CAPF certificate needs no restart.",
        ),
    ),
    PossibleCause(
        slug="filter-between",
        title="a firewall or an access list between phones and publisher rejects the connection",
        statements=(),
        confirm=("utils network capture eth0 numeric count 20 port {port}",),
        signs=("no packet of this machine arrives",),
        mend=("Allow TCP {port} from the phones to the publisher.",),
    ),
)

FIXES: Final = tuple(cause.fix for cause in CAUSES)
