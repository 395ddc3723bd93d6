"""Faults of the configuration server: what the phone's status page shows as TFTP errors and time-outs."""

from __future__ import annotations

from vpnprobe.lab.scenario import ConfigServer, Configuration, Network, Options, Scenario

SCENARIOS = (
    Scenario(
        name="tftp-unknown",
        title="No configuration server is known",
        story=(
            "None is given, and the DNS has no CiscoCM1 either.",
            "Without the configuration nobody knows which certificate the phone expects.",
        ),
        covers=("VP-38",),
        options=Options(config_server=False),
        expect_fail=frozenset({"TFT001"}),
        expect_verdict="inconclusive",
    ),
    Scenario(
        name="tftp-silent",
        title="The configuration server does not answer",
        story=(
            "Requests by TFTP vanish: a filter drops them, or the address is not that of the TFTP server.",
            "The phone's status page says TFTP Timeout.",
        ),
        covers=("VP-38", "VP-39"),
        network=Network(config_server=ConfigServer(tftp="silent")),
        expect_fail=frozenset({"TFT002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-closed",
        title="Nothing listens at the TFTP port",
        story=(
            "The host answers with ICMP port unreachable.",
            "The TFTP service is stopped, or this host is no TFTP server.",
        ),
        covers=("VP-38", "VP-39"),
        network=Network(config_server=ConfigServer(tftp="refuses")),
        expect_fail=frozenset({"TFT002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="http-silent-8841",
        title="Port 6970 accepts and says nothing, and TFTP is silent too",
        story=(
            "An 8841 tries HTTP, waits, tries TFTP and waits again.",
            "Typical of a proxy that took over the address.",
        ),
        covers=("VP-38", "VP-39"),
        model="8841",
        network=Network(config_server=ConfigServer(http="silent", tftp="silent")),
        expect_fail=frozenset({"TFT002"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-not-found",
        title="The server has no file for this phone",
        story=(
            "Every request is answered with error 1: the MAC is wrong or the phone is not in this cluster.",
            "The phone's status page says TFTP Error.",
        ),
        covers=("VP-11", "VP-39"),
        network=Network(config_server=ConfigServer(tftp="not-found")),
        expect_fail=frozenset({"TFT003"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-access-denied",
        title="The server refuses to give the file",
        story=(
            "Every request is answered with error 2, access violation.",
            "Seen with TFTP servers that are not CUCM's and with wrong file permissions.",
        ),
        covers=("VP-11", "VP-39"),
        network=Network(config_server=ConfigServer(tftp="access-denied")),
        expect_fail=frozenset({"TFT003"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-server-error",
        title="The server answers with an error of its own",
        story=(
            "Error 0 with a text: more clients than it serves at a time.",
            "The text is the only clue and must not be lost.",
        ),
        covers=("VP-39",),
        network=Network(config_server=ConfigServer(tftp="server-error")),
        expect_fail=frozenset({"TFT003"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="http-busy",
        title="The server is building the file",
        story=(
            "An 8841 gets 503, File is Busy, for its configuration.",
            "CUCM says so while it writes the files after a change.",
        ),
        covers=("VP-39",),
        model="8841",
        network=Network(config_server=ConfigServer(http="busy", tftp="not-found")),
        expect_fail=frozenset({"TFT003"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-truncated",
        title="The transfer stops in the middle",
        story=(
            "The server falls silent after two blocks of each file.",
            "Typical of a firewall that closes the second UDP port too early.",
        ),
        covers=("VP-39",),
        network=Network(config_server=ConfigServer(tftp="truncates")),
        expect_fail=frozenset({"TFT004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-dies",
        title="The server ends in the middle of the transfer",
        story=(
            "After two blocks of each file the port of the transfer is closed, as ICMP tells.",
            "Typical of a TFTP service that crashes or is restarted.",
        ),
        covers=("VP-39",),
        network=Network(config_server=ConfigServer(tftp="dies")),
        expect_fail=frozenset({"TFT004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="http-truncated",
        title="The HTTP answer is shorter than announced",
        story=(
            "The connection to port 6970 ends in the middle of each file, and TFTP is closed.",
            "Seen with inspecting proxies.",
        ),
        covers=("VP-39",),
        model="8841",
        network=Network(config_server=ConfigServer(http="truncates", tftp="refuses")),
        expect_fail=frozenset({"TFT004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-endless",
        title="The transfer never ends",
        story=(
            "There is no trust list, and of the configuration block follows block without a last one.",
            "Broken or hostile: the probe must stop by itself.",
        ),
        covers=("VP-39",),
        network=Network(config_server=ConfigServer(tftp="endless")),
        expect_fail=frozenset({"TFT004"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="tftp-foreign-datagrams",
        title="Somebody else answers as well",
        story=(
            "Datagrams from a port that does not belong to the transfer carry another file's data.",
            "They must be dropped and told; the transfer itself is healthy.",
        ),
        network=Network(config_server=ConfigServer(tftp="foreign-datagrams")),
        expect_fail=frozenset({"TFT005"}),
        expect_verdict="warn",
    ),
    Scenario(
        name="sgn-wrong-name",
        title="The signed file carries the name of another phone",
        story=(
            "The signature header of SEP<MAC>.cnf.xml.sgn names the file of another device.",
            "A phone refuses it: Trust List Update Failed.",
        ),
        covers=("VP-39",),
        network=Network(configuration=Configuration(signed_name="other")),
        expect_fail=frozenset({"TFT006"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="sgn-changed",
        title="The signed configuration was changed after it was signed",
        story=(
            "Somebody edited the file on the server, and the signature does not fit any more.",
            "A phone with the cluster's list keeps its old settings.",
        ),
        covers=("VP-39",),
        network=Network(configuration=Configuration(signature="changed-after")),
        expect_fail=frozenset({"SGN008"}),
        expect_verdict="fail",
    ),
    Scenario(
        name="sgn-signer-not-listed-8841",
        title="The configuration is signed by a certificate that the phone's list does not name",
        story=(
            "CallManager's certificate was regenerated, and the trust list was not made anew.",
            "An 8841 asks the list's TVS then, which is no part of this probe: not known.",
        ),
        covers=("VP-39",),
        model="8841",
        network=Network(configuration=Configuration(signature="unlisted-signer")),
        expect_verdict="inconclusive",
    ),
)
