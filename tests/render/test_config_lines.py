"""The lines of the config probe's stages, the answer, and the sections that show the files."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.checks.evidence_builder import CONFIG, CONFIG_NAME, fail, reading, stages
from tests.checks.trust_evidence import (
    ENCRYPTED_NAME,
    ITL_NAME,
    OLD_RECORDS,
    SIGNED_NAME,
    UNKNOWN,
    config_file,
    config_run,
    encrypted,
    held,
    itl,
    list_file,
    no_list,
    signed_by,
    signed_file,
    tvs,
)
from tests.render.reports import RAW
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.config import CallManager, ConfigKind
from vpnprobe.model.evidence import Evidence, StageName
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import TftpServer
from vpnprobe.render.config_lines import config_sections
from vpnprobe.render.stage_lines import describe_stage
from vpnprobe.render.status_line import headline, status_line
from vpnprobe.render.terminal import render_terminal
from vpnprobe.render.wrapping import Row

NO_CONFIG = {
    "config": reading(None, origin="none", file=None, server=None),
    "stages": stages("config", config=("skipped", "no configuration")),
}
NO_SERVER = config_run(
    **NO_CONFIG,
    trust_lists=(),
    boot_files=(),
    tftp_server=TftpServer(origin="none", failure=fail(FailureKind.NAME_NOT_FOUND)),
)

GIVEN = TftpServer(origin="config-file")


def kind(kind: ConfigKind, **changes: Any) -> Evidence:
    config = msgspec.structs.replace(CONFIG, kind=kind, call_managers=(CallManager(name="cucm1"),))
    return config_run(**{"config": reading(config, file=SIGNED_NAME)} | changes)


@pytest.mark.parametrize(
    ("stage", "evidence", "line"),
    [
        ("boot-files", config_run(), f"{ITL_NAME}, {SIGNED_NAME}, TFTP from 10.1.1.5:69"),
        ("boot-files", config_run(**no_list("timeout"), **NO_CONFIG), CONFIG_NAME),
        ("boot-files", config_run(**NO_CONFIG, boot_files=(list_file("timeout"),)), "timeout"),
        (
            "boot-files",
            config_run(boot_files=(config_file(signed_file(None), protocol="file", server=""),)),
            f"{SIGNED_NAME} given",
        ),
        ("boot-files", config_run(boot_files=tuple(list_file(name=f"{n}.tlv") for n in range(5))), "2 more and 2.tlv"),
        ("boot-files", NO_SERVER, "no configuration server: no such name"),
        ("trust-list", config_run(), f"{ITL_NAME} (5 records)"),
        ("trust-list", config_run(trust_lists=(held(records=()), itl(problem="cut"))), "held.tlv (0 records, held)"),
        ("trust-list", config_run(trust_lists=(itl(problem="cut"),)), f"{ITL_NAME} cannot be read"),
        ("signature", config_run(), "valid, SHA1 with 2048 bits"),
        ("signature", config_run(**no_list()), ""),
        ("tvs", config_run(tvs=(tvs(), tvs("no-answer"))), "10.1.1.5:2445: trusted; 10.1.1.5:2445: no answer"),
        ("config", kind(ConfigKind.FULL), f"{SIGNED_NAME}, CallManager cucm1"),
        ("config", kind(ConfigKind.SHORT), "the short form of an encrypted one"),
        ("config", kind(ConfigKind.ENCRYPTED), "encrypted"),
        (
            "config",
            config_run(**encrypted(decrypted=True), config=reading(CONFIG, file=ENCRYPTED_NAME)),
            "opened with the key",
        ),
        ("config", config_run(config=reading(None, problem="no XML")), "no XML"),
        ("config", config_run(config=None), ""),
    ],
)
def test_stage(stage: StageName, evidence: Evidence, line: str) -> None:
    described = describe_stage(evidence, stage)
    assert line in described
    assert bool(line) == bool(described)


@pytest.mark.parametrize(
    ("evidence", "answer"),
    [
        (config_run(), "YES, a phone that holds this server's list, or none, would take these files."),
        (config_run(trust_lists=(held(sha256="aa" * 32), itl())), "YES, the phone that holds the given list would"),
        (
            config_run(**NO_CONFIG, boot_files=(list_file(protocol="file", server=""),), tftp_server=GIVEN),
            "would take this",
        ),
        (config_run(trust_lists=(itl(timestamp=4_000_000_000),)), "but something needs attention."),
        (config_run(**signed_by(status="invalid")), "NO. The phone would refuse the configuration, which was changed."),
        (config_run(trust_lists=(held(records=OLD_RECORDS), itl())), "NO. The phone belongs to another cluster"),
        (config_run(trust_lists=(held(), itl(signature=UNKNOWN))), "NOT KNOWN. Whether the phone takes the trust list"),
        (NO_SERVER, "NOT KNOWN. "),
    ],
)
def test_answer(evidence: Evidence, answer: str) -> None:
    assert answer in headline(judge(evidence))


def test_last_line_names_the_check_and_says_it_once() -> None:
    assert status_line(judge(config_run(**signed_by(status="invalid")))) == (
        "CRITICAL: SGN008 the signature does not fit the file: changed after it was signed"
    )


def test_sections_in_short() -> None:
    sections = dict(config_sections(config_run(), whole=False))
    assert Row("      ", "the phone takes the configuration") in sections.pop(next(iter(sections)))
    assert list(sections) == ["Trust lists"]
    assert not any("TVS" in part for line in sections["Trust lists"] for part in line)


def test_sections_in_full() -> None:
    sections = dict(config_sections(config_run(), whole=True))
    rows = [line.head.strip() for line in sections["Trust lists"] if isinstance(line, Row)]
    assert [head for head in rows if head not in ("", "signer", "signature")] == [
        "SAST",
        "SAST",
        "CCM+TFTP",
        "CAPF",
        "TVS",
    ]
    assert any("Load" in line for line in sections[f"Configuration, {SIGNED_NAME}"])


@pytest.mark.parametrize("width", [60, 80, 110])
def test_sections_keep_to_the_width(width: int) -> None:
    evidence = config_run(**signed_by(status="invalid"), trust_lists=(held(records=OLD_RECORDS), itl()))
    sections = list(config_sections(evidence, whole=False))
    text = render_terminal(judge(evidence), width=width, sections=sections)
    shown = text.partition("The phone's status messages")[2].partition("\nWhy")[0].splitlines()[1:]
    assert len(shown) > 6
    assert [line for line in shown if len(line) > width] == []


def test_no_sections_where_nothing_was_seen() -> None:
    assert list(config_sections(NO_SERVER, whole=True)) == []


def test_nothing_raw_reaches_the_terminal() -> None:
    evidence = config_run(
        trust_lists=(itl(name=RAW, signer=RAW, problem=RAW),),
        boot_files=(list_file(name=f"{RAW}.tlv"), config_file(signed_file(None, signer=RAW), name=f"{RAW}.cnf.xml")),
        config=reading(None, file=RAW, problem=RAW),
    )
    sections = list(config_sections(evidence, whole=True))
    text = render_terminal(judge(evidence), verbose=True, sections=sections)
    assert all(character.isprintable() or character == "\n" for character in text)
    for stage in evidence.stages:
        assert describe_stage(evidence, stage.name).isprintable()
