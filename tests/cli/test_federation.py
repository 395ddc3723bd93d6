"""`vpnprobe federation`: which domains, in which order their reports come, and what one run keeps of many."""

from __future__ import annotations

import gc
import itertools
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import pytest

from tests.certificates import chain, issue, to_pem
from tests.cli.driving import CommandLine, clean_environment, command, in_process
from tests.probes.federations import DOMAIN, SERVICE, TARGET, Federated, federated
from tests.stand_ins import LOOPBACK, in_background
from vpnprobe.checks import evaluate
from vpnprobe.cli.exitcodes import CRITICAL, UNKNOWN
from vpnprobe.lab.federation.scenario import Edge
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.finding import Report
from vpnprobe.pki.fingerprint import colon_hex, format_cert_hash, sha1, sha256

# A name server that nobody is at: what is only about words ends at once.
NOWHERE = ("--resolver", "127.0.0.1:9", "--timeout", "0.2")


@pytest.fixture(scope="module")
def lab() -> Iterator[Federated]:
    """One healthy domain; every other one does not exist."""
    with in_background(federated()) as running:
        yield running


def at(lab: Federated, *words: str | Path) -> list[str | Path]:
    return ["federation", "--resolver", str(lab.resolver), *words]


def listed(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def domains_of(out: str) -> list[str]:
    return [msgspec.json.decode(line)["target"]["domain"] for line in out.splitlines()]


# --- which domains ---


@pytest.mark.parametrize(
    "text",
    [
        b"a.example\nb.example\n",
        b"\xef\xbb\xbfa.example\r\nb.example",
        "a.example\nb.example\n".encode("utf-16"),
        b"# ours\n\n  a.example  # the first\n\t\nsip:user@B.Example.\n",
        b"a.example\rb.example\r",
    ],
    ids=["plain", "BOM and CRLF", "UTF-16", "comments and blanks", "old Mac"],
)
def test_a_file_of_domains(cli: CommandLine, lab: Federated, tmp_path: Path, text: bytes) -> None:
    ended = cli(*at(lab, "--from-file", listed(tmp_path / "domains", text), "--json"))
    assert [report["target"]["domain"] for report in ended.json] == ["a.example", "b.example"]
    assert ended.err == ""


def test_arguments_come_first_and_a_domain_once(cli: CommandLine, lab: Federated, tmp_path: Path) -> None:
    path = listed(tmp_path / "domains", "b.example\na.example\nb.example\nSIP:x@A.example\n")
    ended = cli(*at(lab, "c.example", "a.example", "--from-file", path, "--json"))
    assert [report["target"]["domain"] for report in ended.json] == ["c.example", "a.example", "b.example"]
    assert ended.err == "vpnprobe: named more than once and asked once: a.example, b.example\n"


def test_a_quiet_line_names_the_only_domain(cli: CommandLine, lab: Federated) -> None:
    ended = cli(*at(lab, "a.example", "--quiet"))
    assert ended.out.partition(": ")[2].startswith("a.example: ")


def test_quiet_says_nothing_of_duplicates(cli: CommandLine, lab: Federated) -> None:
    ended = cli(*at(lab, "a.example", "a.example", "--quiet"))
    assert (ended.err, ended.out.count("\n")) == ("", 1)


def test_standard_input(lab: Federated) -> None:
    words = (*at(lab, "--from-file", "-", "--format", "jsonl"),)
    assert domains_of(in_process(*words, stdin="a.example\n").out) == ["a.example"]


def test_every_bad_line_is_told_before_anything_is_asked(cli: CommandLine, lab: Federated, tmp_path: Path) -> None:
    path = listed(tmp_path / "domains", "good.example\nbad domain\n\n192.0.2.1\n-x-\n")
    before = dict(lab.zone.asked)
    ended = cli(*at(lab, "--from-file", path))
    assert (ended.code, ended.out) == (UNKNOWN, "")
    told = ended.err.splitlines()
    assert [line.partition(f"{path}, line ")[2].partition(":")[0] for line in told] == ["2", "4", "5"]
    assert told[-1].endswith("nothing was asked")
    assert dict(lab.zone.asked) == before


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (b"", "names no domain; write one on each line"),
        (b"# nothing but words\n", "names no domain; write one on each line"),
        (b"caf\xe9.example\n", "no text in UTF-8"),
        (b"a.example\n" * 500_000, "over 4 MiB"),
    ],
    ids=["empty", "comments", "Latin-1", "huge"],
)
def test_a_file_that_cannot_be_used(cli: CommandLine, tmp_path: Path, text: bytes, hint: str) -> None:
    ended = cli("federation", "--from-file", listed(tmp_path / "domains", text), *NOWHERE)
    assert ended.code == UNKNOWN
    assert hint in ended.complaint


