"""Checks of revocation: whether its sources can be reached, and what they say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Lack, Need, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.certificate import UNTRUSTED_LOGS
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.federation.request import NEW_CERTIFICATE, request_facts
from vpnprobe.checks.wording import day, describe_failure, listing
from vpnprobe.model.federation import RevocationSource
from vpnprobe.model.finding import Fact
from vpnprobe.pki.fingerprint import sha256


def _read_sources(case: Case) -> tuple[RevocationSource, ...] | Lack:
    chain = needs.edge_chain.read(case)
    if isinstance(chain, Lack):
        return chain
    shown = {sha256(der).hex() for der in chain.ders}
    seen = case.evidence.federation
    found = tuple(one for one in seen.revocations if one.certificate in shown) if seen is not None else ()
    if found:
        return found
    if not chain.leaf.crl_urls and not chain.leaf.ocsp_urls:
        return Lack("the certificate names no CRL and no OCSP responder", "not-applicable")
    return Lack("the sources were not asked; give --revocation", "not-applicable")


sources = Need(("the answers of CRLs and OCSP responders",), _read_sources)


def _is_answered(source: RevocationSource) -> bool:
    return source.failure is None and source.status is not None


def _fault(source: RevocationSource, now: datetime) -> str | None:
    """Return what is wrong with one source, None where it answered and is current."""
    if not _is_answered(source):
        return "unreadable answer" if source.failure is None else describe_failure(source.failure)
    end = _moment(source.next_update)
    return None if end is None or now < end else f"out of date since {day(end)}"


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _judge_reachable(case: Case, found: tuple[RevocationSource, ...]) -> Result:
    faults = {source: fault for source in found if (fault := _fault(source, case.now)) is not None}
    facts: dict[str, Fact] = {
        "sources": [f"{source.kind} {source.url}: {faults.get(source) or source.status}" for source in found]
    }
    lost = [
        (certificate, kind)
        for certificate, kind in dict.fromkeys((source.certificate, source.kind) for source in found)
        if all(source in faults for source in found if (source.certificate, source.kind) == (certificate, kind))
    ]
    blamed = {source: fault for source, fault in faults.items() if (source.certificate, source.kind) in lost}
    if not blamed:
        return passed(f"answer: {listing(source.url for source in found if source not in faults)}", **facts)
    words = listing(f"{source.url}: {fault}" for source, fault in blamed.items())
    if all(source.failure is not None and source.failure.kind in needs.OURS for source in blamed):
        return unclear(f"not asked: {words}", **facts)
    stale = all(_is_answered(source) for source in blamed)
    return failed(
        words, "stale" if stale else "", url=next(iter(blamed)).url, urls=[source.url for source in blamed], **facts
    )


FCR017 = Check(
    id="FCR017",
    slug="revocation-reachable",
    title="The CRLs and OCSP responders of the chain answer",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=sources,
    judge=_judge_reachable,
    covers=("M-08",),
    rationale="Microsoft's servers keep the CRLs of their peers up to date by default. An address that only the inside "
    "reaches cannot serve them. It was asked from this machine, which may see more or less than the partner.",
    guide=Guide(
        fix=(
            fix(
                "CA",
                """
                Publish the CRL, or run the OCSP responder, at an address that the Internet reaches by HTTP, without \
                  a login, and put it into the certificates before any LDAP address. These give no usable answer:
                {urls}
                """,
            ),
            fix("path", "Let the address through the firewall in front of the authority's web server."),
        ),
        next=("curl -sSI --max-time 10 --url {url}", f"{PROBE} --revocation"),
    ),
    variants={
        "stale": Guide(
            fix=(
                fix(
                    "CA",
                    """
                    Publish a new CRL, and see why the last one was not replaced in time (Microsoft: certutil -crl):
                    {urls}
                    """,
                ),
            ),
            next=(
                "curl -sS --max-time 10 --url {url} | openssl crl -inform der -noout -nextupdate",
                f"{PROBE} --revocation",
            ),
        )
    },
)


def _judge_revoked(case: Case, found: tuple[RevocationSource, ...]) -> Result:
    revoked = [source for source in found if source.status == "revoked"]
    answers = [f"{source.kind} {source.url}: {source.status}" for source in found if source.status is not None]
    if revoked:
        chain = needs.edge_chain.read(case)
        request = {} if isinstance(chain, Lack) else request_facts(case, chain.leaf)
        by = listing(source.url for source in revoked)
        return failed(f"a certificate of the chain is revoked, says {by}", answers=answers, **request)
    if any(source.status == "unknown" for source in found):
        return unclear("a responder does not know a certificate of the chain", answers=answers)
    if not answers:
        return not_applicable("no source answered (FCR017)")
    return passed(f"not revoked: {listing(answers)}", answers=answers)


FCR018 = Check(
    id="FCR018",
    slug="not-revoked",
    title="No certificate of the chain is revoked",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=sources,
    judge=_judge_revoked,
    covers=("M-08",),
    rationale="An edge that has the peer's CRL refuses a certificate that stands on it.",
    guide=Guide(
        fix=(
            fix("CA", "Find out why it was revoked; if the private key may be known to others, make a new key."),
            *NEW_CERTIFICATE,
        ),
        logs=UNTRUSTED_LOGS,
        next=(S_CLIENT, f"{PROBE} --revocation"),
    ),
)

CHECKS: Final = (FCR017, FCR018)
