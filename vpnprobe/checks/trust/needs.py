"""Facts of trust lists and of signed files, the words for why one is not there, and what the checks are applied to."""

from __future__ import annotations

import msgspec

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Lack, Need, Subject
from vpnprobe.checks.wording import describe_file
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import BootFile, SignedFile
from vpnprobe.model.trust import SignatureReading, TrustList, TvsAnswer
from vpnprobe.pki.trust_decision import asks_signed, same_name


def label_of(trust_list: TrustList) -> str:
    """Return how a report names a list."""
    return f"{trust_list.name} (held)" if trust_list.origin == "held" else trust_list.name


def trust_lists(evidence: Evidence) -> tuple[Subject, ...]:
    """Each trust list, served or held by the phone."""
    labels = dict.fromkeys(map(label_of, evidence.trust_lists))
    return tuple(Subject(label=label) for label in labels) or (Subject(label="trust list"),)


def phones_lists(evidence: Evidence) -> tuple[Subject, ...]:
    """Each trust list that is the phone's: of several served ones of a kind its own, which it asks for first."""
    lists = (*held(evidence), *served_lists(evidence))
    labels = dict.fromkeys(map(label_of, lists))
    return tuple(Subject(label=label) for label in labels) or (Subject(label="trust list"),)


def phones_served_lists(evidence: Evidence) -> tuple[Subject, ...]:
    """The CTL and the ITL that the server gives this phone."""
    return tuple(Subject(label=label_of(one)) for one in served_lists(evidence)) or (Subject(label="trust list"),)


def config_files(evidence: Evidence) -> tuple[Subject, ...]:
    """Each configuration file that arrived: where it is encrypted, the short one and the encrypted one."""
    names = dict.fromkeys(file.name for file in _received(evidence))
    return tuple(Subject(label=name) for name in names) or subjects.config_file(evidence)


def signed_files(evidence: Evidence) -> tuple[Subject, ...]:
    """Each trust list and each signed configuration file."""
    lists = tuple(Subject(label=label) for label in dict.fromkeys(map(label_of, evidence.trust_lists)))
    return (*lists, *(Subject(label=file.name) for file in _received(evidence) if file.signed)) or config_files(
        evidence
    )


def tvs_servers(evidence: Evidence) -> tuple[Subject, ...]:
    """Each TVS that was asked."""
    servers = dict.fromkeys(answer.server for answer in evidence.tvs)
    return tuple(Subject(label=server, address=server) for server in servers) or (Subject(label="TVS"),)


def _received(evidence: Evidence) -> tuple[BootFile, ...]:
    return tuple(file for file in evidence.boot_files if file.outcome == "received" and ".cnf.xml" in file.name)


def held(evidence: Evidence) -> tuple[TrustList, ...]:
    """Return the lists that the phone holds already; none at a first boot, or where the operator gave none."""
    return tuple(one for one in evidence.trust_lists if one.origin == "held")


def served(evidence: Evidence) -> tuple[TrustList, ...]:
    """Return the lists that the server gave."""
    return tuple(one for one in evidence.trust_lists if one.origin == "fetched")


def served_lists(evidence: Evidence) -> tuple[TrustList, ...]:
    """Return the first served list of each kind: a phone asks for its own before it asks for the cluster's."""
    first = {one.kind: one for one in reversed(served(evidence))}
    return tuple(sorted(first.values(), key=lambda one: one.kind))


def lacking_lists(evidence: Evidence) -> Lack:
    """Say why there is no trust list to judge."""
    asked = [file for file in needs.asked_files(evidence) if file.name.endswith(".tlv")]
    if not asked:
        return Lack("no trust list was asked for", "not-applicable")
    if any(file.outcome == "received" for file in asked):
        return Lack("the trust list was not looked into", "not-applicable")
    told = [file for file in asked if file.outcome != "not-found"]
    if not told:
        return Lack("the server has no trust list (SGN001)", "not-applicable")
    return Lack(f"no trust list arrived: {told[-1].name} {describe_file(told[-1])}")


def _read_lists(case: Case) -> tuple[TrustList, ...] | Lack:
    return case.evidence.trust_lists or lacking_lists(case.evidence)


lists = Need(("a trust list",), _read_lists)


def _read_list(case: Case) -> TrustList | Lack:
    label = case.subject.label
    return next((one for one in case.evidence.trust_lists if label_of(one) == label), lacking_lists(case.evidence))


trust_list = Need(("a trust list",), _read_list)


def _read_readable_list(case: Case) -> TrustList | Lack:
    found = _read_list(case)
    if isinstance(found, Lack) or found.problem is None:
        return found
    return Lack(f"{found.name} cannot be read (SGN002)")


readable_list = Need(("a trust list that can be read",), _read_readable_list)


class Judged(msgspec.Struct, frozen=True):
    """A served list and the lists that the phone holds while it judges it."""

    served: TrustList
    held: tuple[TrustList, ...]


def _read_judged(case: Case) -> Judged | Lack:
    found = _read_readable_list(case)
    if isinstance(found, Lack):
        return found
    holding = held(case.evidence)
    if not holding:
        return Lack("the list that the phone holds was not given (--trust-list FILE)", "not-applicable")
    if all(one.problem is not None for one in holding):
        return Lack(f"{holding[0].name}, which the phone holds, cannot be read (SGN002)")
    return Judged(found, holding)


judged = Need(("a served trust list", "the one that the phone holds"), _read_judged)


def _read_file(case: Case) -> BootFile | Lack:
    found = next((file for file in _received(case.evidence) if file.name == case.subject.label), None)
    if found is not None:
        return found
    reading = case.evidence.config
    if reading is not None and reading.origin == "file":
        return Lack("the configuration was given, and its signature is none of this run's business", "not-applicable")
    asked = needs.fetches.read(case)
    return asked if isinstance(asked, Lack) else Lack(f"no configuration arrived: {describe_file(asked[-1])}")


config_file = Need(("a configuration file",), _read_file)


class Signed(msgspec.Struct, frozen=True):
    """A configuration file, its header, and what became of its signature."""

    file: BootFile
    header: SignedFile
    signature: SignatureReading


def _read_signed(case: Case) -> Signed | Lack:
    file = _read_file(case)
    if isinstance(file, Lack):
        return file
    if file.signed is None:
        return Lack("the file is not signed", "not-applicable")
    if file.signed.problem is not None:
        return Lack(f"its header cannot be read: {file.signed.problem}")
    if file.signed.signature is not None:
        return Signed(file, file.signed, file.signed.signature)
    lists = [one for one in case.evidence.trust_lists if one.problem is None]
    if lists and not asks_signed(lists):
        return Lack("the trust list names no TFTP server, so the phone checks no signature", "not-applicable")
    if case.evidence.trust_lists:
        return Lack("its signature was not looked at")
    if file.protocol == "file":
        return Lack("there is no trust list to check it with; give one with --trust-list FILE")
    return lacking_lists(case.evidence)


signed = Need(("a signed configuration file", "a trust list"), _read_signed)


def answers_about(
    evidence: Evidence, reading: SignatureReading, issuer: str | None, serial: str | None
) -> tuple[TvsAnswer, ...]:
    """Return what TVS servers said of a signer: asked by its certificate, or by issuer and serial number."""
    return tuple(
        answer
        for answer in evidence.tvs
        if (reading.signer is not None and answer.certificate == reading.signer)
        or (answer.serial is not None and answer.serial == serial and same_name(answer.issuer or "", issuer or ""))
    )