CREDENTIAL = issue(cn="edge.partner.example")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "no domain given; name one"),
        (["-"], "- is no domain; to read domains from standard input, give --from-file -"),
        (["--from-file", "missing.txt"], "--from-file missing.txt: No such file or directory"),
        (["192.0.2.1"], "is an address"),
        (["_sip._tls.example.com"], "is the name of a record"),
        ([DOMAIN, "--client-key", "key.pem"], "--client-key needs --client-cert"),
        ([DOMAIN, "--client-cert", "missing.pem"], "missing.pem: No such file or directory"),
        ([DOMAIN, "--ca", "missing.pem"], "--ca missing.pem: No such file or directory"),
        ([DOMAIN, "--ca", "words.txt"], "--ca words.txt: The file is neither PEM nor DER"),
        ([DOMAIN, "--expect", "missing.pem"], "--expect missing.pem: neither a file"),
        ([DOMAIN, "--expect", "abcd"], "--expect abcd: neither a file"),
        ([DOMAIN, "--expect", "words.txt"], "--expect words.txt: The file is neither"),
        ([DOMAIN, "--partner", "google"], "--partner takes"),
        ([DOMAIN, "--at-once", "0"], "--at-once takes"),
        ([DOMAIN, "--at-once", "33"], "--at-once takes"),
        ([DOMAIN, "--sip-from", "nobody"], "write it as user@domain"),
        ([DOMAIN, "--sip-from", "a b@example.com"], "write it as user@domain"),
        ([DOMAIN, "--sip-from", "a@b c"], "names no domain"),
        ([DOMAIN, "-4", "-6"], "-4 and -6 exclude each other"),
        ([DOMAIN, "--resolver", "ns.example"], "named by its IP address"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_bad_usage(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    listed(tmp_path / "words.txt", "these are only words")
    ended = cli("federation", *words)
    assert ended.code == UNKNOWN
    assert hint in ended.complaint


# --- what the options become ---


def test_a_whole_run_with_everything(cli: CommandLine, lab: Federated, tmp_path: Path) -> None:
    credential = lab.credential
    root = lab.pki.root("public").der
    expected = chain("sip.uc.example")
    listed(tmp_path / "cert.pem", b"".join(map(to_pem, credential.chain)))
    listed(tmp_path / "key.pem", credential.key_pem)
    listed(tmp_path / "root.der", root)
    listed(tmp_path / "expected.pem", expected.chain_pem)
    ended = cli(
        *at(lab, DOMAIN, "--json", "--sip", "--sip-from", "sip:probe@partner.example", "--extras", "--imp"),
        *("--partner", "office-365", "--ca", tmp_path / "root.der"),
        *("--client-cert", tmp_path / "cert.pem", "--client-key", tmp_path / "key.pem"),
        *("--expect", tmp_path / "expected.pem", "--expect", colon_hex(sha1(root))),
        *("--expect", format_cert_hash(sha256(root))),
    )
    evidence = ended.json["evidence"]
    assert evidence["expectation"] == {
        "certificates": [sha256(expected.der).hex(), sha1(root).hex(), sha256(root).hex()],
        "partner": "office-365",
        "im_and_presence": True,
    }
    assert evidence["credential"] == "certificate"
    found = evidence["federation"]
    assert found["given_roots"] == [sha256(root).hex()]
    assert len(found["extras"]) == 6
    [visit] = found["visits"]
    assert visit["path"]["end"] == "given-root"
    assert [bool(one.get("client_certificate")) for one in visit["handshakes"]] == [False, True]
    assert ["from", "<sip:probe@partner.example>"] in [
        [name, value.partition(";")[0]] for name, value in visit["sip"]["headers"]
    ]


def test_domains_that_are_compared_and_not_probed(cli: CommandLine, lab: Federated) -> None:
    ended = cli(*at(lab, DOMAIN, "--json", "--imp", "--sibling", "other.example", "--sibling", DOMAIN))
    [report] = [ended.json]
    assert [one["domain"] for one in report["evidence"]["federation"]["siblings"]] == ["other.example"]


def test_siblings_are_those_of_im_and_presence(cli: CommandLine, lab: Federated) -> None:
    ended = cli(*at(lab, DOMAIN, "--sibling", "other.example"))
    assert ended.code == UNKNOWN
    assert ended.complaint == "--sibling needs --imp; only domains of IM and Presence are compared"


def test_other_domains_of_the_call_are_the_siblings(cli: CommandLine, lab: Federated) -> None:
    names = [f"d{number}.example" for number in range(18)]
    ended = cli(*at(lab, *names, "--imp", "--json"))
    siblings = [
        [one["domain"] for one in report["evidence"]["federation"].get("siblings", [])] for report in ended.json
    ]
    # Their own records are missing, so the stage that would ask for siblings is not reached.
    assert siblings == [[]] * 18
    ended = cli(*at(lab, *names, DOMAIN, "--imp", "--json"))
    [report] = [one for one in ended.json if one["target"]["domain"] == DOMAIN]
    assert [one["domain"] for one in report["evidence"]["federation"]["siblings"]] == names[:16]


def test_the_environment_is_enough(lab: Federated, tmp_path: Path) -> None:
    ended = in_process(
        "federation",
        VPNPROBE_FROM_FILE=str(listed(tmp_path / "domains", DOMAIN)),
        VPNPROBE_RESOLVER=str(lab.resolver),
        VPNPROBE_CA=str(listed(tmp_path / "root.der", lab.pki.root("public").der)),
        VPNPROBE_SIP="1",
        VPNPROBE_FORMAT="jsonl",
    )
    report = msgspec.json.decode(ended.out)
    assert report["evidence"]["federation"]["visits"][0]["sip"]["status"] == 200


def test_a_report_can_be_judged_again(cli: CommandLine, lab: Federated, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    first = cli(*at(lab, DOMAIN, "--json", "--output", path))
    again = cli("recheck", path, "--json")
    assert (again.code, again.out) == (first.code, path.read_text(encoding="utf-8"))
    report = msgspec.json.decode(again.out)
    for name in list(report["evidence"]["certificates"]):
        damaged = msgspec.json.decode(again.out)
        del damaged["evidence"]["certificates"][name]
        path.write_bytes(msgspec.json.encode(damaged))
        assert "is damaged" in cli("recheck", path).complaint


# --- many domains ---


def test_text_ends_with_a_line_about_all(cli: CommandLine, lab: Federated) -> None:
    names = [f"d{number}.example" for number in range(7)]
    ended = cli(*at(lab, *names))
    assert ended.code == CRITICAL
    assert ended.out.splitlines()[-1] == (
        "CRITICAL: 7 domains: 7 CRITICAL (d0.example, d1.example, d2.example, d3.example, d4.example and 2 more)"
    )
    places = [ended.out.index(f"\n{name}\n") for name in names]
    assert places == sorted(places)


def test_one_domain_needs_no_such_line(cli: CommandLine, lab: Federated) -> None:
    assert "domains:" not in cli(*at(lab, DOMAIN)).out


@dataclass
class Slow:
    """A run whose first domain hangs while others end."""

    process: subprocess.Popen[str]

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def stop(self, how: signal.Signals) -> tuple[int, str, str]:
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture(scope="module")
def slow_lab() -> Iterator[Federated]:
    """`uc.example` has a silent edge; every other domain does not exist."""
    with in_background(federated(Edge(listens="silent"))) as running:
        yield running


@contextmanager
def running(lab: Federated, *words: str) -> Iterator[Slow]:
    arguments = at(lab, DOMAIN, "b.example", "c.example", "--timeout", "100", "--deadline", "100", *words)
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), text=True
    )
    try:
        yield Slow(process)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_json_lines_come_as_soon_as_they_can_until_a_stop(slow_lab: Federated, stop: signal.Signals) -> None:
    with running(slow_lab, "--format", "jsonl", "--at-once", "2") as run:
        first, second = run.out.readline(), run.out.readline()
        assert domains_of(first + second) == ["b.example", "c.example"]
        code, out, err = run.stop(stop)
    [last] = [msgspec.json.decode(line) for line in out.splitlines()]
    assert (last["target"]["domain"], last["interrupted"]) == (DOMAIN, "interrupt")
    assert {stage["name"]: stage["because"] for stage in last["stages"]}["first-flight"] == "interrupt"
    assert (code, err) == (UNKNOWN, "")


def test_domains_that_were_not_begun_are_named(slow_lab: Federated) -> None:
    slow_lab.zone.asked.clear()
    with running(slow_lab, "--format", "jsonl", "--at-once", "1") as run:
        while (SERVICE, "SRV") not in slow_lab.zone.asked:
            time.sleep(0.01)
        code, out, err = run.stop(signal.SIGTERM)
    assert (code, domains_of(out)) == (UNKNOWN, [DOMAIN])
    assert err == "vpnprobe: interrupted; not begun: b.example, c.example\n"


def test_text_keeps_the_order_of_the_domains(slow_lab: Federated, cli: CommandLine) -> None:
    ended = cli(*at(slow_lab, DOMAIN, "b.example", "--timeout", "0.3"))
    assert 0 < ended.out.index(f"\n{DOMAIN}\n") < ended.out.index("\nb.example\n")


@pytest.mark.parametrize("form", ["json", "junit", "nagios"])
def test_forms_that_need_all_are_in_the_order_of_the_domains(slow_lab: Federated, cli: CommandLine, form: str) -> None:
    ended = cli(*at(slow_lab, DOMAIN, "b.example", "--timeout", "0.3", "--format", form))
    assert 0 < ended.out.index(DOMAIN) < ended.out.index("b.example")


def test_json_lines_in_a_file(cli: CommandLine, lab: Federated, tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    names = {f"d{number}.example" for number in range(20)}
    ended = cli(*at(lab, *names, "--format", "jsonl", "--output", path))
    assert (ended.out, ended.err) == ("", "")
    assert set(domains_of(path.read_text(encoding="utf-8"))) == names
    assert [one.name for one in tmp_path.iterdir()] == ["reports.jsonl"]


# --- memory ---


def many_domains(number: int, with_edge: int) -> AbstractAsyncContextManager[Federated]:
    """Every `with_edge`-th of the domains leads to the one edge; the others do not exist."""
    records: dict[tuple[str, str], list[str]] = {(TARGET, "A"): [LOOPBACK]}
    for name in map(domain_name, range(0, number, with_edge)):
        records[f"_sipfederationtls._tcp.{name}", "SRV"] = ["0 0 {port} " + f"{TARGET}."]
    return federated(records=records)


def domain_name(number: int) -> str:
    return f"d{number:03}.example"


def living() -> int:
    """How many runs and reports there are in memory."""
    gc.collect()
    return sum(isinstance(one, Evidence | Report) for one in gc.get_objects())


@pytest.mark.parametrize("output", ["stdout", "file"])
def test_of_200_domains_no_more_is_kept_than_of_50(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    before = living()
    alive: list[int] = []
    calls = itertools.count()
    judge = evaluate.judge

    def counted(evidence: Evidence) -> Report:
        # Looking at every object takes longer than a domain, so not at every domain.
        if next(calls) % 10 == 9:
            alive.append(living() - before)
        return judge(evidence)

    monkeypatch.setattr(evaluate, "judge", counted)
    most = {}
    with in_background(many_domains(200, with_edge=20)) as lab:
        for number in (50, 200):
            path = listed(tmp_path / "domains", "\n".join(map(domain_name, range(number))))
            words = at(lab, "--from-file", path, "--format", "jsonl", "--at-once", "4")
            if output == "file":
                words += ["--output", tmp_path / "out"]
            ended = cli(*words)
            out = (tmp_path / "out").read_text(encoding="utf-8") if output == "file" else ended.out
            assert sorted(domains_of(out)) == [domain_name(one) for one in range(number)]
            most[number] = max(alive)
            alive.clear()
    # The one that is judged, and the last one of each of the four at work.
    assert max(most.values()) <= 5
