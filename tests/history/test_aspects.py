"""What matters of Evidence over time, and what does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.checks import trust_evidence as trust
from tests.checks.capf import builder as capf
from tests.checks.evidence_builder import (
    ADDRESS,
    CONFIG,
    EC,
    GATEWAY,
    HANDSHAKE_FAILURE,
    HOST,
    NOW,
    REFUSED,
    SECOND,
    SESSION,
    URL,
    boot_file,
    cert_hash,
    certificate_name,
    configured,
    fail,
    flight,
    flights,
    gateway_run,
    group,
    login,
    names,
    reading,
    resolved,
    run,
    unresolved,
)
from tests.checks.federation import builder as federation
from tests.checks.lsc import builder as lsc
from vpnprobe.history.aspects import AspectKey, Aspects, aspects_of
from vpnprobe.model.capf import OnlineCa
from vpnprobe.model.config import CertHashText, ConfigKind, VpnUrl
from vpnprobe.model.evidence import Evidence, Tool
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import AcceptedSuite, Enumeration, KeyExchange, TftpServer
from vpnprobe.model.target import Endpoint
from vpnprobe.model.trust import TrustList, TrustRecord

ALERT = fail(FailureKind.TLS_ALERT, alert=40)
TIMEOUT = fail(FailureKind.TIMEOUT)
LEAF = certificate_name(GATEWAY.der)


def of(kind: str, evidence: Evidence) -> Aspects:
    return {key: values for key, values in aspects_of(evidence).items() if key.kind == kind}


def certificates(place: str = ADDRESS, hello: str = "7962G", host: str = HOST) -> AspectKey:
    return AspectKey("certificates", host, place, hello)


def session(place: str = ADDRESS, hello: str = "7962G") -> AspectKey:
    return AspectKey("session", HOST, place, hello)


def test_a_healthy_phone() -> None:
    assert aspects_of(run()) == {
        AspectKey("addresses", HOST): ("192.0.2.7",),
        certificates(): (LEAF,),
        certificates(hello="both"): (LEAF,),
        certificates(hello="rsa-only"): (LEAF,),
        AspectKey("pins", "vpnGroup"): (cert_hash(GATEWAY),),
        session(): ("769:53",),
        session(hello="both"): of("session", run())[session(hello="both")],
        session(hello="ec-only"): ("alert:40",),
        session(hello="rsa-only"): of("session", run())[session(hello="rsa-only")],
        AspectKey("urls", "vpnGroup"): (f"url1 {URL}",),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"started_at": NOW + timedelta(days=3)},
        {"duration_s": 9.0},
        {"tool": Tool(name="vpnprobe", version="99", catalogue="99")},
        {"resolution": resolved("192.0.2.7", ttl=17, duration_s=3.0, servers=("10.9.9.9",))},
        {"resolution": resolved("192.0.2.7", canonical="gw.example.com")},
        {"first_flights": tuple(msgspec.structs.replace(one, duration_s=1.0, connect_s=0.5) for one in flights())},
        {"first_flights": tuple(reversed(flights()))},
        {"handshakes": (msgspec.structs.replace(SESSION, duration_s=1.0),)},
        {"logins": (login(last={"headers": (("date", "now"),), "body_excerpt": "12:00:01", "body_length": 8}),)},
        {"boot_files": (boot_file(retransmissions=2, foreign=1, duration_s=2.0),)},
        configured(version_stamp="{1234}"),
        group(cert_hashes=(CertHashText(3, f" {cert_hash(GATEWAY)}\n"), CertHashText(4, cert_hash(GATEWAY)))),
        {"certificates": {}},
    ],
    ids=lambda changes: ",".join(changes),
)
def test_what_does_not_matter(changes: dict[str, Any]) -> None:
    assert aspects_of(run(**changes)) == aspects_of(run())


def test_the_order_of_addresses_does_not_matter() -> None:
    here, there = (
        run(resolution=resolved(*order)) for order in (("192.0.2.7", "2001:db8::7"), ("2001:db8::7", "192.0.2.7"))
    )
    assert aspects_of(here) == aspects_of(there)


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (resolved("192.0.2.8", "192.0.2.7"), ("192.0.2.7", "192.0.2.8")),
        (resolved(failure=fail(FailureKind.NAME_NOT_FOUND)), ()),
        (resolved(failure=fail(FailureKind.NO_ADDRESS)), ()),
        (resolved(failure=fail(FailureKind.SERVFAIL)), None),
        (resolved(failure=fail(FailureKind.DNS_TIMEOUT)), None),
        (resolved("192.0.2.7", partial=fail(FailureKind.SERVFAIL)), None),
        (resolved("192.0.2.7", left_out=4), None),
        (resolved("192.0.2.7", source="literal"), None),
        (resolved("192.0.2.7", source="hosts-file"), ("192.0.2.7",)),
        (None, None),
    ],
    ids=[
        "found",
        "no name",
        "no address",
        "servfail",
        "time-out",
        "one family failed",
        "cut",
        "literal",
        "hosts",
        "none",
    ],
)
def test_addresses(resolution: Any, expected: tuple[str, ...] | None) -> None:
    assert of("addresses", run(resolution=resolution)).get(AspectKey("addresses", HOST)) == expected


def test_addresses_of_the_configuration_server() -> None:
    server = TftpServer(
        origin="option",
        endpoint=Endpoint("cucm.example.com", 69),
        resolution=resolved("10.1.1.5", name="cucm.example.com"),
    )
    assert of("addresses", run(tftp_server=server))[AspectKey("addresses", "cucm.example.com")] == ("10.1.1.5",)


@pytest.mark.parametrize(
    ("seen", "chain", "sessions"),
    [
        (flight(), (LEAF,), ("769:53",)),
        (flight(suite=0x002F), (LEAF,), ("769:47",)),
        (flight(shown=None, failure=ALERT), None, ("alert:40",)),
        (flight(shown=None, failure=TIMEOUT), None, None),
        (flight(shown=None, failure=REFUSED), None, None),
        (flight(shown=(GATEWAY.der, EC.der), failure=TIMEOUT), names(GATEWAY.der, EC.der), None),
        (flight(shown=None, failure=fail(FailureKind.TLS_ALERT)), None, ("alert:None",)),
    ],
    ids=["answered", "other suite", "alert", "time-out", "refused", "broken off", "alert without a number"],
)
def test_flights(seen: Any, chain: Any, sessions: Any) -> None:
    aspects = aspects_of(run(first_flights=(seen,)))
    assert aspects.get(certificates()) == chain
    assert aspects.get(session()) == sessions


def test_the_host_that_a_login_is_sent_to() -> None:
    elsewhere = login(
        "redirect-other-host", redirect_host="vpn2.example.com", redirect_flight=flight(shown=EC, address=SECOND)
    )
    assert aspects_of(run(logins=(elsewhere,)))[certificates(SECOND, host="vpn2.example.com")] == names(EC.der)


def accepts(*pairs: tuple[int, int], **fields: Any) -> Enumeration:
    return Enumeration(
        address=ADDRESS,
        accepted=tuple(AcceptedSuite(version=version, suite=suite, **fields) for version, suite in pairs),
        refused={"768": HANDSHAKE_FAILURE},
    )


@pytest.mark.parametrize(
    ("enumeration", "expected"),
    [
        (accepts((771, 53), (769, 53), (771, 47)), ("769:53", "771:47", "771:53")),
        (accepts((769, 53), leaf=LEAF, key_exchange=KeyExchange(kind="ecdhe")), ("769:53",)),
        (msgspec.structs.replace(accepts(), flights=9, duration_s=1.0), ()),
        (msgspec.structs.replace(accepts((769, 53)), refused={"768": ALERT, "771": TIMEOUT}), None),
        (msgspec.structs.replace(accepts((769, 53)), refused={"768": fail(FailureKind.DEADLINE)}), None),
        (msgspec.structs.replace(accepts((769, 53)), refused={}), None),
    ],
    ids=["by version", "more of each", "none", "one version not answered", "deadline", "unfinished"],
)
def test_suites(enumeration: Enumeration, expected: tuple[str, ...] | None) -> None:
    found = of("suites", gateway_run(enumerations=(enumeration,)))
    assert found.get(AspectKey("suites", HOST, ADDRESS)) == expected


@pytest.mark.parametrize(
    ("changes", "pins", "urls"),
    [
        (group(cert_hashes=(CertHashText(2, "b"), CertHashText(1, "a"))), ("a", "b"), (f"url1 {URL}",)),
        (group(urls=(VpnUrl(2, "two"), VpnUrl(1, "one")), cert_hashes=()), (), ("url2 two", "url1 one")),
        (configured(vpn_group=None), (), ()),
        (configured(kind=ConfigKind.SHORT, vpn_group=None), None, None),
        (configured(kind=ConfigKind.ENCRYPTED, vpn_group=None), None, None),
        (configured(kind=ConfigKind.NOT_A_CONFIG, vpn_group=None), None, None),
        ({"config": reading(None, problem="not found")}, None, None),
        ({"config": None}, None, None),
    ],
    ids=["hashes", "urls", "no VPN", "short", "encrypted", "no configuration", "not there", "not looked for"],
)
def test_the_phones_configuration(changes: dict[str, Any], pins: Any, urls: Any) -> None:
    aspects = aspects_of(run(**changes))
    assert aspects.get(AspectKey("pins", "vpnGroup")) == pins
    assert aspects.get(AspectKey("urls", "vpnGroup")) == urls


def test_a_run_that_got_nowhere() -> None:
    assert list(aspects_of(run(**unresolved(), config=None))) == [AspectKey("addresses", HOST)]


def test_the_configuration_of_the_builder_is_whole() -> None:
    assert CONFIG.kind is ConfigKind.FULL


# --- federations ---

RECORDS = AspectKey("records", f"_sipfederationtls._tcp.{federation.DOMAIN}", "system")


def test_a_healthy_domain() -> None:
    aspects = aspects_of(federation.run())
    assert aspects[RECORDS] == (f"0 0 5061 {federation.TARGET}",)
    assert aspects[AspectKey("addresses", federation.TARGET, "system")] == (federation.IP,)
    shown = aspects[AspectKey("certificates", federation.TARGET, federation.ADDRESS, "microsoft-edge")]
    assert shown == names(*federation.sent(federation.EDGE))
    assert {key.kind for key in aspects} == {"records", "addresses", "certificates", "session"}


@pytest.mark.parametrize(
    ("lookup", "expected"),
    [
        (
            federation.srv(federation.record("b", priority=5), federation.record("a", weight=3)),
            ("0 3 5061 a", "5 0 5061 b"),
        ),
        (federation.no_srv(FailureKind.NAME_NOT_FOUND), ()),
        (federation.no_srv(FailureKind.NO_RECORD), ()),
        (federation.no_srv(FailureKind.DNS_TIMEOUT), None),
        (federation.srv(federation.record(), left_out=3), None),
        (
            federation.srv(federation.record(), ttl=5, dnssec="signed", servers=("x",)),
            (f"0 0 5061 {federation.TARGET}",),
        ),
    ],
    ids=["two", "no name", "no record", "time-out", "cut", "other TTL"],
)
def test_records(lookup: Any, expected: Any) -> None:
    assert aspects_of(federation.run(srv=(lookup,))).get(RECORDS) == expected


def test_each_view_and_service_is_its_own() -> None:
    seen = federation.run(
        srv=(federation.srv(federation.record()), federation.no_srv(FailureKind.NO_RECORD, federation.OUTSIDE)),
        extras=(federation.srv(service="_sip._tls"),),
    )
    assert {key: values for key, values in aspects_of(seen).items() if key.kind == "records"} == {
        RECORDS: (f"0 0 5061 {federation.TARGET}",),
        AspectKey("records", RECORDS.subject, federation.OUTSIDE): (),
        AspectKey("records", f"_sip._tls.{federation.DOMAIN}", "system"): (),
    }


def test_the_phone_of_another_run_has_the_same_keys() -> None:
    """Keys are values: what one run remembers the next one finds."""
    packed = msgspec.json.encode(list(aspects_of(run()).items()))
    again = msgspec.json.decode(packed, type=list[tuple[AspectKey, tuple[str, ...]]])
    assert dict(again) == aspects_of(run())


# --- CAPF, a phone's files, given certificates ---

ONLINE = OnlineCa(
    endpoint=Endpoint("ca.example.com", 443),
    resolution=resolved("10.1.1.9", name="ca.example.com"),
    address="10.1.1.9:443",
    chain=("aa" * 32, "bb" * 32),
)
ITL = AspectKey("trust-list", "ITL")
CTL = AspectKey("trust-list", "CTL")
SETTINGS = AspectKey("settings", "configuration")


def test_a_capf_and_its_online_ca() -> None:
    assert aspects_of(capf.run(online_ca=ONLINE)) == {
        AspectKey("addresses", "ca.example.com"): ("10.1.1.9",),
        AspectKey("addresses", capf.HOST): ("192.0.2.10",),
        AspectKey("certificates", "ca.example.com", "10.1.1.9:443", "online-ca"): ONLINE.chain,
        AspectKey("certificates", capf.HOST, capf.V4, "7962G"): names(capf.CAPF.der),
        AspectKey("session", capf.HOST, capf.V4, "7962G"): of("session", capf.run())[
            AspectKey("session", capf.HOST, capf.V4, "7962G")
        ],
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"visits": (capf.visit(duration_s=3.0, attempt=2, greeting=capf.greeting(auth_type=2)),)},
        {"trust_lists": (trust.held(),)},
        {"idle_timeout_min": 10.0},
    ],
    ids=["visit", "held list", "what the operator says"],
)
def test_what_does_not_matter_of_a_capf(changes: dict[str, Any]) -> None:
    assert aspects_of(capf.run(**changes)) == aspects_of(capf.run())


def test_the_files_of_a_phone() -> None:
    aspects = aspects_of(trust.config_run())
    assert {key.kind for key in aspects} == {"trust-list", "pins", "urls", "settings"}
    file, signer, *records = aspects[ITL]
    assert (file, signer) == ("aa" * 32, "5a02 CN=ITLRECOVERY_cucm1.example.com")
    assert len(records) == len(trust.RECORDS)
    assert f"21 - {certificate_name(trust.TVS.der)} -" in records


RECORD = TrustRecord(role=21, name="tvs", subject="CN=tvs 1", serial="5b", certificate="ab" * 32)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (RECORD, f"21 5b {'ab' * 32} CN=tvs 1"),
        (msgspec.structs.replace(RECORD, subject=None), f"21 5b {'ab' * 32} tvs"),
        (msgspec.structs.replace(RECORD, certificate=None, certificate_hash="cd" * 20), f"21 5b {'cd' * 20} CN=tvs 1"),
        (TrustRecord(problem="cut"), "- - - -"),
    ],
    ids=["whole", "no subject", "hash only", "nothing"],
)
def test_records_of_a_trust_list(record: TrustRecord, text: str) -> None:
    seen = trust.config_run(trust_lists=(trust.itl(records=(record,)),))
    assert aspects_of(seen)[ITL][2:] == (text,)


@pytest.mark.parametrize(
    "changes",
    [
        {"trust_lists": (trust.itl(timestamp=trust.YESTERDAY + 5, name="ITLFile.tlv"),)},
        {"trust_lists": (trust.itl(records=trust.RECORDS[::-1]),)},
        {"trust_lists": (trust.itl(signature=trust.UNKNOWN), trust.held())},
        trust.signed_by(status="invalid"),
        {"config": reading(msgspec.structs.replace(CONFIG, version_stamp="{another}"), file=trust.SIGNED_NAME)},
        {"config": reading(msgspec.structs.replace(CONFIG, sections={"web_access": "commonConfig"}))},
    ],
    ids=["written again", "order", "what is held", "signature", "version stamp", "section"],
)
def test_what_does_not_matter_of_a_phones_files(changes: dict[str, Any]) -> None:
    assert aspects_of(trust.config_run(**changes)) == aspects_of(trust.config_run())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (trust.no_list(), ()),
        (trust.no_list("timeout"), None),
        (trust.no_list("skipped"), None),
        ({"trust_lists": (TrustList(kind="ITL", name="x", origin="fetched", sha256="00" * 32, problem="cut"),)}, None),
        ({"trust_lists": (trust.held(),)}, None),
    ],
    ids=["not there", "time-out", "not asked for", "cut", "held only"],
)
def test_a_trust_list_that_was_not_seen(changes: dict[str, Any], expected: Any) -> None:
    aspects = aspects_of(trust.config_run(**changes))
    assert aspects.get(ITL) == expected
    # Nothing was asked for of this name.
    assert CTL not in aspects


def test_a_phone_sees_the_same_lists() -> None:
    assert aspects_of(trust.phone_run())[ITL] == aspects_of(trust.config_run())[ITL]
    assert SETTINGS not in aspects_of(trust.phone_run())


def test_settings_of_a_configuration() -> None:
    changed = msgspec.structs.replace(CONFIG, web_access=1, load_information="sip88xx.14-2-1")
    settings = aspects_of(trust.config_run(config=reading(changed)))[SETTINGS]
    assert "Device: Load sip88xx.14-2-1" in settings
    assert any(text.startswith("Options: Web access 1") for text in settings)
    # These are aspects of their own.
    assert not any("certHash1" in text or "url1" in text for text in settings)
    hidden = msgspec.structs.replace(CONFIG, kind=ConfigKind.ENCRYPTED)
    assert SETTINGS not in aspects_of(trust.config_run(config=reading(hidden)))


def test_given_certificates() -> None:
    issuer = lsc.COMPANY
    seen = lsc.run(chain=(issuer,), first_flights=(lsc.flight(),))
    assert aspects_of(seen) == {AspectKey("certificates", lsc.SOURCE): names(lsc.LSC.der, issuer.der)}
    second = msgspec.structs.replace(seen.given_certificates[0], place=2, certificate=certificate_name(issuer.der))
    both = msgspec.structs.replace(seen, given_certificates=(*seen.given_certificates, second))
    assert aspects_of(both) == aspects_of(seen)
    assert aspects_of(lsc.unread()) == {}
