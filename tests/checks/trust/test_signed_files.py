"""Checks of trust lists and of the signatures of phone files."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.certificates import Identity, issue
from tests.checks.evidence_builder import (
    CONFIG,
    CONFIG_NAME,
    SERVER,
    alarms,
    boot_file,
    certificate_name,
    fail,
    finding,
    reading,
    run,
    stages,
)
from tests.checks.table import Row, params
from tests.checks.trust_evidence import (
    CALL_MANAGER,
    CERTIFICATES,
    DEVICE,
    ENCRYPTED_NAME,
    ITL_NAME,
    OLD_RECORDS,
    RECORDS,
    SIGNED_NAME,
    TVS_AT,
    UNKNOWN,
    YESTERDAY,
    config_file,
    config_run,
    encrypted,
    files,
    held,
    itl,
    list_file,
    no_list,
    phone_run,
    record,
    signature,
    signed_by,
    signed_file,
    tvs,
)
from vpnprobe.checks.evaluate import judge
from vpnprobe.model.config import CapfServer, PhoneConfig
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.observation import BootFile, SignedFile, TftpServer
from vpnprobe.model.trust import TrustList, TrustRecord

DAY_S = 86400
END_OF_TIME = datetime.max.replace(tzinfo=UTC)
NO_TFTP = tuple(one for one in RECORDS if one.role not in (2, 3))
NO_TVS = tuple(one for one in RECORDS if one.role != 21)
NO_CAPF = tuple(one for one in RECORDS if one.role != 4)
BY_HASH = TrustRecord(
    role=2, serial="5a01", certificate_hash=hashlib.sha1(CALL_MANAGER.der).hexdigest(), hash_algorithm="sha1"
)
EXPIRED = issue(cn="over.example.com", serial=0x5B01, not_after=datetime(2025, 11, 21, tzinfo=UTC))
EARLY = issue(cn="early.example.com", serial=0x5B02, not_before=datetime(2027, 11, 21, tzinfo=UTC))


def listed(*lists: TrustList) -> Evidence:
    return config_run(trust_lists=lists)


def judged(**changes: Any) -> Evidence:
    """A run whose phone holds a list; `changes` are of the served one."""
    return listed(held(), itl(signature=signature(taken_from="held.tlv"), **changes))


def unknown(*held_records: TrustRecord, **changes: Any) -> Evidence:
    """A run whose phone holds a list without the signer of the files."""
    lists = (held(records=held_records or NO_TFTP), itl(signature=UNKNOWN))
    return config_run(**{"trust_lists": lists} | signed_by(UNKNOWN) | changes)


def with_certificate(identity: Identity) -> Evidence:
    longer = itl(records=(*RECORDS, record(2, identity)))
    return config_run(trust_lists=(longer,), certificates=CERTIFICATES | {certificate_name(identity.der): identity.der})


def configured(**changes: Any) -> dict[str, Any]:
    config = {field: getattr(CONFIG, field) for field in PhoneConfig.__struct_fields__} | changes
    return {"config": reading(PhoneConfig(**config), file=SIGNED_NAME)}


WITH_CAPF = configured(capf=(CapfServer(host="cucm1.example.com", port=3804),), capf_auth_mode=0)


def given(*files: BootFile) -> Evidence:
    """A run over files of the operator, none of them a list."""
    return config_run(trust_lists=(), boot_files=files, tftp_server=TftpServer(origin="config-file"))


OLD_LIST = {"trust_lists": (held(records=OLD_RECORDS), itl(signature=UNKNOWN))} | signed_by(UNKNOWN)
ASKED = {"server": TVS_AT, "issuer": "CN=ITLRECOVERY_cucm1.example.com", "serial": "5a02"}
NO_ANSWER = tvs("no-answer", code=None, problem="no answer in time", failure=fail(FailureKind.TIMEOUT))
OTHER = tvs(server="10.1.1.6:2445")
SHA512 = files(signed_file(signature(hash_algorithm="sha512"), hash_algorithm="sha512"))
NO_TIME = files(signed_file(signature(), timestamp=None))
BLANK = {"trust_lists": (itl(records=NO_TFTP),)}
BY_TVS = signed_by(source="TVS", taken_from=None, roles=(3,))

ROWS = [
    Row("SGN001", "served", config_run(), "pass", ITL_NAME),
    Row("SGN001", "none", config_run(**no_list()), "fail", "takes unsigned files"),
    Row("SGN001", "blank", listed(itl(records=(RECORDS[0],))), "fail", "accepts any file"),
    Row("SGN001", "refused", config_run(**no_list("refused")), "inconclusive", "refused"),
    Row("SGN001", "not asked", run(), "inconclusive", "was asked for"),
    Row("SGN002", "readable", config_run(), "pass", "ITL of 5 records: SAST, CCM+TFTP, CAPF, TVS"),
    Row("SGN002", "whole list", listed(itl(problem="record at byte 300: cut")), "fail", "the ITL cannot be read"),
    Row("SGN002", "record", listed(itl(records=(record(2, CALL_MANAGER, problem="odd"),))), "fail"),
    Row("SGN002", "lost", config_run(**no_list("timeout")), "inconclusive", "no trust list arrived"),
    Row("SGN002", "not there", config_run(**no_list()), "not-applicable", "SGN001"),
    Row("SGN002", "not asked", run(), "not-applicable", "asked for"),
    Row("SGN003", "whole", config_run(), "pass", "SHA-1 with a 2048-bit key"),
    Row("SGN003", "changed", listed(itl(own_signature=signature("invalid"))), "fail", "changed"),
    Row("SGN003", "unsigned", listed(itl(own_signature=signature("unsigned"))), "fail", "carries no"),
    Row("SGN003", "foreign signer", listed(itl(own_signature=UNKNOWN)), "inconclusive", "its signer"),
    Row("SGN003", "elliptic", listed(itl(own_signature=signature("unsupported"))), "inconclusive"),
    Row("SGN003", "not looked at", listed(itl(own_signature=None)), "inconclusive"),
    Row("SGN003", "unreadable", listed(itl(problem="cut")), "inconclusive", "SGN002"),
    Row("SGN004", "same", judged(), "pass", "4 certificates in common"),
    Row("SGN004", "by hash", judged(records=(BY_HASH,)), "pass", "1 certificate in common"),
    Row("SGN004", "two clusters", config_run(**OLD_LIST), "fail", "of another cluster"),
    Row("SGN004", "no certificates", judged(records=(TrustRecord(role=2),)), "inconclusive", "names no certificate"),
    Row("SGN004", "held is broken", listed(held(problem="cut"), itl()), "inconclusive", "held.tlv"),
    Row("SGN004", "first boot", config_run(), "not-applicable", "--trust-list"),
    Row(
        "SGN004",
        "vouched for",
        config_run(trust_lists=(held(records=OLD_RECORDS), itl(signature=signature(source="TVS")))),
        "pass",
        "TVS of the old one",
    ),
    Row("SGN005", "accepted", judged(), "pass", "held.tlv"),
    Row("SGN005", "vouched for", listed(held(), itl(signature=signature(source="TVS"))), "pass", "TVS"),
    Row("SGN005", "wrong role", listed(held(), itl(signature=signature(roles=(4,)))), "fail", "as CAPF"),
    Row("SGN005", "unsigned", listed(held(), itl(signature=signature("unsigned"))), "fail"),
    Row("SGN005", "unchanged", listed(held(sha256="aa" * 32), itl()), "pass", "the very list"),
    Row("SGN005", "changed", listed(held(), itl(signature=signature("invalid"))), "fail", "is not its"),
    Row("SGN005", "nobody to ask", unknown(RECORDS[3]), "fail", "the new list's signer is in no list that"),
    Row("SGN005", "refused", unknown(tvs=(tvs("not-trusted", code=1, **ASKED),)), "fail", "nor known to"),
    Row("SGN005", "not asked", unknown(), "inconclusive", "--tvs"),
    Row("SGN005", "no answer", unknown(tvs=(tvs("no-answer", **ASKED),)), "inconclusive", "no TVS answered"),
    Row("SGN005", "trusted", unknown(tvs=(tvs(**ASKED),)), "inconclusive", "its certificate did not come"),
    Row("SGN005", "two clusters", config_run(**OLD_LIST), "inconclusive"),
    Row("SGN005", "not checked", listed(held(), itl()), "inconclusive", "not checked"),
    Row("SGN005", "elliptic", listed(held(), itl(signature=signature("unsupported"))), "inconclusive"),
    Row("SGN006", "in time", config_run(), "pass", "4 certificates"),
    Row("SGN006", "expired", with_certificate(EXPIRED), "fail", "expired on 2025-11-21"),
    Row("SGN006", "early", with_certificate(EARLY), "fail", "valid from 2027-11-21"),
    Row("SGN006", "hash only", listed(itl(records=(TrustRecord(role=2),))), "inconclusive"),
    Row("SGN006", "not kept", config_run(certificates={}), "inconclusive", "4 certificates"),
    Row("SGN007", "signed", config_run(), "pass", SIGNED_NAME),
    Row("SGN007", "plain", config_run(**files(None)), "fail", "signed files only"),
    Row("SGN007", "no signature", config_run(**signed_by(status="unsigned")), "fail", "carries no signature"),
    Row("SGN007", "blank list", config_run(**files(None), trust_lists=(itl(records=NO_TFTP),)), "not-applicable"),
    Row("SGN008", "blank list", config_run(**files(signed_file(None)), **BLANK), "not-applicable"),
    Row("SGN007", "list lost", config_run(**no_list("timeout")), "inconclusive", "no trust list arrived"),
    Row("SGN007", "no list", config_run(**no_list()), "not-applicable"),
    Row("SGN007", "given to the phone probe", run(boot_files=(), config=reading(origin="file")), "not-applicable"),
    Row("SGN008", "valid", config_run(), "pass"),
    Row("SGN008", "changed", config_run(**signed_by(status="invalid")), "fail", "does not fit"),
    Row("SGN008", "unknown signer", config_run(**signed_by(UNKNOWN)), "inconclusive", "SGN009"),
    Row("SGN008", "elliptic", config_run(**signed_by(status="unsupported")), "inconclusive"),
    Row("SGN008", "unsigned", config_run(**signed_by(status="unsigned")), "not-applicable"),
    Row("SGN008", "plain", config_run(**files(None)), "not-applicable"),
    Row("SGN008", "odd header", config_run(**files(SignedFile(header_length=0, problem="cut"))), "inconclusive", "cut"),
    Row("SGN008", "fleet", run(boot_files=(config_file(signed_file(None)),)), "not-applicable", "asked for"),
    Row("SGN008", "not looked at", config_run(**files(signed_file(None))), "inconclusive", "not looked at"),
    Row("SGN008", "no list given", given(config_file(signed_file(None), protocol="file")), "inconclusive"),
    Row("SGN009", "in the list", config_run(), "pass", "SAST, CCM+TFTP in"),
    Row("SGN009", "by TVS", config_run(**BY_TVS), "pass", "TVS"),
    Row("SGN009", "wrong role", config_run(**signed_by(roles=(4,))), "fail", "the configuration's signer stands in"),
    Row("SGN009", "not in the list", config_run(**signed_by(UNKNOWN)), "inconclusive", "a phone asks a TVS then"),
    Row("SGN009", "no TVS either", config_run(**signed_by(UNKNOWN), trust_lists=(itl(records=NO_TVS),)),
        "fail", "the configuration's signer is in no list of this server, which names no TVS"),
    Row("SGN009", "refused", unknown(tvs=(tvs("not-trusted", code=1),)), "fail", "status 1"),
    Row("SGN009", "odd answer", unknown(tvs=(tvs("other-answer", code=7),)), "inconclusive", "status 7"),
    Row("SGN009", "not asked", unknown(), "inconclusive", "--tvs"),
    Row("SGN009", "two clusters", config_run(**OLD_LIST), "inconclusive"),
    Row("SGN009", "unsupported", config_run(**signed_by(status="unsupported", source=None)), "inconclusive"),
    Row("SGN009", "unsigned", config_run(**signed_by(status="unsigned")), "not-applicable"),
    Row("SGN010", "past", config_run(), "pass", "2026-11-20", SIGNED_NAME),
    Row(
        "SGN010", "future", config_run(**files(signed_file(signature(), timestamp=YESTERDAY + 9 * DAY_S))), "fail",
        "yet to come", SIGNED_NAME,
    ),
    Row("SGN010", "older", judged(timestamp=YESTERDAY - DAY_S), "fail", "older one", ITL_NAME),
    Row("SGN010", "at the end of time", config_run(started_at=END_OF_TIME), "pass", "signed on", SIGNED_NAME),
    Row("SGN010", "newer", judged(timestamp=YESTERDAY + 1), "pass", "signed on", ITL_NAME),
    Row("SGN010", "none", config_run(**NO_TIME), "inconclusive", "", SIGNED_NAME),
    Row("SGN010", "list", listed(itl(timestamp=None)), "inconclusive", "no time stamp", ITL_NAME),
    Row("SGN010", "plain", config_run(**no_list()), "not-applicable"),
    Row("SGN010", "no file", config_run(trust_lists=(), boot_files=()), "not-applicable"),
    Row("SGN011", "SHA-1", config_run(), "pass"),
    Row("SGN011", "SHA-512", config_run(**SHA512),
        "fail", "SHA-512"),
    Row("SGN011", "unknown", config_run(**files(signed_file(signature(), hash_algorithm=None))), "inconclusive"),
    Row("SGN012", "in the list", config_run(), "pass", "no TVS is needed"),
    Row("SGN012", "by TVS", config_run(**BY_TVS, tvs=(tvs(),)), "fail", TVS_AT),
    Row("SGN012", "unknown", config_run(**signed_by(UNKNOWN)), "inconclusive", "SGN009"),
    Row("SGN013", "answers", config_run(tvs=(tvs(),)), "pass", "answered 1 question"),
    Row("SGN013", "silent", config_run(tvs=(NO_ANSWER,)), "fail", "nor did any other"),
    Row("SGN013", "one of two", config_run(tvs=(NO_ANSWER, OTHER)), "fail", "another one", TVS_AT),
    Row("SGN013", "we cannot", config_run(tvs=(tvs("no-answer", failure=fail(FailureKind.LOCAL)),)), "inconclusive"),
    Row("SGN013", "not asked", config_run(), "not-applicable", "--tvs"),
    Row("SGN014", "opened", config_run(**encrypted(decrypted=True)), "pass", "RSA key of 2048 bits"),
    Row("SGN014", "other key", config_run(**encrypted(decrypted=False, problem="padding")), "fail", "padding"),
    Row("SGN014", "no key", config_run(**encrypted()), "inconclusive", "--key"),
    Row("SGN014", "no facts", config_run(**files(signed_file(signature(), encrypted=True))), "inconclusive"),
    Row("SGN014", "clear", config_run(), "not-applicable"),
    Row("SGN015", "there", config_run(**WITH_CAPF), "pass", ITL_NAME),
    Row("SGN015", "missing", config_run(**WITH_CAPF, trust_lists=(itl(records=NO_CAPF),)), "fail", "cucm1"),
    Row("SGN015", "no CAPF", config_run(), "inconclusive", "names no CAPF"),
    Row("SGN015", "list unread", config_run(**WITH_CAPF, trust_lists=(itl(problem="x"),)), "inconclusive"),
    Row("SGN015", "no list", config_run(**no_list()), "not-applicable"),
]  # fmt: skip


@pytest.mark.parametrize("row", params(ROWS))
def test_judgement(row: Row) -> None:
    row.judge()


@pytest.mark.parametrize(
    "evidence", [config_run(), judged(), phone_run(), run()], ids=["config", "held", "phone", "old"]
)
def test_nothing_alarms_where_all_is_well(evidence: Evidence) -> None:
    assert not alarms(evidence)
    assert judge(evidence).verdict == "pass"


def test_two_clusters_are_one_fault() -> None:
    """The lists and the configuration that the phone then refuses are consequences."""
    assert alarms(config_run(**OLD_LIST)) == {"SGN004"}


def test_a_server_without_a_list_is_no_alarm() -> None:
    evidence = config_run(**no_list(), config=reading(CONFIG, file=CONFIG_NAME))
    assert not alarms(evidence)
    assert judge(evidence).verdict == "pass"


def test_a_fault_stands_in_the_stage_of_its_probe() -> None:
    broken = signed_by(status="invalid")
    assert finding(config_run(**broken), "SGN008").stage == "signature"
    assert finding(phone_run(**broken), "SGN008").stage == "boot-files"


def test_both_files_of_an_encrypted_configuration_are_judged() -> None:
    evidence = config_run(
        boot_files=(
            list_file(),
            config_file(signed_file(signature())),
            config_file(signed_file(signature("invalid"), encrypted=True), name=ENCRYPTED_NAME),
        )
    )
    assert finding(evidence, "SGN008", SIGNED_NAME).status == "pass"
    assert finding(evidence, "SGN008", ENCRYPTED_NAME).status == "fail"


def test_evidence_of_before_is_judged_as_it_was() -> None:
    """Lists that arrived and were not looked into, and signatures that were not checked, alarm about nothing."""
    before = run(boot_files=(list_file(), config_file(SignedFile(header_length=400, file_name=SIGNED_NAME))))
    assert not alarms(before)
    assert judge(before).verdict == "pass"


def test_no_server_known() -> None:
    evidence = config_run(
        trust_lists=(),
        boot_files=(),
        tftp_server=TftpServer(origin="none"),
        config=reading(None, origin="none", file=None, server=None),
        stages=stages("config", boot_files=("failed", "no configuration server")),
    )
    assert judge(evidence).verdict == "inconclusive"
    assert alarms(evidence) == {"TFT001"}


def test_lost_configuration() -> None:
    evidence = config_run(
        boot_files=(list_file(), boot_file("not-found")),
        config=reading(None, origin="none", file=None, server=None),
        stages=stages("config", boot_files=("failed", "no configuration file"), config=("skipped", "no configuration")),
    )
    assert alarms(evidence) == {"TFT003"}


def test_of_two_served_lists_the_phone_s_own_counts() -> None:
    """Phones ask for ITLSEP<MAC>.tlv before ITLFile.tlv; what is the same in both is told once."""
    other = itl(name="ITLFile.tlv", own_signature=signature("invalid"))
    assert not alarms(listed(itl(), other))
    assert alarms(listed(other)) == {"SGN003"}


def test_commands_ask_the_same_server_with_the_same_list() -> None:
    found = finding(config_run(**OLD_LIST), "SGN004")
    assert found.next[0] == (
        f"vpnprobe config {DEVICE} --trust-list <held-list> --tvs --model 7962G --tftp {SERVER}:69"
    )
    assert found.next[1].endswith(f"--show --trust-list <held-list> --model 7962G --tftp {SERVER}:69")


def test_the_name_in_the_header_of_a_given_file_counts() -> None:
    other = signed_file(signature(), file_name="SEP001AE2BC16CB.cnf.xml.sgn")
    assert finding(given(config_file(other, protocol="file", server="")), "TFT006").status == "fail"
    assert finding(given(config_file(signed_file(None), protocol="file", server="")), "TFT006").status == "pass"
