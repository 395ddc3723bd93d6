from __future__ import annotations

import hashlib

import pytest

from tests.probes.networks import stage_ends
from vpnprobe.model.evidence import STAGES
from vpnprobe.model.target import Endpoint, Persona, Target
from vpnprobe.probes.recorder import Recorder


def recorder(**changes: object) -> Recorder:
    return Recorder("phone", Target(gateway=Endpoint("vpn.example.com", 443)), Persona(profile="7962G"), **changes)  # type: ignore[arg-type]  # fields by name


def test_a_stage_is_done_unless_it_says_otherwise() -> None:
    record = recorder()
    with record.stage("resolve"):
        pass
    with record.stage("config") as outcome:
        outcome.fail("no file")
    with record.stage("pin") as outcome:
        outcome.skip("first-flight")
    ends = stage_ends(record.evidence())
    assert ends["resolve"] == ("done", None)
    assert ends["config"] == ("failed", "no file")
    assert ends["pin"] == ("skipped", "first-flight")
    assert record.succeeded("resolve")
    assert not record.succeeded("config")
    assert not record.succeeded("pin")
    assert not record.succeeded("login")


@pytest.mark.parametrize("interrupted", ["interrupt", "deadline"])
def test_what_did_not_end_is_marked_with_what_stopped_the_run(interrupted: str) -> None:
    record = recorder()
    with record.stage("resolve"):
        pass
    with pytest.raises(KeyError), record.stage("first-flight"):
        raise KeyError
    evidence = record.evidence(interrupted)  # type: ignore[arg-type]  # one of the two
    ends = stage_ends(evidence)
    assert ends["resolve"] == ("done", None)
    assert ends["first-flight"] == ("failed", interrupted)
    assert ends["login"] == ("skipped", interrupted)
    assert evidence.interrupted == interrupted
    assert [stage.name for stage in evidence.stages] == list(STAGES["phone"])


def test_evidence_can_be_taken_while_a_stage_runs() -> None:
    record = recorder()
    with record.stage("resolve"):
        assert stage_ends(record.evidence("interrupt"))["resolve"] == ("failed", "interrupt")
    assert stage_ends(record.evidence())["resolve"] == ("done", None)


def test_a_certificate_is_kept_once_under_the_digest_of_its_bytes() -> None:
    record = recorder(client_chain=(b"client", b"issuer"))
    names = record.keep((b"leaf", b"issuer"))
    assert names == tuple(hashlib.sha256(der).hexdigest() for der in (b"leaf", b"issuer"))
    assert record.keep(()) == ()
    assert record.certificates(names) == (b"leaf", b"issuer")
    evidence = record.evidence()
    assert sorted(evidence.certificates.values()) == [b"client", b"issuer", b"leaf"]
    assert evidence.chain(evidence.client_chain) == (b"client", b"issuer")


def test_evidence_that_was_taken_does_not_change() -> None:
    record = recorder()
    before = record.evidence()
    record.keep((b"leaf",))
    assert before.certificates == {}


def test_who_watches_is_told_of_each_stage_as_it_begins() -> None:
    begun: list[str] = []
    record = recorder(progress=begun.append)
    with record.stage("resolve"):
        assert begun == ["resolve"]


def test_it_is_stamped_with_the_build_and_the_moment_in_utc() -> None:
    evidence = recorder().evidence()
    assert evidence.tool.name == "vpnprobe"
    assert str(evidence.started_at.tzinfo) == "UTC"
    assert evidence.duration_s >= 0
