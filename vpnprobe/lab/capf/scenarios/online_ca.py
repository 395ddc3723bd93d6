"""An online CA behind CAPF: healthy ones of each form, and what CUCM stumbles over."""

from __future__ import annotations

from vpnprobe.lab.capf.scenario import CapfScenario, Network, Options
from vpnprobe.lab.online_ca import ONLINE_CA_NAME, OnlineCaServer
from vpnprobe.model.finding import Verdict

_HEALTHY = OnlineCaServer()


def _scenario(
    name: str,
    title: str,
    story: tuple[str, str],
    online_ca: OnlineCaServer = _HEALTHY,
    *,
    covers: tuple[str, ...],
    fails: str | None = None,
    verdict: Verdict | None = None,
    given_root: bool = True,
) -> CapfScenario:
    return CapfScenario(
        name=f"capf-online-ca-{name}",
        title=title,
        story=story,
        covers=covers,
        network=Network(online_ca=online_ca),
        options=Options(online_ca=True, given_root=given_root),
        expect_fail=frozenset() if fails is None else frozenset({fails}),
        expect_verdict=verdict or ("pass" if fails is None else "fail"),
    )


SCENARIOS = (
    _scenario(
        "healthy",
        "An online CA whose HTTPS certificate an intermediate of its root issued",
        (
            "IIS refuses the visitor in English, as a good one does.",
            "The root goes to CAPF-trust and CallManager-trust.",
        ),
        covers=("CA-07", "CA-09c", "CA-16", "CA-18", "CA-19"),
    ),
    _scenario(
        "root-issued",
        "An online CA whose HTTPS certificate the root issued itself",
        ("Two rows of the vendor's table have this condition.", "The chain verifies, so the root alone is enough."),
        OnlineCaServer(issuer="root"),
        covers=("CA-09b", "CA-09d"),
    ),
    _scenario(
        "itself",
        "An online CA whose HTTPS certificate is the root",
        ("One certificate for both.", "It is uploaded as the root."),
        OnlineCaServer(issuer="itself"),
        covers=("CA-09a",),
        given_root=False,
    ),
    _scenario(
        "unknown-name",
        "DNS does not know the online CA",
        ("The name was entered in CUCM before its record was made.", "CUCM reaches an online CA by name only."),
        OnlineCaServer(in_dns=False),
        covers=("CA-07",),
        fails="OCA001",
    ),
    _scenario(
        "closed",
        "Nothing listens at the port of the online CA",
        ("The web server of the CA is stopped.", "CUCM's enrolment service gets no answer."),
        OnlineCaServer(listens="refuses"),
        covers=("CA-17",),
        fails="OCA002",
    ),
    _scenario(
        "plain-http",
        "The port of the online CA speaks HTTP without TLS",
        ("The binding in IIS is http instead of https.", "The handshake ends at the first bytes."),
        OnlineCaServer(listens="plain"),
        covers=("CA-17",),
        fails="OCA002",
    ),
    _scenario(
        "other-name",
        "The HTTPS certificate has another common name than the one configured",
        ("The server was renamed after the certificate was made.", "CUCM compares its setting with the common name."),
        OnlineCaServer(common_name="iis.lab.example"),
        covers=("CA-16",),
        fails="OCA003",
    ),
    _scenario(
        "foreign-chain",
        "The HTTPS certificate does not lead to the CA's own root",
        ("Another CA issued what IIS shows.", "The HTTPS certificate must be uploaded too."),
        OnlineCaServer(issuer="foreign"),
        covers=("CA-09d",),
        fails="OCA004",
    ),
    _scenario(
        "incomplete-chain",
        "IIS does not send the intermediate",
        ("It is in the user's store instead of the machine's.", "Nobody can build the path to the root."),
        OnlineCaServer(sends="leaf-only"),
        covers=("CA-09c",),
        fails="OCA004",
    ),
    _scenario(
        "expired",
        "The HTTPS certificate of the online CA has expired",
        ("Nobody renewed the web server's own certificate.", "Enrolment stops for all phones."),
        OnlineCaServer(days_left=-3),
        covers=(),
        fails="OCA005",
    ),
    _scenario(
        "asks-for-certificate",
        "The online CA asks for a client certificate",
        ("SSL Settings of the site: Client certificates = Accept.", "The online CA feature has no mutual TLS."),
        OnlineCaServer(asks="asks"),
        covers=("CA-19",),
        fails="OCA006",
    ),
    _scenario(
        "german",
        "The online CA answers in German",
        ("A Windows server in another language.", "The enrolment service reads English answers only."),
        OnlineCaServer(page="german"),
        covers=("CA-18",),
        fails="OCA007",
    ),
    _scenario(
        "no-enrolment-pages",
        "The web server is there, the enrolment pages are not",
        ("The role Certification Authority Web Enrollment was never added.", f"{ONLINE_CA_NAME} answers 404."),
        OnlineCaServer(page="missing"),
        covers=("CA-17",),
        fails="OCA008",
        verdict="warn",
    ),
)
