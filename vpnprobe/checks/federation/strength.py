"""Checks of the certificate's bytes: key and signatures, how strict software reads it, which one it is, its subject."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.federation.needs import EdgeChain
from vpnprobe.checks.federation.request import NEW_CERTIFICATE, request_facts
from vpnprobe.checks.wording import listing, listing_of_names
from vpnprobe.model.errors import WireError
from vpnprobe.model.federation import EdgeVisit, PathReading
from vpnprobe.pki.certificate import CertificateFacts, CertificateProblem
from vpnprobe.pki.names import parse_name
from vpnprobe.pki.structure import split_certificate

# Assumption: what public authorities may issue today. No document of the peers names a limit.
MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 256
_WEAK_HASHES: Final = frozenset({"md2", "md4", "md5", "sha1"})

# What we cut ourselves is no fault of the certificate's.
_OUR_CAPS: Final = frozenset({CertificateProblem.LIST_CUT, CertificateProblem.NAME_CUT})

# Words by which a verifier says that it stumbled over the bytes and not over trust, dates or names.
_ENCODING_WORDS: Final = ("asn1", "asn.1", "pars", "encod", "decod", "format", "serial", "cannot be read")
# How cryptography's verifier begins where it could read everything and refuses for another reason.
_READ_AND_REFUSED: Final = "validation failed"


def _weaknesses(facts: CertificateFacts) -> Iterator[str]:
    who = facts.subject or "a certificate without a name"
    key, bits = facts.key_type, facts.key_bits
    least = {"RSA": MIN_RSA_BITS, "EC": MIN_EC_BITS}.get(key or "")
    if key == "DSA":
        yield f"{who} has a DSA key"
    elif least is not None and bits is not None and bits < least:
        yield f"{who} has a key of {bits} bits ({key})"
    # A root's signature on itself proves nothing, so nobody checks it.
    if facts.signature_hash in _WEAK_HASHES and facts.self_signed is False:
        yield f"{who} is signed with {facts.signature_algorithm}"


def _judge_strength(case: Case, chain: EdgeChain) -> Result:
    leaf = chain.leaf
    weak = [words for der in chain.ders for words in _weaknesses(needs.certificate_facts(der))]
    if weak:
        return failed(listing_of_names(weak), weaknesses=weak, **request_facts(case, leaf))
    if leaf.key_type is None or leaf.signature_algorithm is None:
        return unclear("the key or the signature algorithm of the certificate cannot be read")
    return passed(f"{leaf.key_type} {leaf.key_bits or ''}, {leaf.signature_algorithm}")


FCR013 = Check(
    id="FCR013",
    slug="key-and-signature-strength",
    title="Keys and signatures of the chain are strong enough for today's software",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain,
    judge=_judge_strength,
    rationale="Current Windows and browsers refuse short RSA keys and signatures with MD5 or SHA-1. From what release "
    "on an edge does so was found nowhere.",
    guide=Guide(
        fix=(fix("CA", "Ask for a certificate with RSA of 2048 bits or more, signed with SHA-256."), *NEW_CERTIFICATE),
        next=(S_CLIENT, PROBE),
    ),
)


def _problems(facts: CertificateFacts) -> Iterator[str]:
    if facts.parse_error is not None:
        yield f"cannot be read: {facts.parse_error}"
    for problem in facts.problems:
        # An empty subject is allowed where the SAN has the names (RFC 5280 section 4.2.1.6).
        is_allowed = problem is CertificateProblem.EMPTY_SUBJECT and facts.dns_names
        if problem not in _OUR_CAPS and not is_allowed:
            yield problem.value


def _opinions(path: PathReading | None) -> tuple[list[str], list[str]]:
    """Return which other engines refuse the bytes, each with its words, and which read them."""
    if path is None:
        return [], []
    asked = ((path.store_engine, path.store_refusal), (path.strict_engine, path.strict_refusal))
    known = [(engine, refusal or "") for engine, refusal in asked if engine is not None]
    return (
        [f"{engine}: {refusal}" for engine, refusal in known if _is_about_bytes(refusal)],
        [engine for engine, refusal in known if not _is_about_bytes(refusal)],
    )


def _is_about_bytes(refusal: str) -> bool:
    words = refusal.lower()
    return not words.startswith(_READ_AND_REFUSED) and any(word in words for word in _ENCODING_WORDS)


def _judge_readable(_case: Case, known: tuple[EdgeChain, EdgeVisit]) -> Result:
    chain, visit = known
    problems = [
        f"{facts.subject or facts.sha256}: {problem}"
        for facts in map(needs.certificate_facts, chain.ders)
        for problem in _problems(facts)
    ]
    refusals, readers = _opinions(visit.path)
    if problems:
        opinions = [f"refused by {words}" for words in refusals] + [f"{engine} reads it" for engine in readers]
        words = "; ".join([f"strict software may refuse {listing_of_names(problems)}", *opinions])
        return failed(words, problems=problems, refusals=refusals, readers=readers)
    if refusals:
        return failed(f"refused by {listing_of_names(refusals)}", refusals=refusals, readers=readers)
    return passed(f"{chain.leaf.subject} by {chain.leaf.issuer} can be read without a problem")


FCR014 = Check(
    id="FCR014",
    slug="strictly-readable",
    title="Strict software can read the certificates",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.edge_chain & needs.visit,
    judge=_judge_readable,
    rationale="Some software refuses a certificate for its bytes alone: an ASA's own one may have a negative serial "
    "number, which OpenSSL takes and cryptography means to refuse. What Schannel does with each was found nowhere.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                Make the certificate anew with the present release:
                configure terminal
                crypto ca enroll <trustpoint>
                """,
            ),
            fix("CA", "Or have it issued by an authority, which keeps to RFC 5280."),
        ),
        next=(S_CLIENT, "openssl x509 -in <leaf.pem> -noout -text"),
    ),
)


