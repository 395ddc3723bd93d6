"""Checks of what the gateway answers to the phone's login over HTTP."""

from __future__ import annotations

from typing import Final

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Lack, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.differential import Refusal, guides, possible_causes
from vpnprobe.checks.wording import day, describe_failure
from vpnprobe.model.finding import Fact
from vpnprobe.model.observation import HttpExchange, Login, LoginAnswer
from vpnprobe.phoneconfig.meaning import meaning
from vpnprobe.pki.phonecert import classify_phone_certificate
from vpnprobe.pki.pin import decide_pin

_NOT_A_PHONE_GATEWAY: Final[frozenset[LoginAnswer]] = frozenset({"not-an-asa", "unavailable", "no-answer"})


def _status_line(exchange: HttpExchange | None) -> str:
    if exchange is None:
        return "nothing was sent"
    if exchange.status is None:
        return "no answer" if exchange.failure is None else describe_failure(exchange.failure)
    return f"{exchange.status} {exchange.reason or ''}".strip()


def _last(login: Login) -> HttpExchange | None:
    return login.exchanges[-1] if login.exchanges else None


def _location(login: Login) -> str | None:
    last = _last(login)
    return None if last is None else next((value for name, value in last.headers if name == "location"), None)


def _judge_answers(_case: Case, login: Login) -> Result:
    last = _last(login)
    line = _status_line(last)
    facts: dict[str, Fact] = {
        "answer": login.answer,
        "status": last.status if last else None,
        "path": last.path if last else None,
    }
    match login.answer:
        case "not-an-asa":
            return failed(f"HTTP answers, but nothing of it is a phone gateway's: {line}", login.answer, **facts)
        case "unavailable":
            why = next((value for name, value in (last.headers if last else ()) if name == "x-reason"), None)
            return failed(
                f"the gateway is unavailable: {line}{f', {why}' if why else ''}", login.answer, x_reason=why, **facts
            )
        case "no-answer":
            if last is not None and last.failure is not None and last.failure.kind in needs.OURS:
                return unclear(f"no answer was read: {line}", **facts)
            return failed(f"no answer to the request: {line}", **facts)
        case _:
            return passed(f"answers as a phone gateway: {login.answer.replace('-', ' ')} ({line})", **facts)


LOG001 = Check(
    id="LOG001",
    slug="gateway-answers-phones",
    title="The gateway answers the phone's request as an SSL VPN does",
    stage="login",
    severity="critical",
    probes=("phone",),
    subjects=subjects.logins,
    needs=needs.login,
    judge=_judge_answers,
    rationale="Certificate and TLS can be right while something else than the VPN answers behind them.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run webvpn
                show vpn-sessiondb summary
                show processes cpu-usage non-zero
                show logging | include 716|722|725
                """,
            ),
        ),
        next=("curl -k -v {group_url}", "ASA# show run webvpn"),
    ),
    variants={
        "not-an-asa": Guide(
            fix=(
                fix(
                    "path",
                    """
                    A web server or a reverse proxy has the gateway's certificate and answers in its place: follow \
                      the NAT and the port forwarding of {gateway}.
                    """,
                ),
                fix(
                    "ASA",
                    """
                    show run nat
                    show run webvpn
                    webvpn must be enabled on the interface of that address.
                    """,
                ),
            ),
            next=("curl -k -v {group_url}", "ASA# show run nat"),
        ),
        "unavailable": Guide(
            fix=(
                fix(
                    "ASA",
                    """
                    show vpn-sessiondb summary
                    show vpn-sessiondb license-summary
                    show ip local pool <pool>
                    show memory
                    Free stale sessions: vpn-sessiondb logoff name <user>
                    """,
                ),
            ),
            next=("ASA# show vpn-sessiondb summary", "ASA# show version | include AnyConnect"),
        ),
    },
)


def _judge_url_known(_case: Case, login: Login) -> Result:
    last = _last(login)
    if login.answer == "unknown-group-url":
        return failed(
            f"the gateway knows no tunnel group with this group-url ({_status_line(last)})", answer=login.answer
        )
    if login.answer in _NOT_A_PHONE_GATEWAY:
        return unclear("the answer is not a phone gateway's (LOG001)")
    if login.answer == "redirect-other-host":
        return not_applicable("the answer is a redirect to another host (LOG003)")
    if login.answer == "redirect-same-host":
        return unclear("the answer is a redirect (LOG004), as for a URL that no tunnel group has")
    return passed("the gateway knows the group-url")


LOG002 = Check(
    id="LOG002",
    slug="group-url-known",
    title="A tunnel group of the gateway has this group-url",
    stage="login",
    severity="critical",
    probes=("phone",),
    subjects=subjects.logins,
    needs=needs.login,
    judge=_judge_url_known,
    rationale=(
        "The ASA finds the tunnel group by the URL. Phones cannot choose from a list, and without-csd works "
        "with a group-url only."
    ),
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run tunnel-group
                configure terminal
                tunnel-group <tunnel-group> webvpn-attributes
                 group-url {group_url} enable
                 without-csd
                write memory
                """,
            ),
            fix(
                "CUCM",
                """
                Advanced Features > VPN > VPN Gateway: compare the VPN Gateway URL letter by letter.
                """,
            ),
        ),
        next=("ASA# show run tunnel-group | include group-url", "curl -k -v {group_url}"),
    ),
)


