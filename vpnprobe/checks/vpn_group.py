"""Checks of the VPN group of the phone's configuration: its URLs, hashes and parameters."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.wording import count, listing
from vpnprobe.model.config import ConfigProblem, ProblemKind, VpnGroup
from vpnprobe.model.finding import Fact
from vpnprobe.model.target import GroupUrl
from vpnprobe.phoneconfig.groupurl import UrlDifference, match_group_url
from vpnprobe.phoneconfig.meaning import meaning
from vpnprobe.phoneconfig.vpngroup import FAIL_CONNECT_TIME, FLAG, MAX_CERT_HASHES, MAX_URLS, MTU
from vpnprobe.pki.fingerprint import HashProblem, parse_cert_hash
from vpnprobe.pki.pin import SHA1_HASH_ALG

_LOOK = ("curl -o {config_file} tftp://{tftp_endpoint}/{config_file}",)

_DIFFERENCE_WORDS = {
    UrlDifference.WHITESPACE: "blanks around it",
    UrlDifference.SCHEME: "the scheme",
    UrlDifference.CASE: "upper and lower case",
    UrlDifference.PORT: "the port",
    UrlDifference.DEFAULT_PORT: "a port 443 that is written in one only",
    UrlDifference.TRAILING_SLASH: "a slash at the end",
    UrlDifference.PERCENT_ENCODING: "percent encoding",
    UrlDifference.PATH: "the path",
}


def _judge_group_url(_case: Case, facts: tuple[VpnGroup, GroupUrl]) -> Result:
    group, probed = facts
    match = match_group_url(probed.text, group.urls)
    configured = {f"url{url.index}": url.text for url in group.urls}
    if match.exact is not None:
        return passed(f"the probed URL is url{match.exact}", index=match.exact)
    if not configured:
        return failed("the vpnGroup holds no url", urls=[])
    near = match.near[0] if match.near else None
    texts = [f"{name}: {text}" for name, text in configured.items()]
    if near is None:
        return failed(f"the phone dials another URL: {listing(texts)}", urls=texts)
    text = configured.get(f"url{near.index}", "")
    differs = ", ".join(_DIFFERENCE_WORDS.get(item, item.value) for item in near.differences)
    return failed(
        f"the phone dials {text!r} (url{near.index}); it differs from the probed URL in {differs}",
        "near",
        urls=texts,
        configured_url=text,
        differences=[item.value for item in near.differences],
    )


CFG004 = Check(
    id="CFG004",
    slug="group-url-configured",
    title="The probed URL is one that the phone dials",
    stage="config",
    severity="critical",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.vpn_group & needs.group_url,
    judge=_judge_group_url,
    covers=("VP-12", "VP-25"),
    rationale=(
        "The phone dials url1 to url3 exactly as they are written, and the ASA finds the tunnel group by the "
        "text of the URL."
    ),
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Advanced Features > VPN > VPN Gateway: VPN Gateway URL = {group_url}
                Advanced Features > VPN > VPN Group: this gateway must be in the phone's group.
                Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
                """,
            ),
            fix("vpnprobe", "Or probe the URL that the phone has: {urls}"),
        ),
        next=("ASA# show run tunnel-group",),
    ),
    variants={
        "near": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Advanced Features > VPN > VPN Gateway: VPN Gateway URL = {group_url}
                    Save, then Apply Config; the phone must reach its TFTP server, from outside through the \
                      tunnel.
                    """,
                ),
                fix(
                    "ASA",
                    """
                    configure terminal
                    tunnel-group <tunnel-group> webvpn-attributes
                     group-url {configured_url} enable
                    """,
                ),
            ),
            next=("ASA# show run tunnel-group", "vpnprobe phone --group-url {configured_url} --mac {mac}"),
        )
    },
)


def _judge_has_hash(_case: Case, group: VpnGroup) -> Result:
    if group.cert_hashes:
        return passed(
            f"{count(len(group.cert_hashes), 'certHash', 'certHashes')}",
            cert_hashes=[f"certHash{written.index} {written.text}" for written in group.cert_hashes],
        )
    return failed("the vpnGroup holds no certHash, so the phone trusts no gateway")


_UPLOAD = fix(
    "CUCM",
    """
    Cisco Unified OS Administration > Security > Certificate Management > Upload Certificate: Phone-VPN-trust, the \
      certificate that the ASA shows.
    Advanced Features > VPN > VPN Gateway: move it to VPN Certificates in this Location.
    Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
    """,
)

CFG005 = Check(
    id="CFG005",
    slug="cert-hash-present",
    title="The configuration names a certificate that the phone trusts",
    stage="config",
    severity="critical",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.vpn_group,
    judge=_judge_has_hash,
    covers=("VP-07", "VP-30"),
    rationale="A phone does not validate certificates, it compares hashes. Also with certificate login the ASA's own "
    "certificate must be in CUCM.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
            show run ssl
            configure terminal
            crypto ca export <trustpoint> identity-certificate
            """,
            ),
            _UPLOAD,
        ),
        next=("vpnprobe gateway {gateway}", "ASA# show run ssl"),
    ),
)

