"""The catalogue of config scenarios: pure data."""

from __future__ import annotations

import functools

from vpnprobe.lab.scenario import ConfigServer, Configuration
from vpnprobe.lab.trust.scenario import ConfigScenario, ServedConfig, ServedList
from vpnprobe.lab.tvs import TvsService


def _settings(capf_auth_mode: str, device_security_mode: str = "1") -> ServedConfig:
    return ServedConfig(
        settings=Configuration(form="no-vpn", capf_auth_mode=capf_auth_mode, device_security_mode=device_security_mode)
    )


_HEALTHY = (
    ConfigScenario(
        name="config-healthy",
        title="First boot: the list is taken as it comes, and covers the configuration",
        story=(
            "An ITL signed by ITLRecovery, a configuration signed by CallManager.",
            "Everything is as it should be.",
        ),
        covers=("CA-39", "VP-39"),
    ),
    ConfigScenario(
        name="config-healthy-8841",
        title="An 8841 takes files that are signed with SHA-512",
        story=("All files come by HTTP from port 6970.", "Everything is as it should be."),
        model="8841",
        config=ServedConfig(digest="sha512"),
    ),
    ConfigScenario(
        name="config-healthy-held",
        title="The phone holds the list of the month before",
        story=("The new list is signed by the same ITLRecovery.", "The phone takes it."),
        holds="same",
    ),
    ConfigScenario(
        name="config-healthy-encrypted",
        title="An encrypted configuration, opened with the phone's key",
        story=("The short form is for everybody, the encrypted file for the phone's LSC.", "The key given opens it."),
        config=ServedConfig(kind="encrypted"),
        gives_key=True,
    ),
    ConfigScenario(
        name="config-no-list",
        title="A cluster without trust lists",
        story=("Before CUCM 8.0 there is no ITL.", "A phone that holds no list takes the unsigned file."),
        trust_list=ServedList(kind="none"),
        config=ServedConfig(kind="plain"),
    ),
    ConfigScenario(
        name="config-prepared-for-rollback",
        title="The list is blank: the cluster is prepared for rollback",
        story=("It names neither a TFTP server nor a TVS.", "A phone that takes it accepts the files of any cluster."),
        trust_list=ServedList(kind="blank"),
    ),
    ConfigScenario(
        name="config-other-cluster-vouched",
        title="A phone of another cluster, whose TVS knows the new one's certificates",
        story=("The certificates of both clusters were consolidated by bulk export.", "The phone takes the new list."),
        holds="other-cluster",
        tvs=TvsService(),
        tvs_trusts="other-cluster",
    ),
)

