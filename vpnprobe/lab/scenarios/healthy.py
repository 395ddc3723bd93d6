"""Networks without a fault, in the variety that real ones have: no alarm is due in any of them."""

from __future__ import annotations

from vpnprobe.lab.scenario import (
    GATEWAY_NAME,
    CertHash,
    Certificate,
    ConfigServer,
    Configuration,
    Dns,
    Gateway,
    Network,
    Options,
    Scenario,
)

THIRD_PARTY = Certificate(issuer="third-party", names=(GATEWAY_NAME,))
_MANY_NAMES = Certificate(
    issuer="third-party", common_name="asa.corp.example", names=("www.corp.example", GATEWAY_NAME)
)
_OLD = Certificate(key="rsa-1024", digest="sha1")

SCENARIOS = (
    Scenario(
        name="healthy",
        title="A 7962G logs in with its LSC",
        story=(
            "The ASA shows its self-signed RSA certificate, whose SHA-1 is certHash1.",
            "TLS 1.0 with AES256-SHA; CAPF is known to the ASA; the login by certificate is accepted.",
        ),
        covers=("VP-05", "VP-07", "VP-10", "VP-12", "VP-23", "VP-26", "VP-30"),
    ),
    Scenario(
        name="healthy-8841",
        title="An 8841 fetches by HTTP and logs in with its LSC",
        story=(
            "A newer phone asks port 6970 by HTTP first and offers TLS 1.2 with EC suites.",
            "The ASA has an RSA certificate only, so every phone sees the same one.",
        ),
        covers=("VP-08",),
        model="8841",
    ),
    Scenario(
        name="healthy-7975",
        title="A 7975G logs in with its LSC",
        story=(
            "The sister of the 7962G with the large screen, and with firmware of its own.",
            "To the gateway it looks the same.",
        ),
        covers=("VP-23",),
        model="7975G",
    ),
    Scenario(
        name="healthy-8841-http-closed",
        title="An 8841 falls back to TFTP",
        story=(
            "Port 6970 is closed at this configuration server.",
            "The phone falls back to TFTP, as it is meant to, so nothing is wrong.",
        ),
        model="8841",
        network=Network(config_server=ConfigServer(http="refuses")),
    ),
    Scenario(
        name="healthy-password",
        title="A phone logs in with user name and password",
        story=(
            "authMethod is 0, user and password; the ASA asks for no client certificate.",
            "The login is accepted. After a reset the user is asked again, which is no fault.",
        ),
        covers=("VP-09", "VP-37"),
        network=Network(
            configuration=Configuration(auth_method="0"),
            gateways=(Gateway(asks_for=None, wants="password"),),
        ),
        options=Options(client=None, password=True),
    ),
    Scenario(
        name="healthy-third-party",
        title="A certificate of a third-party CA with its whole chain",
        story=(
            "Leaf and intermediate are sent in order; the leaf's SHA-1 is certHash1.",
            "Host name checking is on, and the leaf names the host.",
        ),
        covers=("VP-05", "VP-06", "VP-31"),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=THIRD_PARTY),), host_id_check="1"),
            gateways=(Gateway(certificate=THIRD_PARTY),),
        ),
    ),
    Scenario(
        name="healthy-chain-with-root",
        title="The gateway sends its chain up to the root",
        story=(
            "Leaf, intermediate and root are sent in order, and certHash1 is the root's.",
            "Sending the root is needless for most clients and harmless.",
        ),
        covers=("VP-06", "VP-35"),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=THIRD_PARTY, at="root"),)),
            gateways=(Gateway(certificate=THIRD_PARTY, sends="with-root"),),
        ),
    ),
    Scenario(
        name="healthy-host-id-san",
        title="Host name checking is on, a subjectAltName names the host",
        story=(
            "The subject is the ASA's own name, the names that phones dial are in the subjectAltName.",
            "The phone looks there first.",
        ),
        covers=("VP-31", "VP-32"),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=_MANY_NAMES),), host_id_check="1"),
            gateways=(Gateway(certificate=_MANY_NAMES),),
        ),
    ),
    Scenario(
        name="healthy-old-certificate",
        title="An ASA of long ago: RSA with 1024 bits, signed with SHA-1",
        story=(
            "Weak by the rules of today, and what a 7962G was made for.",
            "Libraries that refuse such a certificate must not be taken for the phone.",
        ),
        covers=("VP-05", "VP-10"),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=_OLD),)),
            gateways=(Gateway(certificate=_OLD),),
        ),
    ),
    Scenario(
        name="healthy-pinned-by-issuer",
        title="The configuration pins the issuing CA, not the leaf",
        story=(
            "certHash1 is the fingerprint of the intermediate that the gateway sends with its leaf.",
            "A phone accepts that, and the leaf can be renewed without a change in CUCM.",
        ),
        covers=("VP-35", "VP-40"),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=THIRD_PARTY, at="issuer"),)),
            gateways=(Gateway(certificate=THIRD_PARTY),),
        ),
    ),
    Scenario(
        name="healthy-renewal-prepared",
        title="Old and new certificate are both pinned",
        story=(
            "A renewal is under way: the new certificate waits on its own trustpoint and is pinned already.",
            "The gateway still shows the old one. Both have the same subject.",
        ),
        covers=("VP-40",),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=Certificate(edition=2)), CertHash())),
        ),
    ),
    Scenario(
        name="healthy-two-addresses",
        title="Two addresses of one gateway, the second in IPv6",
        story=(
            "One ASA answers at both addresses with the same certificate.",
            "Where this machine has no IPv6, the second address is another one of IPv4.",
        ),
        network=Network(gateways=(Gateway(), Gateway()), second_is_ipv6=True),
    ),
    Scenario(
        name="healthy-alias",
        title="The gateway's name is an alias",
        story=(
            "The name is a CNAME of another one that has the address.",
            "Phones follow it like any resolver.",
        ),
        network=Network(dns=Dns(answers="alias")),
    ),
    Scenario(
        name="healthy-dns-truncated",
        title="The DNS answer is cut short and asked for again by TCP",
        story=(
            "The server sets the truncation flag in every UDP answer for the gateway's name.",
            "The whole answer comes by TCP.",
        ),
        network=Network(dns=Dns(answers="truncated")),
    ),
    Scenario(
        name="healthy-ipv6-servfail",
        title="The DNS server fails for AAAA records only",
        story=(
            "An old DNS server answers SERVFAIL to every AAAA question, and the A record is there.",
            "A phone in IPv4 connects.",
        ),
        network=Network(dns=Dns(answers="ipv6-servfail")),
    ),
    Scenario(
        name="healthy-unsigned",
        title="A cluster without signed files",
        story=(
            "There is no trust list and no .sgn file, only the plain configuration.",
            "That is how clusters before security by default serve it.",
        ),
        network=Network(configuration=Configuration(signed_name="unsigned")),
    ),
    Scenario(
        name="healthy-lossy-tftp",
        title="The first request for each file is lost",
        story=(
            "The phone asks again after a while and gets its file.",
            "TFTP is made for that.",
        ),
        covers=("VP-39",),
        network=Network(config_server=ConfigServer(tftp="loses-first")),
    ),
    Scenario(
        name="healthy-second-url",
        title="The probed URL is the second of three",
        story=(
            "The VPN group has three gateways, and the phone tries them in turn.",
            "The certificate of this one is the third certHash: hashes do not belong to URLs.",
        ),
        covers=("VP-12",),
        network=Network(
            configuration=Configuration(
                urls=("https://vpn-1.lab.example/VPNPhone", "{url}", "https://vpn-3.lab.example/VPNPhone"),
                cert_hashes=tuple(CertHash(of=Certificate(edition=edition)) for edition in (3, 2, 1)),
            )
        ),
    ),
    Scenario(
        name="healthy-lower-case-config",
        title="The element is called vpngroup",
        story=(
            "Documents print it both ways.",
            "Names of elements are read without regard to case.",
        ),
        covers=("VP-12",),
        network=Network(configuration=Configuration(form="lower-case")),
    ),
    Scenario(
        name="healthy-odd-file",
        title="The configuration has a byte order mark and NULs at its end",
        story=(
            "Files that were edited and served by other programs look like that.",
            "What stands between is a whole configuration.",
        ),
        network=Network(configuration=Configuration(form="bom-and-nuls", signed_name="unsigned")),
    ),
    Scenario(
        name="healthy-password-no-login",
        title="Login by password is configured, none is given",
        story=(
            "authMethod is 0, and the ASA asks for no client certificate.",
            "That is as it ought to be: only certificate login needs the request.",
        ),
        covers=("VP-09",),
        network=Network(
            configuration=Configuration(auth_method="0"),
            gateways=(Gateway(asks_for=None, wants="password"),),
        ),
        options=Options(client=None),
    ),
    Scenario(
        name="healthy-any-ca",
        title="The gateway asks for a client certificate of any CA",
        story=(
            "The list of CA names in the request is empty, which excludes none.",
            "The login by LSC is accepted.",
        ),
        covers=("VP-26",),
        network=Network(gateways=(Gateway(asks_for=()),)),
    ),
    Scenario(
        name="healthy-given-hash",
        title="Only the certHash is known, there is no configuration server",
        story=(
            "The operator has the certHash from the phone's page or from CUCM and gives it as an option.",
            "Nothing is fetched, so nothing is said about the configuration.",
        ),
        covers=("VP-10",),
        options=Options(cert_hashes=(CertHash(),)),
    ),
    Scenario(
        name="healthy-no-login",
        title="No credential is given",
        story=(
            "The run ends where the gateway asks for the login.",
            "The gateway names CAPF among the CAs it accepts, so the phone's LSC would do.",
        ),
        covers=("VP-26",),
        options=Options(client=None),
    ),
    Scenario(
        name="healthy-closes-after-answer",
        title="The gateway ends the connection with each answer",
        story=(
            "The login page comes with Connection: close, as from an old HTTP/1.0 gateway.",
            "The credentials go over a second session, to the same certificate.",
        ),
        network=Network(gateways=(Gateway(closes_after_answer=True),)),
    ),
    Scenario(
        name="healthy-odd-serial",
        title="The gateway's certificate has a negative serial number",
        story=(
            "Some ASAs made certificates with serial numbers that strict libraries refuse to read.",
            "A phone hashes the bytes and never looks at the serial.",
        ),
        covers=("VP-10",),
        network=Network(
            configuration=Configuration(cert_hashes=(CertHash(of=Certificate(negative_serial=True)),)),
            gateways=(Gateway(certificate=Certificate(negative_serial=True)),),
        ),
    ),
)