def _judge_expected(case: Case, chain: EdgeChain) -> Result:
    expected = case.evidence.expectation.certificates
    if not expected:
        return not_applicable("no certificate was given to compare with (--expect)")
    leaf = chain.leaf
    shown = {_plain(leaf.sha1), _plain(leaf.sha256)}
    if any(_plain(one) in shown for one in expected):
        return passed("the certificate is one that was expected", sha256=leaf.sha256)
    when = "" if leaf.not_before is None else f", valid from {leaf.not_before:%Y-%m-%d}"
    return failed(
        f"another certificate than expected: {leaf.subject or 'unreadable'}{when}",
        sha1=leaf.sha1,
        sha256=leaf.sha256,
        expected=list(expected),
    )


def _plain(fingerprint: str) -> str:
    return fingerprint.replace(":", "").lower()


FCR015 = Check(
    id="FCR015",
    slug="expected-certificate",
    title="The certificate is the expected one",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.edge_chain,
    judge=_judge_expected,
    covers=("F3-06",),
    rationale="Changing the domain of IM and Presence by its CLI makes the SIP proxy's certificate anew; the copy on "
    "the ASA is then an old one.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                Delete the old copy and import the new sipproxy.pem of IM and Presence:
                show crypto ca certificates
                configure terminal
                no crypto ca trustpoint <imp-trustpoint>
                crypto ca trustpoint <imp-trustpoint>
                 enrollment terminal
                 exit
                crypto ca authenticate <imp-trustpoint>
                Paste the PEM, then quit.
                write memory
                """,
            ),
            fix("vpnprobe", "If the certificate was renewed on purpose, expect the new one:\n--expect {sha256}"),
        ),
        next=(S_CLIENT, PROBE),
    ),
)

_WANTED: Final = ("C", "ST", "L", "O", "OU", "CN")
_COUNTRY_LETTERS: Final = 2
# A state is abbreviated in two or three letters (WA, NSW); a name of that length is rare.
_ABBREVIATION: Final = 3


def _attributes(der: bytes) -> dict[str, str]:
    name = parse_name(split_certificate(der).subject)
    return {one.short_name: one.text for rdn in name for one in rdn if one.short_name and one.text}


def _subject_faults(found: dict[str, str]) -> Iterator[str]:
    yield from (f"{attribute} is missing" for attribute in _WANTED if attribute not in found)
    if len(found.get("C", "XX")) != _COUNTRY_LETTERS:
        yield f"C={found['C']} is not a country code of two letters"
    for attribute in ("ST", "L"):
        value = found.get(attribute, "unabbreviated")
        if len(value) <= _ABBREVIATION or value.endswith("."):
            yield f"{attribute}={value} looks abbreviated"
    if "." not in found.get("CN", "."):
        yield f"CN={found['CN']} is not fully qualified"


def _judge_subject(case: Case, known: tuple[EdgeChain, EdgeVisit]) -> Result:
    chain, visit = known
    try:
        faults = list(_subject_faults(_attributes(chain.ders[0])))
    except WireError:
        return unclear("the subject of the certificate cannot be read")
    if not faults:
        return passed(f"the subject is complete: {chain.leaf.subject}")
    if visit.path is not None and visit.path.end == "public-root":
        return passed("a public authority took the subject as it is", missing=faults)
    return failed(
        f"a public authority may refuse a request like this: {listing(faults)}",
        missing=faults,
        **request_facts(case, chain.leaf),
    )


FCR016 = Check(
    id="FCR016",
    slug="subject-fields",
    title="The subject has what a public authority asks for",
    stage="certificate",
    severity="info",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.readable_chain & needs.visit,
    judge=_judge_subject,
    covers=("F3-04",),
    rationale="A renewal request without country in two letters, state and locality in full, organisation, unit and a "
    "full common name met VeriSign's errors 9406 and 9442. What an authority asks for today differs.",
    guide=Guide(fix=NEW_CERTIFICATE, next=(S_CLIENT, PROBE)),
)

CHECKS: Final = (FCR013, FCR014, FCR015, FCR016)
