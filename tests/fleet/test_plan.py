"""What a plan may hold, with the options of the real commands."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given
from hypothesis import strategies as st

from tests.certificates import chain, issue, to_pem
from tests.signed_files import CORPUS
from vpnprobe.cli.planned import planned_commands
from vpnprobe.fleet.plan import KINDS, Plan, PlanError, PlannedProbe, example_plan, load_plan
from vpnprobe.fleet.plan_alerts import AlertTarget
from vpnprobe.model.errors import UsageError
from vpnprobe.model.target import Endpoint
from vpnprobe.probes.options import ConfigOptions, FederationOptions, GivenServer

PROGRAM = sys.executable

GATEWAY = """\
[[probe]]
name = "gateway"
[probe.gateway]
target = "vpn.example.com"
"""

FULL = f"""\
[defaults]
interval = "10m"
jitter = "20s"
failures-to-alarm = 3
successes-to-clear = 2
alerts = ["operations"]
[defaults.labels]
site = "Berlin"
floor = 2
[defaults.phone]
model = "7965G"
tftp = "10.1.1.5"
resolver = ["10.1.1.53"]

[alert.operations]
command = ["{PROGRAM}", "-c", "pass"]
timeout = "1m"
[alert.other_team]
command = ["{PROGRAM}"]

[history]
database = "history.db"
keep = "400d"
[watch]
at-once = 5
state = "/var/lib/vpnprobe/watch.json"
[metrics]
textfile = "vpnprobe.prom"

[[probe]]
name = "phone.1"
interval = "1m"
jitter = "0s"
labels = {{ floor = "ground", line = "x" }}
alerts = []
failures-to-alarm = 1
alert-on-drift = false
[probe.phone]
group-url = "https://vpn.example.com/VPNPhone"
mac = "8cb6.4f57.6113"
model = "8841"
timeout = 3
no-login = true

[[probe]]
name = "gateway"
[probe.gateway]
target = "vpn.example.com:8443"
deadline = "20"

