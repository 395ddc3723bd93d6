"""What an edge says to OPTIONS: answers that are alive, refusals, clocks, and peers that are broken or mean."""

from __future__ import annotations

from vpnprobe.lab.federation.scenario import TARGET, Edge, FederationScenario, Network, Options

_HERE = frozenset({TARGET})
_ASKED = Options(sip=True)

SCENARIOS = (
    FederationScenario(
        name="federation-sip-ok",
        title="OPTIONS is answered with 200",
        story=(
            "The answer carries the server's name and its clock.",
            "Any answer at all would show that it is alive.",
        ),
        covers=("F3-01",),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-microsoft",
        title="The edge is one of Microsoft's",
        story=(
            "Its Server header begins with RTC.",
            "So this domain is behind a Lync or Skype for Business edge, not behind an Expressway.",
        ),
        network=Network(edges=(Edge(sip="microsoft"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-provisional",
        title="100 comes before 200",
        story=(
            "A proxy says first that it is working on it.",
            "The final answer follows.",
        ),
        network=Network(edges=(Edge(sip="provisional"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-in-pieces",
        title="The answer comes seven bytes at a time",
        story=(
            "Each piece is a TLS record of its own.",
            "Together they are one answer.",
        ),
        network=Network(edges=(Edge(sip="in-pieces"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-forbidden",
        title="OPTIONS is answered with 403",
        story=(
            "The sender is nobody that the edge knows; IM and Presence says so where its provider list lacks us.",
            "It is alive, and what it tells us is said.",
        ),
        covers=("F3-23",),
        network=Network(edges=(Edge(sip="forbidden"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-504",
        title="OPTIONS is answered with 504, without a reason",
        story=(
            "That is all that a Cisco side sees of a fault in its records or its certificate.",
            "The edge holds something against the sender's domain, which here is nobody's.",
        ),
        covers=("F4-11",),
        network=Network(edges=(Edge(sip="timeout"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-1009",
        title="OPTIONS is answered with 504 and 1009",
        story=(
            "ms-diagnostics says that no target of the sender's domain lies in it.",
            "The number is explained; the domain that it names is the sender's.",
        ),
        covers=("F4-11", "F4-13"),
        network=Network(edges=(Edge(sip="timeout-1009"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-1010",
        title="OPTIONS is answered with 504 and 1010",
        story=(
            "ms-diagnostics says that the sender's certificate lacks the name of its target.",
            "The number is explained; the names are the sender's.",
        ),
        covers=("F4-11", "F4-14"),
        network=Network(edges=(Edge(sip="timeout-1010"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-odd-diagnostics",
        title="ms-diagnostics in another order and with blanks",
        story=(
            "The attributes come in any order, the number has a part after the point, and a text holds a semicolon.",
            "It means the same.",
        ),
        covers=("F4-13",),
        network=Network(edges=(Edge(sip="timeout-odd-order"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-unknown-code",
        title="ms-diagnostics with a number that nobody wrote down",
        story=(
            "The number is in no list that is known.",
            "It is shown as it came.",
        ),
        covers=("F4-11",),
        network=Network(edges=(Edge(sip="unknown-code"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-clock",
        title="The edge's clock is an hour ahead",
        story=(
            "Its answer carries a Date header.",
            "Certificates look expired or not yet valid to such a machine, or it to others.",
        ),
        covers=("F3-01",),
        network=Network(edges=(Edge(sip="clock-ahead"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP002"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-sip-record-route",
        title="Record-Route names its transport",
        story=(
            "The answer carries a Record-Route header with transport=tls.",
            "So requests within the dialog find their way back.",
        ),
        covers=("F3-24",),
        network=Network(edges=(Edge(sip="record-route"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-record-route-bare",
        title="Record-Route without a transport",
        story=(
            "The header lacks transport=, so a peer may come back over TCP without TLS.",
            "NOTIFY then times out.",
        ),
        covers=("F3-24",),
        network=Network(edges=(Edge(sip="record-route-without-transport"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP005"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-empty-fragments",
        title="TLS 1.0 only, with empty records before the data",
        story=(
            "OpenSSL protects CBC suites of TLS 1.0 by empty records, which old Microsoft servers are slow with.",
            "IM and Presence has a setting to turn them off.",
        ),
        covers=("F3-22", "M-09"),
        network=Network(edges=(Edge(minimum="TLS 1.0", maximum="TLS 1.0", empty_fragments=True),)),
        options=_ASKED,
        expect_fail=frozenset({"EDG003", "SIP006"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-no-empty-fragments",
        title="TLS 1.0 only, without empty records",
        story=(
            "The setting of IM and Presence is ticked.",
            "TLS 1.0 alone is the fault here.",
        ),
        covers=("M-09",),
        network=Network(edges=(Edge(minimum="TLS 1.0", maximum="TLS 1.0"),)),
        options=_ASKED,
        expect_fail=frozenset({"EDG003"}),
        expect_at=_HERE,
        expect_verdict="fail",
    ),
    FederationScenario(
        name="federation-sip-silent",
        title="OPTIONS is not answered",
        story=(
            "The TLS session is open, and nothing comes.",
            "Some servers do not answer a stranger.",
        ),
        network=Network(edges=(Edge(sip="silent"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP001"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-sip-closes",
        title="OPTIONS ends the session",
        story=(
            "The edge closes without an answer.",
            "TLS itself was right.",
        ),
        network=Network(edges=(Edge(sip="closes"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP001"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-sip-needs-certificate",
        title="OPTIONS cannot be asked without a certificate",
        story=(
            "The edge insists on a client certificate, and none is given.",
            "So there is no session to ask in, and SIP stays open.",
        ),
        network=Network(edges=(Edge(asks="insists"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-is-http",
        title="A web server speaks TLS at port 5061",
        story=(
            "OPTIONS is answered in HTTP.",
            "Certificate and port are right, the service is not.",
        ),
        network=Network(edges=(Edge(sip="not-sip"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP001"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-sip-bare-lf",
        title="The answer's lines end in LF alone",
        story=(
            "SIP wants CR and LF.",
            "What was meant can be read all the same, or it is said that it cannot.",
        ),
        network=Network(edges=(Edge(sip="bare-lf"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-non-utf8",
        title="The Server header holds bytes that are no text",
        story=(
            "There are bytes that are not UTF-8, and a sequence that would colour a terminal.",
            "The answer counts; what is shown of it is harmless.",
        ),
        network=Network(edges=(Edge(sip="non-utf8"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-endless-head",
        title="The answer's headers never end",
        story=(
            "One header after another, without the empty line.",
            "The probe has had enough at a limit.",
        ),
        network=Network(edges=(Edge(sip="endless-head"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP001"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-sip-endless-body",
        title="The answer announces two gigabytes",
        story=(
            "The head is right, the body streams on.",
            "The head is enough: whoever answers is alive.",
        ),
        network=Network(edges=(Edge(sip="endless-body"),)),
        options=_ASKED,
    ),
    FederationScenario(
        name="federation-sip-header-bomb",
        title="The answer has twenty thousand headers",
        story=(
            "Each of them is short and right.",
            "Together they are more than any answer needs.",
        ),
        network=Network(edges=(Edge(sip="header-bomb"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP001"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
    FederationScenario(
        name="federation-sip-long-line",
        title="One header of the answer has 300,000 letters",
        story=(
            "The line ends in the end.",
            "It is longer than any header has a right to be.",
        ),
        network=Network(edges=(Edge(sip="long-line"),)),
        options=_ASKED,
        expect_fail=frozenset({"SIP001"}),
        expect_at=_HERE,
        expect_verdict="warn",
    ),
)
