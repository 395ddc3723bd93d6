"""Statements of the vendor document that no probe from outside can decide, and why.

They are not lost: where one can explain a failure, the fix of that check names it. This table is what the product says
when it is asked what it cannot see.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Unobservable(msgspec.Struct, frozen=True):
    """One statement by its id, what it is about, and why a probe cannot decide it."""

    statement: str
    about: str
    why: str


UNOBSERVABLE: Final = (
    Unobservable(
        "VP-02",
        "number of AnyConnect users that the licence allows",
        (
            "Only the ASA counts its sessions. A gateway that is full refuses or answers 503; the login "
            "checks name the limit among the causes: show vpn-sessiondb license-summary."
        ),
    ),
    Unobservable(
        "VP-16",
        "debug webvpn anyconnect is not to be used under load",
        "Advice for the operator, no state of the gateway. The differential repeats it beside the command.",
    ),
    Unobservable(
        "VP-22",
        "show run all group-policy shows inherited defaults",
        (
            "A way to read the ASA's configuration. The differential names the command; its output is not "
            "visible from outside."
        ),
    ),
    Unobservable(
        "VP-36",
        "span to PC port copies the phone's frames to its PC port",
        "A tool for a person with a PC at the phone: enable Span to PC Port in CUCM and capture with Wireshark in "
        "promiscuous mode.",
    ),
    Unobservable(
        "VP-41",
        "an upload to CUCM overwrites a certificate of the same common name",
        (
            "Only CUCM knows what was in its trust store before. The fixes that upload a certificate warn of it: "
            "CSCuh19734."
        ),
    ),
)
