"""CAPF certificates with a fault, and trust lists that know another one."""

from __future__ import annotations

from vpnprobe.lab.capf.scenario import CapfCertificate, CapfScenario, CapfServer, Network, Options


def _shows(certificate: CapfCertificate) -> Network:
    return Network(ipv4=CapfServer(certificate=certificate))


SCENARIOS = (
    CapfScenario(
        name="capf-certificate-expired",
        title="CAPF's certificate has expired",
        story=(
            "It ended 30 days ago, and every LSC with it.",
            "A new one means new LSCs, a new trust list, a new CA at the ASA.",
        ),
        network=_shows(CapfCertificate(age_days=1900, days_left=-30)),
        expect_fail=frozenset({"CPF014"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-certificate-not-yet-valid",
        title="CAPF's certificate begins tomorrow",
        story=(
            "The publisher's clock was ahead when it was made.",
            "Or this machine's is behind.",
        ),
        network=_shows(CapfCertificate(age_days=-1)),
        expect_fail=frozenset({"CPF014"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-certificate-ends-soon",
        title="CAPF's certificate ends in 20 days",
        story=(
            "Phones outside need time for new LSCs.",
            "It is time to begin.",
        ),
        network=_shows(CapfCertificate(age_days=1800, days_left=20)),
        expect_fail=frozenset({"CPF015"}),
        expect_verdict="warn",
    ),
    CapfScenario(
        name="capf-certificate-no-extensions",
        title="CAPF's certificate has no extensions",
        story=(
            "Since 14SU2 CUCM wants CA:TRUE, pathlen:0, digitalSignature and keyCertSign.",
            "Without them TLS to CAPF fails.",
        ),
        network=_shows(CapfCertificate(extensions="none")),
        expect_fail=frozenset({"CPF016"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-certificate-of-a-server",
        title="A third party signed CAPF's request as a server's",
        story=(
            "CA:FALSE and keyEncipherment came back instead of what was asked for.",
            "The template was the wrong one.",
        ),
        network=_shows(CapfCertificate(issuer="third-party", extensions="server")),
        expect_fail=frozenset({"CPF016"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-certificate-no-path-length",
        title="CAPF's certificate limits no path",
        story=(
            "CA:TRUE stands there without pathlen:0.",
            "The document asks for both.",
        ),
        network=_shows(CapfCertificate(path_length=None)),
        expect_fail=frozenset({"CPF016"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-certificate-other-name",
        title="The certificate is not named as a CAPF's",
        story=(
            "Its common name is that of the host, as Tomcat's is.",
            "Something else may answer here.",
        ),
        network=_shows(CapfCertificate(common_name="cucm-pub.lab.example")),
        expect_fail=frozenset({"CPF017"}),
        expect_verdict="warn",
    ),
    CapfScenario(
        name="capf-root-named-capf",
        title="A company's root is called CAPF-",
        story=(
            "CUCM tells its own certificates by that name.",
            "A third party's root must not have it.",
        ),
        network=_shows(CapfCertificate(issuer="named-capf")),
        expect_fail=frozenset({"CPF018"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-signed-with-ecdsa",
        title="A company's CA signs with ECDSA, and the phone is a 7962G",
        story=(
            "The key of the certificate is RSA, its signature is not.",
            "A 7962G cannot verify it.",
        ),
        network=_shows(CapfCertificate(issuer="third-party-ec")),
        expect_fail=frozenset({"CPF019"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-other-in-itl",
        title="CAPF was regenerated, the phones' ITL was not",
        story=(
            "The ITL has the certificate of before.",
            "The phone does not trust the new one.",
        ),
        covers=("CA-03",),
        options=Options(trust_list="other"),
        expect_fail=frozenset({"CPF021"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-not-in-itl",
        title="The phones' ITL has no CAPF",
        story=(
            "CAPF was activated after the list was made.",
            "The phone does not know it.",
        ),
        covers=("CA-03",),
        options=Options(trust_list="no-capf"),
        expect_fail=frozenset({"CPF021"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-other-certificate",
        title="Another CAPF answers than the operator expects",
        story=(
            "The certificate of show cert own CAPF is another one.",
            "A second cluster has taken the name, for instance.",
        ),
        covers=("CA-03",),
        options=Options(trust_list=None, certificate="other"),
        expect_fail=frozenset({"CPF021"}),
        expect_verdict="fail",
    ),
    CapfScenario(
        name="capf-itl-damaged",
        title="The phones' ITL cannot be read",
        story=(
            "The file ends in its header.",
            "So it is not known what the phones trust.",
        ),
        options=Options(trust_list="broken"),
        expect_verdict="inconclusive",
    ),
)