_HASH_PROBLEM_WORDS = {
    HashProblem.UNUSED_BITS: "its last letter has bits that no encoder sets, as after a copying error",
    HashProblem.HEX: "it is hex, not base64",
    HashProblem.MD5_LENGTH: "it has 16 bytes, the length of an MD5",
    HashProblem.SHA256_LENGTH: "it has 32 bytes, the length of a SHA-256",
    HashProblem.SHA512_LENGTH: "it has 64 bytes, the length of a SHA-512",
    HashProblem.WRONG_LENGTH: "it has not 20 bytes",
    HashProblem.INVALID_CHARACTER: "it holds characters that base64 has not",
    HashProblem.PADDING: "its padding is wrong",
    HashProblem.IS_CERTIFICATE: "it is a certificate, not a hash",
}


def _judge_hash_form(_case: Case, group: VpnGroup) -> Result:
    if not group.cert_hashes:
        return not_applicable("there is no certHash (CFG005)")
    odd: list[str] = []
    for written in group.cert_hashes:
        parsed = parse_cert_hash(written.text)
        if not parsed.is_canonical:
            words = (_HASH_PROBLEM_WORDS.get(item, item.value.replace("-", " ")) for item in parsed.problems)
            odd.append(f"certHash{written.index} {written.text[:80]!r}: {', '.join(words)}")
    if odd:
        return failed("; ".join(odd), cert_hashes=odd)
    return passed(f"{count(len(group.cert_hashes), 'certHash is', 'certHashes are')} base64 of 20 bytes")


CFG006 = Check(
    id="CFG006",
    slug="cert-hash-form",
    title="Each certHash is the canonical base64 of 20 bytes",
    stage="config",
    severity="warning",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.vpn_group,
    judge=_judge_hash_form,
    covers=("VP-10",),
    rationale="CUCM writes 28 characters that decode to a SHA-1. Anything else was written or copied by hand.",
    guide=Guide(
        fix=(
            fix(
                "TFTP",
                """
                A file made by hand: write the base64 of the SHA-1 of the ASA's certificate (DER).
                """,
            ),
            _UPLOAD,
        ),
        next=("vpnprobe hash <certificate-file-or-hash>", "vpnprobe gateway {gateway}"),
    ),
)


def _judge_hash_alg(_case: Case, group: VpnGroup) -> Result:
    if group.hash_alg is None:
        return passed("hashAlg is absent; SHA-1 is meant")
    if group.hash_alg.strip() == SHA1_HASH_ALG:
        return passed("hashAlg is 0, SHA-1")
    return failed(
        f"hashAlg is {group.hash_alg!r}; every known configuration has 0, and what another value means to the phone is "
        "not documented",
        hash_alg=group.hash_alg,
    )


