"""What the phone itself decides in mid-flight at each address: pin, validity, host ID.

Pure functions: a probe records them, and a sweep makes them of one look at a gateway for each phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from vpnprobe.model.config import VpnGroup
from vpnprobe.model.observation import FirstFlight, PhoneDecision
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.fingerprint import CertHash, parse_cert_hash, parse_expected_hash
from vpnprobe.pki.hostid import HOST_ID_OFF, decide_host_id, passes_host_id
from vpnprobe.pki.pin import decide_pin
from vpnprobe.pki.validity import decide_validity

# The DER of certificates by their names.
Certificates = Callable[[tuple[str, ...]], tuple[bytes, ...]]


def expected_hashes(given: Sequence[str], group: VpnGroup | None) -> dict[str, CertHash]:
    """Return the certHashes that a phone compares with, by name; those given replace the configuration's."""
    if given:
        return {f"given hash {number}": parse_expected_hash(text) for number, text in enumerate(given, start=1)}
    if group is None:
        return {}
    return {f"certHash{item.index}": parse_cert_hash(item.text) for item in group.cert_hashes}


def pin_decisions(
    flights: Iterable[FirstFlight],
    certificates: Certificates,
    expected: dict[str, CertHash],
    hash_alg: str | None,
    at: datetime,
) -> Iterator[PhoneDecision]:
    """Yield pin and validity for each flight that shows certificates."""
    names = list(expected)
    for flight in flights:
        if not flight.chain:
            continue
        chain = certificates(flight.chain)
        decision = decide_pin(list(expected.values()), chain, hash_alg)
        matched = names[decision.matches[0].cert_hash_index] if decision.matches else None
        yield PhoneDecision(
            address=flight.address, goes_on=decision.accepts, rule="pin", leaf=flight.chain[0], matched=matched
        )
        in_time = decide_validity(describe(chain[0]), at)
        yield PhoneDecision(
            address=flight.address,
            goes_on=in_time.accepts,
            rule="validity",
            leaf=flight.chain[0],
            validity=in_time.validity,
        )


def host_id_decisions(
    flights: Iterable[FirstFlight], certificates: Certificates, host: str, setting: int | None
) -> Iterator[PhoneDecision]:
    """Yield the host-ID decision for each flight that shows certificates; `setting` is enableHostIDCheck."""
    for flight in flights:
        if not flight.chain:
            continue
        facts = describe(certificates(flight.chain)[0])
        yield PhoneDecision(
            address=flight.address,
            goes_on=passes_host_id(setting, decide_host_id(host, facts).accepts),
            rule="host-id-off" if setting == HOST_ID_OFF else "host-id",
            leaf=flight.chain[0],
        )
