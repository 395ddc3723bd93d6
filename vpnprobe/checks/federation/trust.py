"""Checks of the certification path: whether the partner's edge can build one, and to what root."""

from __future__ import annotations

from textwrap import shorten
from typing import Final

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.federation import needs, subjects
from vpnprobe.checks.federation.certificate import UNTRUSTED_LOGS
from vpnprobe.checks.federation.edge import PROBE, S_CLIENT
from vpnprobe.checks.federation.needs import EdgeChain
from vpnprobe.checks.federation.request import NEW_CERTIFICATE, request_facts
from vpnprobe.checks.wording import count, listing_of_names
from vpnprobe.model.federation import PathEnd, PathReading
from vpnprobe.model.finding import Fact

_INCOMPLETE: Final[tuple[PathEnd, ...]] = ("issuer-missing", "issuer-not-ca", "signature-wrong")
_UNREAD: Final[tuple[PathEnd, ...]] = ("unreadable", "signature-unchecked")
_NOT_TRUSTED: Final[dict[PathEnd, str]] = {
    "self-signed": "the path ends at {top}, which is no public root",
    "self-signed-leaf": "the certificate is self-signed",
}


# A library's own words, which may quote whole structures; the facts hold more of them.
MAX_REFUSAL: Final = 160


def engines(path: PathReading) -> str:
    """Say who judged the path, and what the others make of it."""
    told = [f"judged by {path.engine}"]
    opinions = (
        ("store", path.store_engine, path.store_refusal),
        ("verifier", path.strict_engine, path.strict_refusal),
    )
    for part, engine, refusal in opinions:
        if engine is not None:
            opinion = "agrees" if refusal is None else f"refuses: {shorten(refusal, MAX_REFUSAL)}"
            told.append(f"the {part} of {engine} {opinion}")
    return f" ({'; '.join(told)})"


def path_facts(path: PathReading) -> dict[str, Fact]:
    """Return the path and its judges as facts."""
    return {
        "path": list(path.subjects),
        "path_end": path.end,
        "roots": path.roots or None,
        "engine": path.engine,
        "store_engine": path.store_engine,
        "store_refusal": path.store_refusal,
        "strict_engine": path.strict_engine,
        "strict_refusal": path.strict_refusal,
    }


def _top(path: PathReading) -> str:
    return path.subjects[-1] if path.subjects else "an unknown certificate"


def _judge_complete(_case: Case, path: PathReading) -> Result:
    facts = path_facts(path)
    by = engines(path)
    match path.end:
        case "issuer-missing":
            missing = path.missing_issuer or "an issuer that cannot be named"
            leaf = " the leaf is all there is;" if len(path.subjects) < 2 else ""
            return failed(
                f"{missing} is missing:{leaf} {_top(path)} has no issuer{by}", missing_issuer=missing, **facts
            )
        case "signature-wrong":
            words = f"{_top(path)} was not signed by the certificate that bears its issuer's name{by}"
            return failed(words, "wrong", missing_issuer=path.missing_issuer, **facts)
        case "issuer-not-ca":
            return failed(f"{path.obstacle or 'a certificate of the path may not issue'}{by}", "wrong", **facts)
        case "signature-unchecked":
            return unclear(f"{path.obstacle or 'a signature of the path cannot be checked'}{by}", **facts)
        case "unreadable":
            return unclear(f"a certificate of the path cannot be read{by}", **facts)
        case "self-signed-leaf":
            return not_applicable(f"the certificate is self-signed; there is no chain{by}", **facts)
        case _:
            return passed(f"{count(len(path.subjects), 'certificate')} up to {_top(path)}{by}", **facts)


FCR009 = Check(
    id="FCR009",
    slug="edge-chain-complete",
    title="The chain is complete up to a root",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.path,
    judge=_judge_complete,
    covers=("F4-10",),
    rationale="The partner's edge must build a path from the certificate to a root that it holds. A root need not be "
    "sent; from outside a private root that was not sent cannot be told from a missing intermediate.",
    guide=Guide(
        fix=(
            fix(
                "Expressway",
                """
                Maintenance > Security > Server certificate: upload one PEM file, the leaf first, {missing_issuer} \
                  behind it.
                """,
            ),
            fix(
                "ASA",
                """
                configure terminal
                crypto ca authenticate <trustpoint>
                Paste the PEM of {missing_issuer}, then quit.
                write memory
                """,
            ),
            fix("Microsoft edge", "certlm.msc > Intermediate Certification Authorities: import {missing_issuer}."),
            fix(
                "vpnprobe",
                """
                If {missing_issuer} is a private root, give it: --ca <root.pem>. The partner must import it as well.
                """,
            ),
        ),
        logs=UNTRUSTED_LOGS,
        next=(S_CLIENT, f"{PROBE} --ca <root.pem>"),
    ),
    variants={
        "wrong": Guide(
            fix=(
                fix(
                    "CA",
                    """
                    A certificate in the chain has the issuer's name and is not the issuer: most often the old one of \
                      an authority that was renewed, or a leaf in its place. Fetch the right one from the authority.
                    """,
                ),
                fix(
                    "Expressway", "Maintenance > Security > Server certificate: upload leaf and right issuers together."
                ),
            ),
            logs=UNTRUSTED_LOGS,
            next=(S_CLIENT, "openssl verify -show_chain -untrusted <chain.pem> <leaf.pem>"),
        )
    },
)


