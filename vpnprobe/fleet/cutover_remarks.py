"""What is to be said of a cut-over as a whole: the certificates that are given, and what each gateway shows now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from vpnprobe.checks.certificate import RENEWAL_DAYS
from vpnprobe.checks.wording import count, day, describe_failure, listing
from vpnprobe.fleet.cutover_plan import CutoverPlan, GivenCertificate
from vpnprobe.fleet.summary import Remark
from vpnprobe.model.finding import Verdict
from vpnprobe.model.fleet import CutoverPhone, FleetLine, GatewaySight
from vpnprobe.model.target import HTTPS_PORT, Endpoint, parse_endpoint
from vpnprobe.pki.path import PathEnd, build_path

# Each is one sentence of the report; of a fleet with more gateways in disorder the first ones are enough.
MAX_REMARKS: Final = 200

# Between the parts of a name; a mark that belongs to a value is escaped.
_PARTS: Final = re.compile(r"(?<!\\)[,+]")

_HEAVIEST_FIRST: Final[tuple[Verdict, ...]] = ("fail", "inconclusive", "warn", "pass")


class CutoverRemarks:
    """Sees the gateways of a run, and whether any phone of theirs has both hashes."""

    def __init__(self, plan: CutoverPlan) -> None:
        self._plan = plan
        self._sights: dict[str, GatewaySight] = {}
        self._with_both: set[str] = set()
        # Gateways that show something else since the run is gone on with: phones of before were judged by that.
        self._changed: list[GatewaySight] = []

    def add(self, line: FleetLine) -> None:
        """Take a line; of a gateway that comes again, the last one counts."""
        if isinstance(line, GatewaySight):
            before = self._sights.get(line.key)
            if before is not None and _shown(before) and _shown(line) and _shown(before) != _shown(line):
                self._changed.append(line)
            self._sights[line.key] = line
        elif isinstance(line, CutoverPhone) and line.has_new_hash and line.has_old_hash:
            self._with_both.update(line.gateways)

    def end(self) -> Sequence[Remark]:
        """Return what is to be said, the heaviest first."""
        sights = [sight for _, sight in sorted(self._sights.items())]
        found = [*_of_certificates(self._plan), *_of_gateways(self._plan, sights)]
        found += [
            Remark(
                "inconclusive",
                f"{_endpoint(sight)} shows another certificate than when this run was begun, and phones of both parts "
                "are counted: begin anew, with another file for --resume.",
            )
            for sight in self._changed
        ]
        if not self._plan.after:
            # A phone that has both hashes proves that nothing was overwritten.
            found += [
                remark
                for sight in sights
                if sight.key not in self._with_both
                for remark in _overwritten(self._plan, sight)
            ]
        found = sorted(dict.fromkeys(found), key=lambda remark: _HEAVIEST_FIRST.index(remark.verdict))
        if len(found) <= MAX_REMARKS:
            return found
        return [*found[:MAX_REMARKS], Remark("pass", f"And {len(found) - MAX_REMARKS} more remarks.")]


def _of_certificates(plan: CutoverPlan) -> Iterator[Remark]:
    for one in plan.new if not plan.after else ():
        facts = one.facts
        if facts is None:
            continue
        yield from _of_chain(one, plan)
        if facts.not_after is not None and timedelta(0) < facts.not_after - plan.at < timedelta(days=RENEWAL_DAYS):
            text = f"The new certificate ({one.cert_hash}) ends soon after the swap, on {day(facts.not_after)}."
            yield Remark("warn", text)


def _of_chain(new: GivenCertificate, plan: CutoverPlan) -> Iterator[Remark]:
    """Yield what is wrong with the chain that the gateway is to send (VP-06)."""
    path = build_path(new.chain, at=plan.at)
    which = f"the new certificate ({new.cert_hash})"
    if len(new.chain) == 1:
        if path.end is not PathEnd.SELF_SIGNED_LEAF:
            text = f"Of {which} no issuer is given: whether the gateway will send its whole chain is not judged."
            yield Remark("pass", text)
    elif path.end is PathEnd.SIGNATURE_WRONG:
        yield Remark("warn", f"The chain of {which} is broken: a certificate in it was signed by no other one.")
    elif not path.is_complete:
        yield Remark("warn", f"The chain of {which} is not complete: {path.missing_issuer or 'an issuer'} is missing.")
    elif path.unused:
        strangers = count(len(path.unused), "certificate")
        yield Remark("warn", f"With {which} came {strangers} that did not issue it; install the chain only.")
    elif not path.in_order:
        yield Remark("warn", f"The chain of {which} is out of order.")


def _of_gateways(plan: CutoverPlan, sights: Sequence[GatewaySight]) -> Iterator[Remark]:
    endpoints = {sight.key: _endpoint(sight) for sight in sights}
    apart = [str(end) for end in dict.fromkeys(endpoints.values()) if not plan.new_for(end.host)]
    if apart:
        yield Remark("pass", f"No new certificate is given for {listing(apart)}: phones are judged there as it is now.")
        if not plan.after:
            yield from _of_the_same_gateway(plan, sights, endpoints)
    meant = {one for end in endpoints.values() for one in plan.new_for(end.host)}
    for one in plan.new:
        if sights and one not in meant:
            # Nobody was judged by it, so whoever means it knows nothing of its phones.
            yield Remark(
                "inconclusive",
                f"No phone dials a gateway that the new certificate {one.cert_hash} is for"
                f"{f' ({one.host})' if one.host else ''}: write HOST= as the host in the phones' URLs, without a port.",
            )
    for sight in sights:
        end = endpoints[sight.key]
        if plan.new_for(end.host):
            yield from _of_gateway(plan, sight, end)


def _of_the_same_gateway(
    plan: CutoverPlan, sights: Sequence[GatewaySight], endpoints: Mapping[str, Endpoint]
) -> Iterator[Remark]:
    """Yield where a gateway that is no part of the change is, or may be, one that is, under another name."""
    part = [sight for sight in sights if plan.new_for(endpoints[sight.key].host)]
    addresses = {address for sight in part for address in sight.addresses}
    going = {leaf for sight in part for leaf in _shown(sight)}
    for sight in sights:
        end = endpoints[sight.key]
        if plan.new_for(end.host):
            continue
        if not addresses.isdisjoint(sight.addresses):
            yield Remark(
                "inconclusive",
                f"{end} has an address of a gateway whose certificate is replaced, and no new one is given for it: "
                f"give --new-cert {end.host}=..., too.",
            )
        elif not going.isdisjoint(_shown(sight)):
            yield Remark(
                "warn",
                f"{end} shows a certificate that is replaced elsewhere: if it is to go here, too, give --new-cert "
                f"{end.host}=...",
            )


def _of_gateway(plan: CutoverPlan, sight: GatewaySight, end: Endpoint) -> Iterator[Remark]:
    """Yield what its addresses show to one model; what all models are shown is the same remark for all."""
    for doubt in sight.doubts:
        yield Remark("inconclusive" if plan.after else "warn", f"Phones may dial other addresses of {end}: {doubt}.")
    new = {one.cert_hash for one in plan.new_for(end.host)}
    old = {one.cert_hash for one in plan.old_for(end.host)}
    dark = [address for address in sight.addresses if sight.leaves.get(address) is None]
    for address in sight.addresses:
        leaf = sight.leaves.get(address)
        where = f"{end} at {address}"
        if leaf is None:
            why = f" ({describe_failure(sight.failure)})" if sight.failure is not None and len(dark) == 1 else ""
            yield _not_seen(plan, f"{where} shows no certificate{why}")
            continue
        shown = sight.cert_hashes.get(leaf, leaf)
        if shown in new:
            if not plan.after:
                text = f"{where} shows the new certificate already; a phone without the new hash is cut off there now."
                yield Remark("warn", text)
        elif plan.after:
            which = "still shows the old certificate" if shown in old or not old else "shows neither, but another one"
            yield Remark("fail", f"{where} {which} ({shown}).")
        elif old and shown not in old:
            yield Remark("warn", f"{where} shows neither the old nor the new certificate ({shown}).")
    if not sight.addresses:
        why = f" ({describe_failure(sight.failure)})" if sight.failure is not None else ""
        yield _not_seen(plan, f"{end} has no address{why}")


def _overwritten(plan: CutoverPlan, sight: GatewaySight) -> Iterator[Remark]:
    """Yield that CUCM may lose the old certificate by the upload (VP-41)."""
    host = _endpoint(sight).host
    new = plan.new_for(host)
    coming = {one.cert_hash for one in new}
    going = [subject for leaf, subject in sight.subjects.items() if sight.cert_hashes.get(leaf) not in coming]
    going += [one.facts.subject or "" for one in plan.old_for(host) if one.facts is not None]
    names = {name for subject in going for name in _common_names(subject)}
    for one in new:
        if one.facts is not None and not names.isdisjoint(_common_names(one.facts.subject or "")):
            yield Remark(
                "warn",
                f"The new certificate ({one.cert_hash}) has the common name of the old one: its upload to CUCM "
                "overwrites the old one (CSCuh19734), and a phone that then fetches its file is cut off until the "
                "swap.",
            )


def _common_names(subject: str) -> frozenset[str]:
    """Return the common names of a distinguished name as text (RFC 4514), as they are written there."""
    return frozenset(part for part in _PARTS.split(subject) if part.startswith("CN="))


def _not_seen(plan: CutoverPlan, text: str) -> Remark:
    """After the swap each address has to be seen; before it, what is missing is whether it is too early."""
    if plan.after:
        return Remark("inconclusive", f"{text}: whether it has the new one is not known.")
    return Remark("warn", f"{text}: whether the new one is shown already is not known.")


def _shown(sight: GatewaySight) -> set[str]:
    return {leaf for leaf in sight.leaves.values() if leaf is not None}


def _endpoint(sight: GatewaySight) -> Endpoint:
    return parse_endpoint(sight.key.rpartition(" ")[0], HTTPS_PORT)
