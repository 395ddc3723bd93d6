"""A phone and what one gateway shows now: is it let in until the swap, or, after the swap, still?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vpnprobe.checks.wording import day, listing
from vpnprobe.fleet.cutover_plan import CutoverPlan, GivenCertificate
from vpnprobe.fleet.objections import Objection, Pins, ShownGateway
from vpnprobe.pki.certificate import CertificateFacts, describe
from vpnprobe.pki.fingerprint import sha1
from vpnprobe.pki.hostid import decide_host_id, passes_host_id
from vpnprobe.pki.pin import PinDecision, PinReason
from vpnprobe.pki.validity import decide_validity


class Today:
    """Judges one phone at one gateway as it is now.

    `new` are the certificates that it may come to show to this phone, none where the gateway is no part of the change;
    `has_new` says whether the phone has their hashes.
    """

    def __init__(
        self,
        gateway: ShownGateway,
        pins: Pins,
        new: Sequence[GivenCertificate],
        has_new: bool | None,
        host_id_check: int | None,
        plan: CutoverPlan,
    ) -> None:
        self._gateway = gateway
        self._pins = pins
        self._has_new = has_new
        self._host_id_check = host_id_check
        self._plan = plan
        self._new_leaves = {one.leaf_sha1 for one in plan.new_for(gateway.url.host)}
        self._new_names = {name for one in new if one.facts is not None for name in one.facts.common_names}
        self._has_old: list[bool | None] = []

    @property
    def has_old(self) -> tuple[bool | None, ...]:
        """Whether the phone has the hash of each certificate met that is not the new one."""
        return tuple(self._has_old)

    def objections(self) -> tuple[Objection, ...]:
        """Return what stands against the phone."""
        by_chain: dict[tuple[bytes, ...], list[str]] = {}
        for address, chain in self._gateway.shown.items():
            by_chain.setdefault(chain, []).append(address)
        found = [one for chain, addresses in by_chain.items() for one in self._at(addresses, chain)]
        return tuple(found if self._gateway.chains or found else self._in_the_dark())

    def _at(self, addresses: Sequence[str], chain: tuple[bytes, ...]) -> Iterator[Objection]:
        shows = f"{listing(addresses)} show{'s' if len(addresses) == 1 else ''}"
        if not chain:
            if self._plan.after:
                yield Objection("unknown", f"{shows} no certificate.")
            return
        pin = self._pins.at(chain)
        if sha1(chain[0]) not in self._new_leaves:
            facts = describe(chain[0])
            yield from self._with(f"certificate that {shows} ({facts.cert_hash})", pin, facts)
        elif not pin.accepts and self._has_new:
            yield Objection(
                "cut-off", f"{shows} the new certificate without the issuer whose hash it has: it is cut off there now."
            )
        elif self._has_new is False:
            already = "" if self._plan.after else " already"
            yield Objection("cut-off", f"{shows} the new certificate{already}: it is cut off there now.")

    def _in_the_dark(self) -> Iterator[Objection]:
        """Judge by the old certificate that the operator gives, where the gateway shows none."""
        where = self._gateway.url.endpoint
        old = self._plan.old_for(self._gateway.url.host)
        if self._plan.after or not self._new_leaves:
            yield Objection("unknown", f"{where} shows no certificate.")
        elif not old:
            yield Objection(
                "unknown",
                f"What {where} shows today is not known, and so not whether the phone has the old hash: look from "
                "where the gateway can be reached, or give --old-cert.",
            )
        else:
            for one in old:
                yield from self._with(f"old certificate ({one.cert_hash})", self._pins.on(one), one.facts)

    def _with(self, which: str, pin: PinDecision, facts: CertificateFacts | None) -> Iterator[Objection]:
        """Judge the phone at a certificate that is not the new one."""
        has_it = False if pin.reason is PinReason.NO_EXPECTATION else pin.accepts
        self._has_old.append(has_it)
        if self._plan.after and self._new_leaves:
            yield _not_swapped(which, has_it)
            return
        if has_it is None:
            yield Objection("unknown", f"Whether it has the hash of the {which} is not known.")
        elif not has_it and self._has_new:
            overwritten = " Uploading a certificate of the same name overwrites the old one in CUCM (CSCuh19734)."
            yield Objection(
                "cut-off",
                f"It has the new hash and not that of the {which}: it is cut off until the swap."
                f"{overwritten if self._same_name(facts) else ''}",
                "keep-old-hash",
            )
        elif not has_it:
            either = " either" if self._has_new is False else ""
            yield Objection("cut-off", f"It has no hash of the {which}{either}: it is cut off there already.")
        if facts is not None:
            yield from self._end(which, facts) if self._new_leaves else self._as_it_is(which, facts)

    def _as_it_is(self, which: str, facts: CertificateFacts) -> Iterator[Objection]:
        """Yield what else stands against a certificate that stays: a gateway that lets nobody in saves no phone."""
        in_time = decide_validity(facts, self._plan.at)
        if in_time.accepts is None:
            yield Objection("unknown", f"The dates of the {which} cannot be read.")
        elif not in_time.accepts:
            when = "now" if self._plan.at <= self._plan.now else f"on {day(self._plan.at)}"
            yield Objection("cut-off", f"The {which} is not valid {when}, and no new one is given for it.")
        host = self._gateway.url.host
        passes = passes_host_id(self._host_id_check, decide_host_id(host, facts).accepts)
        if passes is None:
            yield Objection("unknown", f"Whether the {which} passes the host-ID check for {host} is not known.")
        elif not passes:
            yield Objection("cut-off", f"The host-ID check is on, and the {which} does not name {host}.")

    def _end(self, which: str, facts: CertificateFacts) -> Iterator[Objection]:
        """Yield what follows from the end of the old certificate (VP-42)."""
        end = facts.not_after
        if end is None or end > self._plan.at:
            return
        if end > self._plan.now:
            yield Objection(
                "cut-off",
                f"The {which} ends on {day(end)}, before the swap ({day(self._plan.at)}): it is cut off in between.",
                "swap-trustpoint",
            )
        elif self._has_new:
            yield Objection("reservation", f"The {which} ended on {day(end)}: outside it is cut off until the swap.")
        else:
            yield Objection(
                "cut-off",
                f"The {which} ended on {day(end)}: outside it is cut off, and gets the new hash only from a TFTP "
                "server with a public address.",
            )

    def _same_name(self, facts: CertificateFacts | None) -> bool:
        """Whether the new certificate would overwrite this one in CUCM (VP-41)."""
        return facts is not None and not self._new_names.isdisjoint(facts.common_names)


def _not_swapped(which: str, has_it: bool | None) -> Objection:
    if has_it:
        return Objection("reservation", f"The {which} is not the new one; it has its hash still.", "swap-trustpoint")
    if has_it is None:
        text = f"The {which} is not the new one, and whether it has its hash is not known."
        return Objection("unknown", text, "swap-trustpoint")
    return Objection("cut-off", f"The {which} is not the new one, and it has no hash of it.", "swap-trustpoint")