[[probe]]
name = "domain"
[probe.federation]
domain = "example.com"
imp = true
partner = "office-365"
"""


def load(text: str) -> Plan:
    return load_plan(text, "plan.toml", planned_commands())


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(PlanError) as caught:
        load(text)
    assert caught.value.complaints == tuple(
        f"plan.toml, line {fault.line}: {fault.text}" for fault in caught.value.faults
    )
    assert str(caught.value) == "; ".join(caught.value.complaints)
    return [(fault.line, fault.text) for fault in caught.value.faults]


def test_a_plan_with_everything() -> None:
    plan = load(FULL)
    assert replace(plan, probes=(), makers={}) == Plan(
        probes=(),
        makers={},
        alerts=(
            AlertTarget(name="operations", command=(PROGRAM, "-c", "pass"), timeout_s=60),
            AlertTarget(name="other_team", command=(PROGRAM,)),
        ),
        database="history.db",
        keep_days=400,
        state="/var/lib/vpnprobe/watch.json",
        at_once=5,
        textfile="vpnprobe.prom",
    )
    assert plan.probes == (
        PlannedProbe(
            name="phone.1",
            kind="phone",
            options={
                "model": "8841",
                "tftp": "10.1.1.5",
                "resolver": ["10.1.1.53"],
                "group-url": "https://vpn.example.com/VPNPhone",
                "mac": "8cb6.4f57.6113",
                "timeout": 3.0,
                "no-login": True,
            },
            interval_s=60,
            jitter_s=0,
            failures_to_alarm=1,
            successes_to_clear=2,
            labels={"site": "Berlin", "floor": "ground", "line": "x"},
            alerts=(),
            alert_on_drift=False,
        ),
        PlannedProbe(
            name="gateway",
            kind="gateway",
            options={"target": "vpn.example.com:8443", "deadline": 20.0},
            interval_s=600,
            jitter_s=20,
            deadline_s=20,
            failures_to_alarm=3,
            successes_to_clear=2,
            labels={"site": "Berlin", "floor": "2"},
            alerts=("operations",),
        ),
        PlannedProbe(
            name="domain",
            kind="federation",
            options={"domain": "example.com", "imp": True, "partner": "office-365"},
            interval_s=600,
            jitter_s=20,
            failures_to_alarm=3,
            successes_to_clear=2,
            labels={"site": "Berlin", "floor": "2"},
            alerts=("operations",),
        ),
    )
    assert list(plan.makers) == ["phone.1", "gateway", "domain"]


def test_a_plan_with_nothing_but_a_probe() -> None:
    plan = load(GATEWAY)
    probe = PlannedProbe(name="gateway", kind="gateway", options={"target": "vpn.example.com"})
    assert plan == Plan(probes=(probe,), makers={})
    assert (probe.interval_s, probe.jitter_s, probe.deadline_s) == (300, 30, 60)
    assert (probe.failures_to_alarm, probe.successes_to_clear) == (2, 1)


def test_without_names_everybody_is_told() -> None:
    text = f'[alert.a]\ncommand = ["{PROGRAM}"]\n[alert.b]\ncommand = ["{PROGRAM}"]\n{GATEWAY}'
    assert load(text).probes[0].alerts == ("a", "b")


def test_makers_give_a_new_probe_each_time() -> None:
    plan = load(FULL)
    for probe in plan.probes:
        make = plan.makers[probe.name]
        first, second = make(), make()
        assert first is not second
        assert first.evidence().probe == probe.kind


def test_probes_have_the_options_of_the_plan() -> None:
    plan = load(FULL)
    phone = plan.makers["phone.1"]().evidence()
    assert (phone.target.label, phone.persona.model, phone.persona.mac) == (
        "https://vpn.example.com/VPNPhone",
        "8841",
        "8CB64F576113",
    )
    assert phone.target.resolvers[0].host == "10.1.1.53"
    assert phone.login_wanted is False
    gateway = plan.makers["gateway"]().evidence()
    assert (gateway.target.label, gateway.persona.chosen) == ("vpn.example.com:8443", False)
    federation = plan.makers["domain"]().evidence()
    assert (federation.expectation.partner, federation.expectation.im_and_presence) == ("office-365", True)


def test_a_model_that_the_plan_names_is_the_one_that_counts() -> None:
    plan = load(GATEWAY + 'model = "7962G"\n')
    assert plan.makers["gateway"]().evidence().persona.chosen is True


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_RESOLVER", "192.0.2.1")
    assert load(GATEWAY).makers["gateway"]().evidence().target.resolvers == ()


def test_a_file_that_goes_is_a_fault_of_that_run(tmp_path: Path) -> None:
    file = tmp_path / "expected.txt"
    file.write_text("secret\n")
    text = f"""
        [[probe]]
        name = "phone"
        [probe.phone]
        group-url = "https://vpn.example.com/VPNPhone"
        mac = "8CB64F576113"
        user = "me"
        password-file = "{file}"
    """
    make = load(text).makers["phone"]
    make()
    file.unlink()
    with pytest.raises(UsageError, match="No such file"):
        make()


def test_the_options_of_a_capf() -> None:
    text = f"""{CAPF}
        phone-stack = "v6"
        enable-ipv6 = "false"
        idle-timeout = 10
        trust-list = ["{CORPUS}/ITLFile.tlv"]
        online-ca = "ca.example.com"
    """
    seen = load(text).makers["x"]().evidence().capf
    assert seen is not None
    assert (str(seen.server), seen.stack, seen.phone_addresses) == ("cucm.example.com:3804", "v6", ("IPv6",))
    assert (seen.ipv6_enabled, seen.idle_timeout_min, seen.retries) == (False, 10, 0)


def test_the_options_of_a_phones_files(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ConfigOptions] = []
    monkeypatch.setattr("vpnprobe.probes.config_files.ConfigProbe", made.append)
    plan = load(f'{FILES}trust-list = ["{CORPUS}/ITLFile.tlv"]\ntvs = true\ntvs-port = 12445\nmodel = "8841"\n')
    plan.makers["x"]()
    [options] = made[-1:]
    assert (options.mac, options.files, options.profile.model) == ("8CB64F576113", (), "8841")
    assert options.server == GivenServer(endpoint=Endpoint("10.1.1.5", 69), origin="options-file")
    assert [held.name for held in options.trust_lists] == ["ITLFile.tlv"]
    assert (options.tvs, options.tvs_port, options.key) == (True, 12445, None)
    # What is dialled is the server; many phones have the same one, and a MAC is no label.
    assert plan.probes[0].target == "10.1.1.5"


def test_a_certificate_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "lsc.pem"
    old, new = issue(cn="a", serial=7), issue(cn="a", serial=8)
    file.write_bytes(to_pem(old.der))
    plan = load(CERTIFICATE.replace("https://vpn.example.com", str(file)) + 'use = "gateway"\n')
    for identity in (old, new):
        file.write_bytes(to_pem(identity.der))
        evidence = asyncio.run(plan.makers["x"]().run())
        [item] = evidence.given_certificates
        assert evidence.certificates[item.certificate] == identity.der
        assert (item.use_given, evidence.target.label) == ("gateway", str(file))
    file.write_bytes(b"nothing")
    with pytest.raises(UsageError, match=str(file)):
        plan.makers["x"]()


def test_a_certificate_with_its_issuers_and_a_heap(tmp_path: Path) -> None:
    leaf = chain(intermediates=1)
    assert leaf.issuer is not None
    members = (leaf, leaf.issuer)
    file = tmp_path / "chain.pem"
    file.write_bytes(b"".join(one.pem for one in members))
    plan = load(CERTIFICATE.replace("https://vpn.example.com", str(file)))
    evidence = asyncio.run(plan.makers["x"]().run())
    assert [item.place for item in evidence.given_certificates] == [1, 2]
    assert evidence.duration_s > 0
    file.write_bytes(b"".join(to_pem(issue(cn="a", serial=number).der) for number in range(1, 10)))
    with pytest.raises(UsageError, match="has more than 8 certificates"):
        plan.makers["x"]()


def test_an_encrypted_certificate_needs_a_password_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_PASSWORD", "secret")
    identity = issue(cn="lsc", serial=77)
    file, word = tmp_path / "lsc.p12", tmp_path / "word"
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            None,
            None,
            x509.load_der_x509_certificate(identity.der),
            None,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    word.write_text("secret\n")
    text = CERTIFICATE.replace("https://vpn.example.com", str(file))
    assert faults(text) == [(3, f"{file}: it is encrypted; give password-file, for nobody is there to type a password")]
    evidence = asyncio.run(load(f'{text}password-file = "{word}"\n').makers["x"]().run())
    assert list(evidence.certificates.values()) == [identity.der]


def test_a_domain_of_im_and_presence_is_compared_with_its_siblings(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FederationOptions] = []
    monkeypatch.setattr("vpnprobe.probes.federation.FederationProbe", made.append)
    text = '[[probe]]\nname = "f"\n[probe.federation]\ndomain = "a.example"\nsibling = ["b.example", "A.example"]\n'
    plan = load(f"{text}imp = true\n")
    plan.makers["f"]()
    assert made[-1].siblings == ("b.example",)
    assert faults(text) == [(3, "--sibling needs --imp; only domains of IM and Presence are compared")]


def test_equal_plans_have_equal_probes() -> None:
    first, second = load(FULL), load("# a comment\n" + FULL)
    assert first == second
    assert load(FULL.replace("timeout = 3", "timeout = 4")).probes[0] != first.probes[0]
    assert load(FULL.replace("timeout = 3", "timeout = 4")).probes[1:] == first.probes[1:]


def test_the_url_of_an_alert_is_kept_secret(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("https://hooks.example.com/s3cr3t\nmore\n")
    plan = load(f'[alert.a]\nurl-file = "{file}"\n{GATEWAY}')
    assert plan.alerts[0].url == "https://hooks.example.com/s3cr3t"
    assert "s3cr3t" not in repr(plan)


def test_the_url_of_an_alert_comes_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", " https://hooks.example.com/s3cr3t\n")
    [alert] = load(f'[alert.a]\nurl-env = "HOOK"\n{GATEWAY}').alerts
    assert alert.url == "https://hooks.example.com/s3cr3t"


@pytest.mark.parametrize("url", ['"s3cr3t://x"', '"https://hooks.example.com/s3cr3t"', "[]"])
def test_the_url_itself_has_no_place_in_a_plan(url: str) -> None:
    [(line, said)] = faults(f"[alert.a]\nurl = {url}\n{GATEWAY}")
    assert line == 2
    assert said.startswith("url does not belong in a plan, for it is a secret; write url-file")
    assert "s3cr3t" not in said


@pytest.mark.parametrize("value", ["s3cr3t", "s3cr3t://x"])
def test_a_url_that_cannot_be_used_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOOK", value)
    (tmp_path / "url").write_text(value)
    for way in ('url-env = "HOOK"', f'url-file = "{tmp_path / "url"}"'):
        [(line, said)] = faults(f"[alert.a]\n{way}\n{GATEWAY}")
        assert (line, "cannot be used: " in said, "s3cr3t" in said) == (2, True, False)


FAULTS: dict[str, tuple[str, int, str]] = {
    "no probe": ("", 1, "there is no probe; write [[probe]]"),
    "probe that is no list": ('[probe]\nname = "x"\n', 1, "there may be several of probe; write [[probe]]"),
    "unknown table": (f"{GATEWAY}[histroy]\n", 5, "there is no 'histroy' here; did you mean 'history'?"),
    "unknown key": (f"[watch]\nat_once = 3\n{GATEWAY}", 2, "there is no 'at_once' here; did you mean 'at-once'?"),
    "section that is no table": (f"watch = 3\n{GATEWAY}", 1, "watch is a table; write [watch]"),
    "probe without name": (GATEWAY.replace('name = "gateway"', ""), 1, 'a probe has a name; write name = "..."'),
    "name with a blank": (GATEWAY.replace('"gateway"', '"a b"'), 2, "name 'a b': a name has letters, digits"),
    "name that is a number": (GATEWAY.replace('"gateway"', "7"), 2, "name 7: a name has"),
    "two of one name": (GATEWAY * 2, 6, "there is another probe 'gateway' on line 2; choose another name"),
    "no kind": ('[[probe]]\nname = "x"\n', 1, "a probe has one of the tables [probe.phone], [probe.gateway], "),
    "two kinds": (f"{GATEWAY}[probe.federation]\n", 1, "below it; this one has gateway and federation"),
    "kind that is no table": ('[[probe]]\nname = "x"\nphone = 3\n', 3, "phone is a table; write [probe.phone]"),
    "unknown kind": (f'{GATEWAY}[probe.fone]\nmac = ""\n', 5, "there is no 'fone' here; did you mean 'phone'?"),
    "interval without unit": (f"[defaults]\ninterval = 300\n{GATEWAY}", 2, "interval takes a time with its unit"),
    "interval with another unit": (f'[defaults]\ninterval = "5w"\n{GATEWAY}', 2, "interval takes a time with its unit"),
    "interval of no time": (f'[defaults]\ninterval = "0s"\n{GATEWAY}', 2, "interval takes a time from 1s to 7d"),
    "jitter as long as the interval": (
        GATEWAY.replace("[probe.", 'jitter = "5m"\n[probe.'),
        3,
        "the jitter (300 s) must be shorter than the interval (300 s)",
    ),
    "interval within the jitter": (
        '[defaults]\njitter = "2m"\n' + GATEWAY.replace("[probe.", 'interval = "1m"\n[probe.'),
        5,
        "the jitter (120 s) must be shorter than the interval (60 s)",
    ),
    "drift of a number": (f"[defaults]\nalert-on-drift = 1\n{GATEWAY}", 2, "takes true or false"),
    "threshold of none": (f"[defaults]\nfailures-to-alarm = 0\n{GATEWAY}", 2, "takes a whole number from 1 to 100"),
    "threshold that is true": (f"[defaults]\nsuccesses-to-clear = true\n{GATEWAY}", 2, "takes a whole number"),
    "labels that are no table": (f'[defaults]\nlabels = "x"\n{GATEWAY}', 2, "labels is a table"),
    "label with a dash": (f'[defaults.labels]\na-b = "x"\n{GATEWAY}', 2, "label 'a-b' is no name of a label"),
    "label of our own": (
        f'[defaults.labels]\ntarget = "x"\n{GATEWAY}',
        2,
        "that vpnprobe and Prometheus set themselves",
    ),
    "label of Prometheus": (f'[defaults.labels]\n__name__ = "x"\n{GATEWAY}', 2, "is no name of a label"),
    "label without text": (f"[defaults.labels]\na = []\n{GATEWAY}", 2, "label 'a' takes a text of 1 to 200 characters"),
    "label that is empty": (f'[defaults.labels]\na = ""\n{GATEWAY}', 2, "label 'a' takes a text"),
    "many labels": (
        f"[defaults.labels]\n{''.join(f'a{number} = 1{chr(10)}' for number in range(17))}{GATEWAY}",
        1,
        "there are 17 labels; 16 are the most",
    ),
    "unknown alert": (
        f'[alert.operations]\ncommand = ["{PROGRAM}"]\n'
        + GATEWAY.replace("[probe.", 'alerts = ["opertions"]\n[probe.'),
        5,
        "alerts names 'opertions', and there is no such alert; did you mean 'operations'?",
    ),
    "alert where there is none": (
        f'[defaults]\nalerts = ["a"]\n{GATEWAY}',
        2,
        "there is no such alert; write [alert.a]",
    ),
    "alerts that are a text": (f'[defaults]\nalerts = "a"\n{GATEWAY}', 2, "alerts takes a list of texts"),
    "alert without a way": (
        f"[alert.a]\n{GATEWAY}",
        1,
        "an alert has one of url-file, url-env and command; 'a' has none",
    ),
    "alert with two ways": (
        f'[alert.a]\ncommand = ["{PROGRAM}"]\nurl-env = "HOOK"\n{GATEWAY}',
        1,
        "'a' has url-env and command",
    ),
    "alert with a bad name": (f'[alert."a b"]\ncommand = ["{PROGRAM}"]\n{GATEWAY}', 1, "alert 'a b': a name has"),
    "alert that is no table": (f'alert.a = "x"\n{GATEWAY}', 1, "a is a table; write [alert.a]"),
    "command that is a text": (f'[alert.a]\ncommand = "mail me"\n{GATEWAY}', 2, "command takes a list of texts"),
    "command of nothing": (f"[alert.a]\ncommand = []\n{GATEWAY}", 2, "command is empty; write ["),
    "command that is not there": (
        f'[alert.a]\ncommand = ["/nowhere/at/all"]\n{GATEWAY}',
        2,
        "command names '/nowhere/at/all', which is no program here; write the whole path of one",
    ),
    "variable that is not there": (
        f'[alert.a]\nurl-env = "VPNPROBE_NO_SUCH"\n{GATEWAY}',
        2,
        "url-env names VPNPROBE_NO_SUCH, and there is no such environment variable, or it is empty; set it to the URL",
    ),
    "url file that is not there": (
        f'[alert.a]\nurl-file = "/nowhere"\n{GATEWAY}',
        2,
        "url-file /nowhere: No such file",
    ),
    "unknown key of an alert": (
        f'[alert.a]\ncommand = ["{PROGRAM}"]\nretry = 3\n{GATEWAY}',
        3,
        "there is no 'retry' here; there are url-file, url-env, command, timeout",
    ),
    "database with a password": (
        f'[history]\ndatabase = "postgresql://me:s3cr3t@db/x"\n{GATEWAY}',
        2,
        "database cannot be used: a password does not belong in the URL",
    ),
    "history for a minute": (f'[history]\nkeep = "1m"\n{GATEWAY}', 2, "keep takes a time from 1d to 36500d"),
    "textfile that nobody reads": (
        f'[metrics]\ntextfile = "/srv/vpnprobe.txt"\n{GATEWAY}',
        2,
        "textfile names '/srv/vpnprobe.txt', which the node exporter does not read; choose a name that ends in .prom",
    ),
    "nothing at once": (f"[watch]\nat-once = 0\n{GATEWAY}", 2, "at-once takes a whole number from 1 to 1000"),
    "state without a name": (f'[watch]\nstate = " "\n{GATEWAY}', 2, "state takes a text in quotation marks"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_one_fault(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", "https://hooks.example.com")
    text, line, said = FAULTS[case]
    found = faults(text)
    assert [found_line for found_line, _ in found] == [line]
    assert said in found[0][1]


PHONE = '[[probe]]\nname = "x"\n[probe.phone]\n'
URL_AND_MAC = 'group-url = "https://vpn.example.com/VPNPhone"\nmac = "8CB64F576113"\n'
DOMAIN = '[[probe]]\nname = "x"\n[probe.federation]\n'

CAPF = '[[probe]]\nname = "x"\n[probe.capf]\nserver = "cucm.example.com"\n'
FILES = '[[probe]]\nname = "x"\n[probe.config]\nmac = "8CB64F576113"\ntftp = "10.1.1.5"\n'
CERTIFICATE = '[[probe]]\nname = "x"\n[probe.certificate]\nsource = "https://vpn.example.com"\n'

OPTION_FAULTS: dict[str, tuple[str, int, str]] = {
    "typo": (f'{PHONE}{URL_AND_MAC}tfpt = "10.1.1.5"', 6, "there is no 'tfpt' here; did you mean 'tftp'?"),
    "typo in the defaults": (f'[defaults.phone]\ntfpt = "x"\n{GATEWAY}', 2, "did you mean 'tftp'?"),
    "argument of the command": (f'{GATEWAY}targets = "x"', 5, "did you mean 'target'?"),
    "option of another command": (f'{GATEWAY}mac = "8CB64F576113"', 5, "there is no 'mac' here"),
    "output": (f'{GATEWAY}output = "x"', 5, "output is for the command line; a plan has no use for it"),
    "help": (f"{GATEWAY}help = true", 5, "there is no 'help' here"),
    "password": (f'{PHONE}{URL_AND_MAC}password = "x"', 6, "a password does not belong here; use password-file"),
    "number too small": (f"{GATEWAY}timeout = 0", 5, "timeout takes a number from 0.05 to 600"),
    "number that is a word": (f'{GATEWAY}timeout = "soon"', 5, "timeout takes a number from 0.05 to 600"),
    "number that is true": (f"{GATEWAY}timeout = true", 5, "timeout takes a number"),
    "number that is none": (f"{GATEWAY}timeout = nan", 5, "timeout takes a number"),
    "whole number": (f"{GATEWAY}parallel = 1.5", 5, "parallel takes a whole number from 1 to 64"),
    "list for a text": (f'{GATEWAY}model = ["7962G"]', 5, "model takes a text"),
    "text for a list": (f'{GATEWAY}resolver = "10.1.1.53"', 5, "resolver takes a list of texts"),
    "table for a text": (f'{GATEWAY}model = {{ a = "b" }}', 5, "model takes a text"),
    "date for a text": (f"{GATEWAY}model = 2027-01-01", 5, "model takes a text"),
    "word for a flag": (f'{GATEWAY}enumerate = "perhaps"', 5, "enumerate takes true or false"),
    "choice": (
        f'{DOMAIN}domain = "example.com"\npartner = "nobody"',
        5,
        "partner takes one of any, office-365, on-premises, lync-2010",
    ),
    "group-url": (
        f'{PHONE}group-url = "http://x"\nmac = "8CB64F576113"',
        4,
        "group-url: 'http://x' does not begin with",
    ),
    "mac": (f'{PHONE}group-url = "https://x"\nmac = "12"', 5, "mac: '12' is not a MAC address"),
    "model": (f'{GATEWAY}model = "7692G"', 5, "model: no phone profile for '7692G' (did you mean 7962G?)"),
    "model without VPN": (f'{GATEWAY}model = "7940"', 5, "model: '7940' cannot be a VPN phone"),
    "model that is no phone": (f'{PHONE}{URL_AND_MAC}model = "modern"', 3, "modern is no phone"),
    "target": (
        GATEWAY.replace('"vpn.example.com"', '"vpn.example.com/x"'),
        4,
        "target: 'vpn.example.com/x': a gateway with a path is a URL; write https://vpn.example.com/x",
    ),
    "target that is a list": (GATEWAY.replace('"vpn.example.com"', '["a"]'), 4, "target takes a text"),
    "domain": (f'{DOMAIN}domain = "exa mple"', 4, "domain: "),
    "tftp": (f'{PHONE}{URL_AND_MAC}tftp = "a:b"', 6, "tftp: 'a:b': the port is a number"),
    "resolver": (f'{GATEWAY}resolver = ["dns.example.com"]', 5, "resolver: dns.example.com: a DNS server is named by"),
    "cert-hash": (f'{PHONE}{URL_AND_MAC}cert-hash = ["abc"]', 6, "cert-hash: abc: 2 bytes; a certHash is 20 bytes"),
    "config": (f'{PHONE}{URL_AND_MAC}config = "/nowhere"', 6, "config: /nowhere: No such file"),
    "ca": (f'{DOMAIN}domain = "a.test"\nca = ["/nowhere"]', 5, "ca: /nowhere: No such file"),
    "expect": (f'{DOMAIN}domain = "a.test"\nexpect = ["xyz"]', 5, "expect: xyz: neither a file that is there nor"),
    "sip-from": (f'{DOMAIN}domain = "a.test"\nsip-from = "me"', 5, "sip-from: 'me': write it as user@domain"),
    "password file": (
        f'{PHONE}{URL_AND_MAC}user = "me"\npassword-file = "/nowhere"',
        7,
        "password-file: /nowhere: No such file",
    ),
    "user without a password": (f'{PHONE}{URL_AND_MAC}user = "me"', 3, "user needs password-file; nobody is there"),
    "nothing required": ('[[probe]]\nname = "x"\n[probe.phone]\n', 3, "a phone needs group-url and mac"),
    "no target": ('[[probe]]\nname = "x"\n[probe.gateway]\n', 3, "a gateway needs target"),
    "no domain": ('[[probe]]\nname = "x"\n[probe.federation]\n', 3, "a federation needs domain"),
    "no server": ('[[probe]]\nname = "x"\n[probe.capf]\n', 3, "a capf needs server"),
    "no server for files": (FILES.replace('tftp = "10.1.1.5"', ""), 3, "a config needs tftp"),
    "no source": ('[[probe]]\nname = "x"\n[probe.certificate]\n', 3, "a certificate needs source"),
    "server": (CAPF.replace("cucm.example.com", "cucm:x"), 4, "server: 'cucm:x': the port is a number"),
    "stack": (f'{CAPF}phone-stack = "v5"', 5, "phone-stack takes one of v4, v6, dual"),
    "timer": (f"{CAPF}keep-alive = 100", 5, "keep-alive takes a number from 5 to 60"),
    "stack and addresses": (
        f'{CAPF}phone-stack = "v4"\nphone-addresses = "v6"',
        3,
        "--phone-stack v4 and --phone-addresses v6 contradict each other",
    ),
    "trust list": (f'{CAPF}trust-list = ["/nowhere"]', 5, "trust-list: /nowhere: No such file"),
    "CAPF's certificate": (f'{CAPF}capf-cert = ["/nowhere"]', 5, "capf-cert: /nowhere: No such file"),
    "online CA": (f'{CAPF}online-ca = "ca:x"', 5, "online-ca: 'ca:x': the port is a number"),
    "CA without an online CA": (f'{CAPF}ca = ["{__file__}"]', 5, "ca: "),
    "retries": (f"{CAPF}retries = true", 5, "retries is for the command line; a plan has no use for it"),
    "files of several phones": (FILES.replace('"8CB64F576113"', '["a", "b"]'), 4, "mac takes a text"),
    "a file for a phone": (FILES.replace("8CB64F576113", "SEP.cnf.xml"), 4, "mac: 'SEP.cnf.xml' is not a MAC address"),
    "held list": (f'{FILES}trust-list = ["/nowhere"]', 6, "trust-list: /nowhere: No such file"),
    "key": (f'{FILES}key = "/nowhere"', 6, "key: /nowhere: No such file"),
    "key that is none": (f'{FILES}key = "{__file__}"', 6, f"key: {__file__}: "),
    "port without questions": (f"{FILES}tvs-port = 2445", 3, "--tvs-port needs --tvs; without it no TVS is asked"),
    "shown records": (f"{FILES}show = true", 6, "show is for the command line"),
    "difference": (f'{FILES}diff = "x"', 6, "diff is for the command line"),
    "source that is not there": (
        CERTIFICATE.replace("https://vpn.example.com", "/nowhere"),
        4,
        "source: /nowhere: no such file; name a file with a certificate, or a server as https://HOST",
    ),
    "directory": (CERTIFICATE.replace("https://vpn.example.com", "/tmp"), 4, "source: /tmp: no such file"),
    "source without TLS": (CERTIFICATE.replace("https:", "http:"), 4, "source: 'http://vpn.example.com' does not"),
    "source that is none": (CERTIFICATE.replace("https://vpn.example.com", __file__), 3, __file__),
    "use": (f'{CERTIFICATE}use = "x"', 5, "use takes one of lsc, mic, capf, ca, gateway"),
    "both families": (f"{GATEWAY}ipv4 = true\nipv6 = true", 3, "-4 and -6 exclude each other"),
    "key without certificate": (f'{PHONE}{URL_AND_MAC}client-key = "x"', 3, "--client-key needs --client-cert"),
    "certificate that is not there": (f'{PHONE}{URL_AND_MAC}client-cert = "/nowhere"', 3, "/nowhere: No such file"),
}


@pytest.mark.parametrize("case", OPTION_FAULTS)
def test_one_faulty_option(case: str) -> None:
    text, line, said = OPTION_FAULTS[case]
    found = faults(text)
    assert [found_line for found_line, _ in found] == [line]
    assert said in found[0][1]


def test_no_password_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPNPROBE_PASSWORD", "secret")
    assert "user needs password-file" in faults(f'{PHONE}{URL_AND_MAC}user = "me"')[0][1]
    assert load(f'{PHONE}{URL_AND_MAC}user = "me"\nno-login = true').probes


def test_an_underscore_is_as_good_as_a_dash() -> None:
    assert load(f"{PHONE}{URL_AND_MAC}no_login = true").probes[0].options["no-login"] is True


def test_all_faults_at_once_in_the_order_of_their_lines() -> None:
    text = f"""\