def _judge_balancing(case: Case, login: Login) -> Result:
    if login.answer in _NOT_A_PHONE_GATEWAY:
        return unclear("the answer is not a phone gateway's (LOG001)")
    if login.answer != "redirect-other-host":
        return passed("no redirect to another host")
    host = login.redirect_host or _location(login)
    facts: dict[str, Fact] = {"redirect_host": host}
    chain = None if login.redirect_flight is None else needs.find_chain(case.evidence, login.redirect_flight)
    if chain is None:
        return failed(f"redirects to another host, {host}; its certificate was not seen", **facts)
    facts |= {"redirect_cert_hash": chain.leaf.cert_hash, "redirect_subject": chain.leaf.subject}
    pins = needs.find_pins(case)
    named = pins is not None and decide_pin(pins.hashes, chain.ders, pins.hash_alg).accepts
    known = "a certHash names it" if named else "no certHash names it"
    return failed(
        f"redirects to another host, {host}, which shows {chain.leaf.subject or 'an unreadable certificate'}: {known}",
        **facts,
    )


LOG003 = Check(
    id="LOG003",
    slug="no-load-balancing",
    title="The gateway does not send the phone to another host",
    stage="login",
    severity="critical",
    probes=("phone",),
    subjects=subjects.logins,
    needs=needs.login,
    judge=_judge_balancing,
    covers=("VP-13",),
    rationale=(
        "VPN load balancing is an HTTP redirect to a member with a certificate of its own. Phones do not "
        "support it: they alternate between the hosts, connect slowly or not at all. The redirect was not "
        "followed."
    ),
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show vpn load-balancing
                show run vpn load-balancing
                Give phones the address of one member, or an ASA without load balancing:
                configure terminal
                vpn load-balancing
                 no participate
                """,
            ),
            fix(
                "CUCM",
                """
                Advanced Features > VPN > VPN Gateway: one gateway for each member, with the member's own URL and \
                  certificate (up to three in a VPN Group; the phone tries them in turn).
                """,
            ),
        ),
        next=("ASA# show vpn load-balancing", "vpnprobe gateway {redirect_host}"),
    ),
    references=("Cisco document 116162, VPN load balancing and IP phones",),
)


def _judge_same_host(_case: Case, login: Login) -> Result:
    if login.answer in _NOT_A_PHONE_GATEWAY:
        return unclear("the answer is not a phone gateway's (LOG001)")
    if login.answer != "redirect-same-host":
        return passed("no redirect on the same host")
    location = _location(login)
    return failed(f"redirects to another path of the same host: {location or 'no Location given'}", location=location)


LOG004 = Check(
    id="LOG004",
    slug="no-redirect",
    title="The group-url answers itself, without a redirect",
    stage="login",
    severity="warning",
    probes=("phone",),
    subjects=subjects.logins,
    needs=needs.login,
    judge=_judge_same_host,
    rationale="Such a redirect leads to the portal for browsers. Whether a phone follows it was found in no document.",
    guide=Guide(
        fix=(
            fix(
                "ASA",
                """
                show run tunnel-group
                configure terminal
                tunnel-group <tunnel-group> webvpn-attributes
                 group-url {group_url} enable
                Look for an http redirect on the interface: show run http
                """,
            ),
        ),
        next=("curl -k -v {group_url}", "ASA# show run tunnel-group"),
    ),
)


def _judge_accepted(case: Case, login: Login) -> Result:
    given = case.evidence.credential
    if given == "none":
        return not_applicable("no credential was given, so no login was tried", answer=login.answer)
    if login.answer == "redirect-other-host":
        return not_applicable("the answer is a redirect to another host (LOG003); no login was tried")
    if login.answer == "redirect-same-host":
        return unclear("the answer is a redirect (LOG004); no login was tried")
    if login.answer in _NOT_A_PHONE_GATEWAY or login.answer == "unknown-group-url":
        return unclear("the gateway's answer stands before any login (LOG001, LOG002)")
    handshake = needs.find_handshake(case)
    has_sent = login.credential != "none" or (handshake is not None and handshake.client_certificate is not None)
    if not has_sent or (login.answer == "wants-login" and login.credential == "none"):
        return _not_tried(case)
    other = _other_way_in(case, "accepted" if login.answer == "accepted" else "refused")
    if other is not None:
        return unclear(other, answer=login.answer)
    if login.answer == "accepted":
        return passed("the login is accepted", answer=login.answer)
    refusal: Refusal = "password" if given == "password" else "certificate"
    if login.answer == "client-certificate-failed":
        refusal = "certificate-failed"
    expired = _expired_on(case)
    if expired is not None and given == "certificate":
        refusal = "certificate-expired"
    causes = [cause.summary for cause in possible_causes(refusal)]
    answered = {
        "client-certificate-failed": "the gateway says that the client certificate failed",
        "wants-login": "the login is answered with the same question again",
    }.get(login.answer, f"the login is refused ({_status_line(_last(login))})")
    told = f"{len(causes)} possible causes, which only the ASA can tell apart"
    if refusal == "certificate-expired":
        told = f"it expired on {expired} (HSK005); should the ASA's log not say so, {len(causes) - 1} further causes"
    elif refusal == "password":
        told = f"a wrong password is the first of {len(causes)} possible causes, which only the ASA can tell apart"
    return failed(
        f"{answered}; {told}",
        refusal,
        answer=login.answer,
        credential=given,
        possible_causes=causes,
        client_user=_client_user(case),
        client_not_after=expired,
    )


def _not_tried(case: Case) -> Result:
    tried = next((other for other in case.evidence.logins if other.credential != "none"), None)
    if tried is not None:
        where = subjects.endpoint_label(case.evidence, tried.address)
        return not_applicable(f"one login is tried in a run, and that was at {where}")
    return unclear(needs.withheld(case, "the credential"))


def _other_way_in(case: Case, outcome: str) -> str | None:
    """Say what was tried where it is not what this phone itself would do; None where it is, as far as is known."""
    given = case.evidence.credential
    own = "this phone's own was not tried"
    method = needs.login_method(case)
    if not isinstance(method, Lack):
        words = meaning("auth_method", method)
        if words is None:
            return f"a login by {given} was {outcome}; how this phone logs in is not known (CFG010)"
        if (given == "certificate") != (method == needs.CERTIFICATE_LOGIN):
            return f"a login by {given} was {outcome}; this phone's own, by {words}, was not tried (CFG010)"
    certificate = needs.client_certificate.read(case)
    if given != "certificate" or isinstance(certificate, Lack):
        return None
    device = classify_phone_certificate(certificate).device_name
    if device is None:
        return f"a login with a certificate that is no phone's was {outcome}; {own} (HSK005)"
    is_own = device == case.evidence.persona.device
    return None if is_own else f"a login with {device}'s certificate was {outcome}; {own} (HSK005)"


def _expired_on(case: Case) -> str | None:
    facts = needs.client_certificate.read(case)
    if isinstance(facts, Lack) or facts.not_after is None or case.now < facts.not_after:
        return None
    return day(facts.not_after)


def _client_user(case: Case) -> str | None:
    """Return the name in the client certificate, which the ASA logs as the user."""
    facts = needs.client_certificate.read(case)
    return None if isinstance(facts, Lack) else next(iter(facts.common_names), None)


LOG005 = Check(
    id="LOG005",
    slug="login-accepted",
    title="The gateway accepts the phone's login",
    stage="login",
    severity="critical",
    probes=("phone",),
    subjects=subjects.logins,
    needs=needs.login,
    judge=_judge_accepted,
    covers=("VP-01", "VP-14", "VP-17", "VP-20", "VP-21"),
    rationale=(
        "Behind a right certificate the ASA can still refuse: CSD, access policies, inherited group-policy "
        "values, the licence. From outside they look alike; each names the command that shows it."
    ),
    variants=guides(),
    references=("Cisco document 116162, CSD, DAP rules, inherited values", "ASA syslog messages 113005, 113015"),
    yields_to=("HSK004",),
)

CHECKS = (LOG001, LOG002, LOG003, LOG004, LOG005)