_LISTS = (
    ConfigScenario(
        name="config-list-cut",
        title="The trust list ends in the middle of a record",
        story=("A copy that broke off, served as if it were whole.", "The phone keeps the list that it has."),
        covers=("VP-39",),
        trust_list=ServedList(kind="cut"),
        expect_fail=frozenset({"SGN002"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-list-changed",
        title="The trust list is not what was signed",
        story=("One byte of a certificate differs.", "Phones that hold the list before refuse it."),
        covers=("VP-39",),
        trust_list=ServedList(kind="changed"),
        expect_fail=frozenset({"SGN003"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-other-cluster",
        title="The phone holds the list of its old cluster",
        story=(
            "It was moved without its list being deleted.",
            "It refuses all that the new cluster signs: locked out.",
        ),
        covers=("CA-31",),
        holds="other-cluster",
        expect_fail=frozenset({"SGN004"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-list-signer-unknown",
        title="The new list is signed by a certificate that nobody told the phone about",
        story=("ITLRecovery was regenerated, and TVS does not know the new one.", "The phone keeps the list it holds."),
        covers=("VP-39",),
        trust_list=ServedList(kind="renewed-signer"),
        holds="same",
        tvs=TvsService(),
        expect_fail=frozenset({"SGN005"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-certificate-expired",
        title="CallManager's certificate in the list has expired",
        story=("It was forgotten for a week.", "What phones make of it is not documented."),
        trust_list=ServedList(certificate_days_left=-7),
        expect_fail=frozenset({"SGN006"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-list-older",
        title="The served list is older than the one that the phone holds",
        story=("A second TFTP server was not told of the last change.", "The phone goes back to what was before."),
        holds="newer",
        expect_fail=frozenset({"SGN010"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-list-without-capf",
        title="The list does not name the CAPF",
        story=("The configuration sends the phone to CAPF.", "It cannot know CAPF's certificate."),
        covers=("CA-03",),
        trust_list=ServedList(names_capf=False),
        expect_fail=frozenset({"SGN015"}),
        expect_verdict="warn",
    ),
)

_SIGNATURES = (
    ConfigScenario(
        name="config-unsigned",
        title="A phone with a trust list is given an unsigned configuration",
        story=("The signed file is missing from the server.", "The phone keeps its old settings."),
        covers=("VP-39",),
        config=ServedConfig(kind="plain"),
        expect_fail=frozenset({"SGN007"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-changed",
        title="The configuration was changed after it was signed",
        story=("Somebody edited the file on the server.", "The signature does not fit any more."),
        covers=("VP-39",),
        config=ServedConfig(kind="changed"),
        expect_fail=frozenset({"SGN008"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-signer-not-listed",
        title="The configuration is signed by a certificate that the list does not name",
        story=(
            "Another node's file, or CallManager was regenerated and TFTP was not restarted.",
            "A phone asks the list's TVS then; without --tvs nobody did.",
        ),
        covers=("VP-39",),
        config=ServedConfig(signer="renewed"),
        expect_verdict="inconclusive",
    ),
    ConfigScenario(
        name="config-signer-refused-by-tvs",
        title="Neither the list nor TVS knows the signer of the configuration",
        story=("The phone asks TVS, which says no.", "It keeps its old settings."),
        covers=("VP-39",),
        holds="same",
        config=ServedConfig(signer="renewed"),
        tvs=TvsService(),
        expect_fail=frozenset({"SGN009"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-signer-without-role",
        title="The signer stands in the list, but not as a TFTP server",
        story=("Its record has the function CCM only.", "It may not sign configurations."),
        covers=("VP-39",),
        trust_list=ServedList(tftp_role=1),
        expect_fail=frozenset({"SGN009"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-only-tvs",
        title="Only TVS knows the signer of the configuration",
        story=("CallManager was regenerated, the list was not.", "Phones that reach TVS take the file, others do not."),
        config=ServedConfig(signer="renewed"),
        tvs=TvsService(),
        tvs_trusts="renewed",
        expect_fail=frozenset({"SGN012"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-tvs-closed",
        title="The list does not know the signer, and TVS does not run",
        story=("The phone asks port 2445, which is closed.", "Whether TVS would vouch for the signer is not known."),
        holds="same",
        config=ServedConfig(signer="renewed"),
        tvs=TvsService(listens="refuses"),
        expect_fail=frozenset({"SGN013"}),
        expect_verdict="inconclusive",
    ),
    ConfigScenario(
        name="config-signed-in-the-future",
        title="The configuration is signed on a day that is yet to come",
        story=("The clock of the server is days ahead.", "Certificates that it makes are not valid yet."),
        config=ServedConfig(days_old=-5),
        expect_fail=frozenset({"SGN010"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-sha512-7962",
        title="A 7962 is given files that are signed with SHA-512",
        story=(
            "TFTP File Signature Algorithm was raised for newer phones.",
            "The guide has old ones verify SHA-1 only.",
        ),
        covers=("CA-36",),
        config=ServedConfig(digest="sha512"),
        expect_fail=frozenset({"SGN011"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-encrypted-for-other",
        title="The configuration is encrypted for another key",
        story=("The phone got a new LSC since.", "It cannot read the file any more."),
        config=ServedConfig(kind="encrypted-for-other"),
        gives_key=True,
        expect_fail=frozenset({"SGN014"}),
        expect_verdict="warn",
    ),
)

_SETTINGS = (
    ConfigScenario(
        name="config-authentication-string",
        title="CAPF waits for an authentication string",
        story=("Somebody has to type it on the phone.", "Until then there is no LSC."),
        covers=("CA-23",),
        config=_settings(capf_auth_mode="1"),
        expect_fail=frozenset({"SEC001"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-encrypted-authentication-string",
        title="CAPF waits for an authentication string, and files are encrypted",
        story=("The phone cannot read its file before it has typed the string.", "It is stuck until then."),
        covers=("CA-29",),
        config=ServedConfig(kind="encrypted", settings=Configuration(form="no-vpn", capf_auth_mode="1")),
        expect_fail=frozenset({"SEC002"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-secure-authentication-string",
        title="An encrypted device mode with an authentication string",
        story=("The phone registers only after CAPF, and does not turn to CAPF by itself.", "It does not register."),
        covers=("CA-40",),
        config=_settings(capf_auth_mode="1", device_security_mode="3"),
        expect_fail=frozenset({"SEC003"}),
        expect_verdict="warn",
    ),
    ConfigScenario(
        name="config-existing-certificate-7962",
        title="A 7962 is to be known by its certificate",
        story=(
            "CAPF asks for an existing certificate, as in most clusters that have LSCs.",
            "On this model that fails without an LSC; whether there is one no file says.",
        ),
        covers=("CA-38",),
        config=_settings(capf_auth_mode="3"),
    ),
    ConfigScenario(
        name="config-not-served",
        title="The server has lists, but no file for this phone",
        story=("The phone is not in this cluster's database.", "Its screen says that the file was not found."),
        covers=("VP-39",),
        server=ConfigServer(tftp="not-found", http="not-found"),
        expect_fail=frozenset({"TFT003"}),
        expect_verdict="fail",
    ),
    ConfigScenario(
        name="config-server-silent",
        title="The configuration server answers no request for a file",
        story=("Requests vanish.", "The phone's status page says TFTP Timeout."),
        covers=("VP-39",),
        server=ConfigServer(tftp="silent", http="silent"),
        expect_fail=frozenset({"TFT002"}),
        expect_verdict="fail",
    ),
)


@functools.cache
def config_scenarios() -> tuple[ConfigScenario, ...]:
    """Return every scenario: the healthy ones first, then faults in the order that a phone meets them."""
    return (*_HEALTHY, *_LISTS, *_SIGNATURES, *_SETTINGS)