[[probe]]
name = "a"
interval = 5
[probe.phone]
mac = "12"
timeout = 0
tfpt = "x"

[[probe]]
name = "a"
[probe.gateway]
target = "a/b"

[defaults.gateway]
parallel = 0
[[probe]]
name = "b"
[probe.gateway]
target = "c"
ipv4 = true
ipv6 = true
[histroy]
[alert.x]
command = ["{PROGRAM}"]
"""
    assert [line for line, _ in faults(text)] == [3, 5, 6, 7, 10, 12, 15, 22]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[probe]\n", "plan.toml is not TOML: Expected ']]' at the end of an array declaration (at line 1"),
        ("[[probe]]\nname = ", "plan.toml is not TOML: Invalid value (at line 2, the last)"),
        ("#" * ((4 << 20) + 1), "plan.toml is over 4 MiB; that is no plan"),
    ],
    ids=["bracket", "end", "large"],
)
def test_what_is_no_plan(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(text)
    assert said in str(caught.value)


# --- the example ---


def test_the_example_is_a_plan() -> None:
    plan = load(example_plan())
    assert [probe.kind for probe in plan.probes] == ["phone", "gateway", "federation", "capf", "config"]
    assert plan.alerts == ()


def given_files(directory: Path) -> dict[str, str]:
    """Files that the example names, and those that stand in for them."""
    identity = issue(cn="lsc", serial=77)
    contents = {name: (CORPUS / name).read_bytes() for name in ("CTLFile.tlv", "ITLFile.tlv")}
    contents |= {"phone.key": identity.key_pem, "lsc.crt": identity.pem}
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return {f"/etc/vpnprobe/{name}": str(directory / name) for name in contents}


def test_the_example_with_all_that_it_offers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting in its comments is one that there is."""
    text = example_plan().replace("#: ", "")
    assert text.count("\n") == example_plan().count("\n")
    (tmp_path / "url").write_text("https://hooks.example.com/x\n")
    monkeypatch.setenv("VPNPROBE_DUTY_ROOM_URL", "https://hooks.example.com/y")
    for there, here in {
        "/usr/local/bin/tell-operations": PROGRAM,
        "/etc/vpnprobe/duty-officer.url": str(tmp_path / "url"),
        **given_files(tmp_path),
    }.items():
        assert there in text
        text = text.replace(there, here)
    # The files of a certificate are the one thing that is not there.
    assert [said for _, said in faults(text)] == [
        "/etc/vpnprobe/lsc.pem: No such file or directory; give a PEM file that can be read"
    ]
    plan = load("".join(line for line in text.splitlines(keepends=True) if not line.startswith("client-")))
    assert [target.name for target in plan.alerts] == ["operations", "duty-officer", "duty-room"]
    assert plan.probes[0].alerts == ("operations",)
    assert [probe.kind for probe in plan.probes] == list(KINDS)
    assert None not in (plan.database, plan.keep_days, plan.state, plan.at_once, plan.textfile)