def _judge_trusted(case: Case, path: PathReading) -> Result:
    facts = path_facts(path)
    if case.evidence.expectation.partner == "office-365":
        return not_applicable("Office 365 takes public roots only (FCR011)", **facts)
    if path.end in _INCOMPLETE or path.end in _UNREAD:
        return unclear("the path does not reach a root (FCR009)", **facts)
    if path.end not in _NOT_TRUSTED:
        return passed(_root_words(path), **facts)
    if not path.roots:
        return unclear("no list of public roots was there to compare with", **facts)
    words = _NOT_TRUSTED[path.end].format(top=_top(path))
    root = _top(path)
    if path.end == "self-signed-leaf":
        facts |= _request(case)
        return failed(f"{words}; the partner must import it{engines(path)}", "self-signed", root=root, **facts)
    return failed(f"{words}; the partner must import it{engines(path)}", root=root, **facts)


def _root_words(path: PathReading) -> str:
    whose = "that was given by --ca" if path.end == "given-root" else f"of {path.roots}"
    return f"the path ends at {_top(path)}, a root {whose}{engines(path)}"


def _request(case: Case) -> dict[str, Fact]:
    chain = needs.edge_chain.read(case)
    return request_facts(case, chain.leaf) if isinstance(chain, EdgeChain) else {}


_IMPORT: Final = (
    fix("Microsoft edge", "At the partner's: certlm.msc > Trusted Root Certification Authorities: import {root}."),
    fix(
        "vpnprobe",
        """
        Where the partner has imported it, say so: --ca <root.pem>
        """,
    ),
)

FCR010 = Check(
    id="FCR010",
    slug="trusted-root",
    title="The path ends at a public root, or at one that was given",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.path,
    judge=_judge_trusted,
    covers=("F4-10",),
    rationale="A partner trusts public roots. A private one must be imported into the store of the partner's edge, "
    "which cannot be seen from outside. The list of public roots is Mozilla's; Windows has its own.",
    guide=Guide(fix=_IMPORT, logs=UNTRUSTED_LOGS, next=(S_CLIENT, f"{PROBE} --ca <root.pem>")),
    variants={
        "self-signed": Guide(
            fix=(*NEW_CERTIFICATE, *_IMPORT), logs=UNTRUSTED_LOGS, next=(S_CLIENT, f"{PROBE} --ca <root.pem>")
        )
    },
    yields_to=("FCR009",),
)


def _judge_public(case: Case, path: PathReading) -> Result:
    facts = path_facts(path)
    if case.evidence.expectation.partner != "office-365":
        return not_applicable("the partner is not said to be Office 365 (--partner office-365)", **facts)
    if path.end in _INCOMPLETE or path.end in _UNREAD:
        return unclear("the path does not reach a root (FCR009)", **facts)
    if path.end == "public-root":
        return passed(_root_words(path), **facts)
    if not path.roots:
        return unclear("no list of public roots was there to compare with", **facts)
    words = _NOT_TRUSTED.get(path.end, "the path ends at {top}, a private root").format(top=_top(path))
    return failed(f"{words}; Office 365 imports none{engines(path)}", root=_top(path), **facts, **_request(case))


FCR011 = Check(
    id="FCR011",
    slug="public-root-for-office-365",
    title="For Office 365 the path ends at a public root",
    stage="certificate",
    severity="critical",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.path,
    judge=_judge_public,
    covers=("F4-10",),
    rationale="Nobody can import a root into Office 365, so a partner there only takes certificates of public "
    "authorities.",
    guide=Guide(
        fix=(fix("CA", "Have the certificate issued by a public authority."), *NEW_CERTIFICATE),
        logs=UNTRUSTED_LOGS,
        next=(S_CLIENT, PROBE),
    ),
    yields_to=("FCR009",),
)


def _judge_order(_case: Case, known: tuple[EdgeChain, PathReading]) -> Result:
    chain, path = known
    sent = [needs.certificate_facts(der).subject or "unreadable" for der in chain.ders]
    facts: dict[str, Fact] = {"sent": sent, **path_facts(path)}
    strangers = [name for name in sent if name not in path.subjects]
    faults = [
        *(["they are out of order"] if not path.in_order else []),
        *([f"{count(path.duplicates, 'certificate')} sent twice"] if path.duplicates else []),
        *([f"{listing_of_names(strangers)} does not belong to the path"] if strangers and path.unused else []),
    ]
    if path.end == "unreadable":
        return unclear("a certificate of the path cannot be read", **facts)
    if faults:
        order = listing_of_names(path.subjects)
        return failed(f"{'; '.join(faults)}: {listing_of_names(sent)}", order=order, **facts)
    return passed(f"{count(len(sent), 'certificate')} in order", **facts)


FCR012 = Check(
    id="FCR012",
    slug="chain-order",
    title="The certificates are sent in order, and no others",
    stage="certificate",
    severity="warning",
    probes=("federation",),
    subjects=subjects.visits,
    needs=needs.edge_chain & needs.path,
    judge=_judge_order,
    rationale="TLS 1.2 asks for each certificate directly before that of its issuer. Windows sorts them itself; other "
    "peers, an ASA among them, may not. A second certificate of an issuer on the path is no fault.",
    guide=Guide(
        fix=(
            fix(
                "Expressway",
                """
                Maintenance > Security > Server certificate: upload one PEM file with these, each once and in this \
                  order; the last, the root, may be left out: {order}.
                """,
            ),
            fix("CA", "Fetch the chain anew; many authorities offer it as one file in the right order."),
        ),
        next=(S_CLIENT, PROBE),
    ),
    references=("RFC 5246 section 7.4.2",),
    yields_to=("FCR009",),
)

CHECKS: Final = (FCR009, FCR010, FCR011, FCR012)