CFG007 = Check(
    id="CFG007",
    slug="hash-alg-known",
    title="The hash algorithm is the known one",
    stage="config",
    severity="warning",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.vpn_group,
    judge=_judge_hash_alg,
    covers=("VP-12",),
    rationale=(
        "Every sample has 0 beside SHA-1 values. The meaning of other values was not found in any document, "
        "so the pin cannot be judged with one."
    ),
    guide=Guide(
        fix=(
            fix(
                "TFTP",
                """
                A file made by hand: <hashAlg>0</hashAlg> and the SHA-1 of the certificate in base64.
                """,
            ),
            fix("CUCM", "Device > Phone > {device}: Apply Config, so that the file is built anew."),
        ),
        next=_LOOK,
    ),
)

_PROBLEM_WORDS = {
    ProblemKind.NOT_A_NUMBER: "is not a number",
    ProblemKind.OUT_OF_RANGE: "is out of range",
    ProblemKind.TOO_LONG: "is too long",
    ProblemKind.TOO_MANY: "is beyond the last one that a phone reads",
    ProblemKind.GAP: "leaves a gap in the numbering",
    ProblemKind.REPEATED: "stands there twice",
    ProblemKind.MISPLACED: "stands in the wrong place",
}


def _judge_parameters(_case: Case, group: VpnGroup) -> Result:
    # The same value twice is harmless, and the login method has a check of its own.
    wrong = [
        problem
        for problem in group.problems
        if problem.kind is not ProblemKind.DUPLICATE and problem.element.lower() != "authmethod"
    ]
    facts: dict[str, Fact] = {
        "mtu": group.mtu,
        "fail_connect_time": group.fail_connect_time,
        "auto_net_detect": group.auto_net_detect,
        "pswd_persistent": group.pswd_persistent,
        "unknown": list(group.unknown),
    }
    if wrong:
        kinds = {"numbering" if problem.kind in _NUMBERING else "value" for problem in wrong}
        return failed("; ".join(map(_describe_problem, wrong)), kinds.pop() if len(kinds) == 1 else "", **facts)
    return passed("mtu, failConnectTime, urls and numbering are within CUCM's limits", **facts)


# CUCM's limits, as the reader of the configuration knows them.
_RANGES = {
    "mtu": MTU,
    "failconnecttime": FAIL_CONNECT_TIME,
    "autonetdetect": FLAG,
    "pswdpersistent": FLAG,
    "enablehostidcheck": FLAG,
}
_NUMBERING = (ProblemKind.GAP, ProblemKind.TOO_MANY, ProblemKind.REPEATED, ProblemKind.MISPLACED)


def _describe_problem(problem: ConfigProblem) -> str:
    allowed = _RANGES.get(problem.element.lower())
    if problem.kind is ProblemKind.OUT_OF_RANGE and allowed is not None:
        return f"{problem.element} {problem.value} is outside {allowed[0]}..{allowed[1]}"
    if problem.kind is ProblemKind.TOO_MANY:
        most = MAX_URLS if problem.element.lower().startswith("url") else MAX_CERT_HASHES
        return f"{problem.element} is beyond the last one that a phone reads, number {most}"
    words = _PROBLEM_WORDS.get(problem.kind, problem.kind.value.replace("-", " "))
    value = f" ({problem.value})" if problem.value else ""
    return f"{problem.element}{value} {words}"


_SET_VALUES = fix(
    "CUCM",
    """
    Advanced Features > VPN > VPN Profile: set MTU and Fail to Connect.
    Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
    """,
)
_NUMBER_ANEW = fix(
    "CUCM",
    """
    Advanced Features > VPN > VPN Gateway: take certificates that are no longer shown out of VPN Certificates in this \
      Location; ten are read, over all gateways of the VPN Group, and three gateways.
    Save, then Apply Config, so that the file is built and numbered anew.
    """,
)