# --- anything ---

keys = st.sampled_from(
    ["probe", "defaults", "alert", "history", "watch", "metrics", "name", "interval", "jitter", "labels", "alerts",
     *KINDS, "target", "mac", "domain", "server", "tftp", "source", "url-env", "command", "database", "state", "x", ""]
)  # fmt: skip
scalars = st.sampled_from(['"5m"', '"a"', '""', "1", "-1.5", "true", "nan", "2027-01-01", "[]", '["a"]', "{}", "[{}]"])
values = scalars | st.dictionaries(keys, scalars, max_size=3).map(lambda table: inline(table))


def inline(table: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{key}" = {value}' for key, value in table.items()) + "}"


@given(
    st.lists(
        st.tuples(st.sampled_from(["[{}]", "[[{}]]"]), st.lists(keys, min_size=1, max_size=3), keys, values), max_size=6
    )
)
def test_any_tables_give_a_plan_or_faults_with_their_lines(
    tables: list[tuple[str, list[str], str, str]],
) -> None:
    text = ""
    for form, header, key, value in tables:
        name = ".".join(f'"{part}"' for part in header)
        text += f'{form.format(name)}\n"{key}" = {value}\n'
    refusal: UsageError | None = None
    try:
        load(text)
    except UsageError as error:
        refusal = error
    if isinstance(refusal, PlanError):
        assert refusal.faults
        assert all(1 <= fault.line <= max(1, text.count("\n")) for fault in refusal.faults)
    elif refusal is not None:
        assert "is not TOML" in str(refusal)
