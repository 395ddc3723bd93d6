"""Checks of the HTTPS certificate of an online CA, and of what is to be uploaded to CUCM for it."""

from __future__ import annotations

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.online_ca.needs import Shown, shown, subjects
from vpnprobe.checks.wording import day, listing
from vpnprobe.model.finding import Fact
from vpnprobe.pki.path import PathEnd


def _judge_name(_case: Case, seen: Shown) -> Result:
    host = seen.ca.endpoint.host
    names = seen.leaf.common_names
    facts: dict[str, Fact] = {"online_ca": host, "common_names": list(names)}
    if any(name.casefold() == host.casefold() for name in names):
        return passed(f"{host} is the common name of its HTTPS certificate", **facts)
    named = f"the common name of its HTTPS certificate is {listing(names)}" if names else "it has no common name"
    alternative = [name.casefold() for name in seen.leaf.dns_names or ()]
    if host.casefold() in alternative:
        return failed(f"{host} is among the alternative names only; {named}", "alternative", **facts)
    return failed(f"{host} is configured; {named}", **facts)


OCA003 = Check(
    id="OCA003",
    slug="online-ca-name",
    title="The online CA's host name is the common name of its HTTPS certificate",
    stage="online-ca",
    severity="critical",
    probes=("capf",),
    subjects=subjects,
    needs=shown,
    judge=_judge_name,
    covers=("CA-16",),
    rationale="The security guide wants Online CA Hostname to be the common name, a full name, of the certificate that "
    "IIS shows. Give --online-ca the host exactly as CUCM has it.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Online CA Hostname = the common name of the certificate ({common_names}), if it is a full name that \
                  DNS knows. Then:
                utils service restart Cisco Certificate Authority Proxy Function
                """,
            ),
            fix("Windows", "Otherwise enrol a web server certificate with CN={online_ca} and bind it in IIS."),
        ),
        next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca} -showcerts",),
    ),
    variants={
        "alternative": Guide(
            fix=(
                fix(
                    "Windows",
                    "Enrol a web server certificate with CN={online_ca} and bind it in IIS: the guide speaks of the "
                    "common name; whether CUCM takes an alternative name was found nowhere.",
                ),
            ),
            next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca} -showcerts",),
        )
    },
)


def _judge_uploads(_case: Case, seen: Shown) -> Result:
    path, leaf = seen.path, seen.leaf
    top = path.members[-1]
    issuers = len(path.members) - 1
    facts: dict[str, Fact] = {
        "subject": leaf.subject,
        "issuer": leaf.issuer,
        "path": [member.subject or "unreadable" for member in path.members],
    }
    if path.end is PathEnd.SELF_SIGNED_LEAF and (seen.ca.given or not leaf.is_ca):
        # Either the CA's own certificate is known to be another, or this one cannot issue any.
        what = "none of those that were given" if seen.ca.given else "not that of a CA; give the CA's own with --ca"
        words = f"its HTTPS certificate is signed by itself and {what}"
        return failed(words, **facts) if seen.ca.given else unclear(words, **facts)
    if issuers == 0 and path.is_complete:
        words = "its HTTPS certificate is the root itself"
        return passed(f"{words}: upload it to CAPF-trust and CallManager-trust", row="CA-09a", upload=["root"], **facts)
    if path.is_complete:
        row = "CA-09b" if issuers == 1 else "CA-09c"
        between = "directly" if issuers == 1 else f"over {issuers - 1} intermediate"
        return passed(
            f"its HTTPS certificate is signed {between} by the root {top.subject}: upload the root to CAPF-trust and "
            "CallManager-trust",
            row=row,
            upload=["root"],
            **facts,
        )
    if path.end is PathEnd.SIGNATURE_WRONG:
        return failed(
            f"no certificate at hand signed {top.subject}, though its issuer's name {path.missing_issuer} is there",
            missing=path.missing_issuer,
            **facts,
        )
    if not seen.ca.given:
        return unclear(
            f"the issuer {path.missing_issuer} was not sent, as is usual of a root; give it with --ca to know what is "
            "to be uploaded",
            missing=path.missing_issuer,
            **facts,
        )
    return failed(
        f"the HTTPS certificate does not lead to a CA certificate that was given: {path.missing_issuer} is missing",
        missing=path.missing_issuer,
        **facts,
    )


OCA004 = Check(
    id="OCA004",
    slug="online-ca-chain",
    title="The online CA's chain shows what is to be uploaded to CUCM",
    stage="online-ca",
    severity="critical",
    probes=("capf",),
    subjects=subjects,
    needs=shown,
    judge=_judge_uploads,
    covers=("CA-09a", "CA-09b", "CA-09c", "CA-09d"),
    rationale="Before LSCs are made, the HTTPS certificate must be trusted in CAPF-trust and the CA's root in "
    "CAPF-trust and CallManager-trust. The guide's table has two rows with one condition, an HTTPS "
    "certificate that the root issued: one says to upload the root, the other the root and the HTTPS certificate. What "
    "is safe: the root where the chain verifies, both where it does not. Which certificates are there already only "
    "CUCM shows.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                show cert list trust
                Cisco Unified OS Administration > Security > Certificate Management > Upload Certificate: the CA's \
                  root as CAPF-trust and as CallManager-trust, and, as the chain does not verify, the HTTPS \
                  certificate as CAPF-trust too. Repeat for each intermediate.
                """,
            ),
            fix("Windows", "IIS should send the intermediates: install them in the machine's store, not the user's."),
        ),
        next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca} -showcerts",),
    ),
)


def _judge_dates(case: Case, seen: Shown) -> Result:
    leaf = seen.leaf
    if leaf.not_before is None or leaf.not_after is None:
        return unclear("its dates cannot be read")
    facts: dict[str, Fact] = {"not_after": leaf.not_after.isoformat()}
    if case.now < leaf.not_before:
        return failed(f"not valid before {day(leaf.not_before)}", **facts)
    if case.now >= leaf.not_after:
        return failed(f"expired on {day(leaf.not_after)}", **facts)
    return passed(f"valid until {day(leaf.not_after)}", **facts)


OCA005 = Check(
    id="OCA005",
    slug="online-ca-dates",
    title="The online CA's HTTPS certificate is within its dates",
    stage="online-ca",
    severity="critical",
    probes=("capf",),
    subjects=subjects,
    needs=shown,
    judge=_judge_dates,
    rationale="An expired certificate ends every connection that verifies it. A wrong clock looks the same.",
    guide=Guide(
        fix=(
            fix("Windows", "Renew the web server certificate and bind the new one in IIS; check the clock."),
            fix("CUCM", "utils ntp status"),
        ),
        next=("openssl s_client -connect {online_ca}:{online_ca_port} -servername {online_ca}",),
    ),
)