CFG008 = Check(
    id="CFG008",
    slug="vpn-parameters",
    title="The VPN parameters are within CUCM's limits",
    stage="config",
    severity="warning",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.vpn_group,
    judge=_judge_parameters,
    covers=("VP-12",),
    rationale="CUCM allows an mtu of 256 to 1406, a failConnectTime of 0 to 600 seconds, three URLs of at most 255 "
    "characters and ten certHashes. What is outside was written by hand, and a phone may ignore it.",
    guide=Guide(
        fix=(
            fix(
                "TFTP",
                """
                A file made by hand: mtu 1290, failConnectTime 30, url1 to url3, certHash1 to certHash10.
                """,
            ),
            _SET_VALUES,
            _NUMBER_ANEW,
        ),
        next=_LOOK,
    ),
    variants={
        "value": Guide(
            fix=(
                fix(
                    "TFTP",
                    "A file made by hand: mtu 256 to 1406 (usually 1290), failConnectTime 0 to 600 (usually 30), URLs "
                    "of at most 255 characters.",
                ),
                _SET_VALUES,
            ),
            next=_LOOK,
        ),
        "numbering": Guide(
            fix=(
                fix(
                    "TFTP",
                    """
                    A file made by hand: number without a gap from 1, url1 to url3 under addresses, certHash1 to \
                      certHash10 under credentials, each once.
                    What does not fit must go: take out the hashes of certificates that no gateway shows any more.
                    """,
                ),
                _NUMBER_ANEW,
            ),
            next=_LOOK,
        ),
    },
)


def _judge_auth_method(case: Case, group: VpnGroup) -> Result:
    method = group.auth_method
    words = meaning("auth_method", method)
    if words is None:
        written = [problem.value for problem in group.problems if problem.element.lower() == "authmethod"]
        if method is None and not written:
            return unclear("authMethod is absent; what the phone then does is not documented")
        text = written[0] if written else str(method)
        return failed(f"authMethod is {text}; only 0, 1 and 2 are known", auth_method=method)
    given = case.evidence.credential
    wanted = "certificate" if method == needs.CERTIFICATE_LOGIN else "password"
    facts: dict[str, Fact] = {"auth_method": method, "given": given}
    if given not in ("none", wanted):
        return failed(f"the phone logs in by {words}, but this run was given a {given}", "credential", **facts)
    again = "" if wanted == "certificate" else "; after every reset, restart or applied change its user is asked again"
    return passed(f"the phone logs in by {words}{again}", **facts)


CFG010 = Check(
    id="CFG010",
    slug="auth-method",
    title="The login method is known, and this run logs in the same way",
    stage="config",
    severity="warning",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.vpn_group,
    judge=_judge_auth_method,
    covers=("VP-09", "VP-12", "VP-37"),
    rationale="A phone with certificate login reconnects by itself after a change of its configuration; with user and "
    "password (local, LDAP or RADIUS at the ASA) somebody must type them again.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Advanced Features > VPN > VPN Profile: Client Authentication Method.
                Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
                """,
            ),
            fix("TFTP", "A file made by hand: authMethod 0 user and password, 1 password, 2 certificate."),
        ),
        next=_LOOK,
    ),
    variants={
        "credential": Guide(
            fix=(
                fix(
                    "vpnprobe",
                    """
                    Give the credential that the phone uses: --client-cert and --client-key, or --user.
                    """,
                ),
                fix(
                    "CUCM",
                    """
                    Or change Advanced Features > VPN > VPN Profile: Client Authentication Method.
                    Save, then Apply Config; the phone must reach its TFTP server, from outside through the \
                      tunnel.
                    """,
                ),
            ),
            next=("ASA# show run tunnel-group", "vpnprobe explain CFG010"),
        )
    },
)


CHECKS = (CFG004, CFG005, CFG006, CFG007, CFG008, CFG010)
