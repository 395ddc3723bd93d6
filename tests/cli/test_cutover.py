"""`vpnprobe cutover`: the answer, the exit code, and what the operator may give."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.certificates import chain, to_pem
from tests.cli.driving import CERT_HASH, CommandLine
from tests.stand_ins import in_background
from vpnprobe.cli.exitcodes import CRITICAL, OK, UNKNOWN, WARNING
from vpnprobe.lab.fleet import NEW, OLD, Fleet, FleetGateway, FleetLab, PhoneKind, phones_of, running_fleet
from vpnprobe.lab.scenario import Certificate, Gateway
from vpnprobe.pki.certificate import describe
from vpnprobe.pki.loading import load_certificates

MIX: Mapping[PhoneKind, int] = {"both-hashes": 6, "old-hash": 3, "missing": 2, "encrypted": 1}
QUICK = ("--rate", "0", "--timeout", "0.5", "--retries", "0")


@dataclass(frozen=True)
class Place:
    """A running fleet, its inventory, and the files of its certificates."""

    lab: FleetLab
    inventory: Path
    new: Path
    old: Path

    @property
    def servers(self) -> tuple[str, ...]:
        return (*self.lab.arguments, *QUICK)

    @property
    def words(self) -> tuple[str, ...]:
        return ("cutover", str(self.inventory), *self.servers, "--new-cert", str(self.new))


@contextmanager
def running(path: Path, mix: Mapping[PhoneKind, int], *shown: Certificate) -> Iterator[Place]:
    gateway = FleetGateway(addresses=tuple(Gateway(certificate=one) for one in shown))
    phones = tuple(phone for phone, _ in phones_of(mix).values())
    with in_background(running_fleet(Fleet(phones=phones, gateways=(gateway,)))) as lab:
        place = Place(lab, path / "phones.csv", path / "new.pem", path / "old.pem")
        rows = [f"{phone.device},Cisco 7962,{'Bern' if number % 2 else 'Chur'}" for number, phone in enumerate(phones)]
        place.inventory.write_text("\n".join(("Device Name,Device Type,Site", *rows, "")))
        place.new.write_bytes(lab.pem(NEW))
        place.old.write_bytes(lab.pem(OLD))
        yield place


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Every phone has both hashes, the old certificate is live."""
    with running(tmp_path_factory.mktemp("prepared"), {"both-hashes": 4}, OLD, OLD) as place:
        yield place


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Some phones are left behind, some cannot be read."""
    with running(tmp_path_factory.mktemp("mixed"), MIX, OLD) as place:
        yield place


@pytest.fixture(scope="module")
def half_swapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The new certificate is live at one address of two."""
    with running(tmp_path_factory.mktemp("half"), {"both-hashes": 3}, NEW, OLD) as place:
        yield place


def lines(text: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in text.splitlines()]


# --- the answer ---


def test_a_clean_go(cli: CommandLine, prepared: Place) -> None:
    ended = cli(*prepared.words)
    assert (ended.code, ended.err) == (OK, "")
    assert ended.out.startswith("GO: 4 phones: 4 ready.\n")
    assert ended.out.endswith("\nGO: 4 phones: 4 ready.\n")
    assert "Step 7: bind the new trustpoint" in ended.out


def test_a_no_go_says_who_and_what_is_missing(cli: CommandLine, mixed: Place) -> None:
    ended = cli(*mixed.words, "--group-by", "Site")
    assert (ended.code, ended.err) == (CRITICAL, "")
    assert ended.out.startswith("NO-GO: 12 phones: 3 would be cut off, 3 not known, 6 ready.\n")
    assert re.search(r"\n +3  Step 5: apply the configuration", ended.out)
    assert re.search(
        r"\nWould be cut off\n(  SEP[0-9A-F]{12}  (Bern|Chur)  Its certHash does not name .*\n){3}", ended.out
    )
    assert re.search(r"\nSite\n( +6  (Bern|Chur): .*\n){2}", ended.out)
    assert f"certHash {mixed.lab.cert_hash(OLD)}, until" in ended.out


def test_a_go_with_a_reservation(cli: CommandLine, half_swapped: Place) -> None:
    ended = cli(*half_swapped.words, "--quiet")
    assert ended.code == WARNING
    assert ended.out.startswith("GO, with a reservation: 3 phones: 3 ready. ")
    assert "shows the new certificate already" in ended.out
    assert ended.out.count("\n") == 1


def test_what_is_not_known_is_no_go(cli: CommandLine, mixed: Place, tmp_path: Path) -> None:
    macs = [mac for mac, (_, kind) in phones_of(MIX).items() if kind != "old-hash"]
    inventory = tmp_path / "macs.txt"
    inventory.write_text("\n".join(macs))
    ended = cli("cutover", inventory, *mixed.servers, "--new-cert", mixed.new, "-q")
    assert (ended.code, ended.err) == (UNKNOWN, "")
    assert ended.out.startswith("NOT KNOWN: 9 phones: 3 not known, 6 ready.")


def test_after_the_swap_one_address_of_two_has_the_old_one(cli: CommandLine, half_swapped: Place) -> None:
    ended = cli(*half_swapped.words, "--after")
    assert ended.code == CRITICAL
    port = half_swapped.lab.group_urls["vpn.lab.example"].split(":")[2].split("/")[0]
    assert ended.out.startswith("NO-GO: 3 phones: 3 ready.\n")
    assert f"at 127.0.0.2:{port} still shows the old certificate ({half_swapped.lab.cert_hash(OLD)})." in ended.out
    assert f"at 127.0.0.1:{port} still" not in ended.out
    assert ended.out.splitlines()[-1].endswith("Missing: Swap the trustpoint (7).")
    assert "What is next" not in ended.out


def test_after_the_swap_all_is_done(cli: CommandLine, tmp_path: Path) -> None:
    with running(tmp_path, {"both-hashes": 1, "ready": 1}, NEW, NEW) as place:
        for word in (place.new, place.lab.cert_hash(NEW)):
            ended = cli("cutover", place.inventory, *place.servers, "--new-cert", word, "--after", "-q")
            assert (ended.code, ended.out) == (OK, "GO: 2 phones: 2 ready.\n")


@pytest.mark.parametrize(
    ("row", "code", "told"),
    [
        ("SEP8CB64F57611", UNKNOWN, "NOT KNOWN: 4 phones: 4 ready. Rows of the inventory that cannot be used: 1."),
        ("CSFJOHN", OK, "GO: 4 phones: 4 ready."),
    ],
)
def test_a_row_that_may_be_a_phone_is_not_ready(
    cli: CommandLine, prepared: Place, tmp_path: Path, row: str, code: int, told: str
) -> None:
    inventory = tmp_path / "phones.csv"
    inventory.write_text(f"{prepared.inventory.read_text()}{row},Cisco 7962,Bern\n")
    ended = cli("cutover", inventory, *prepared.servers, "--new-cert", prepared.new)
    assert (ended.code, ended.out.splitlines()[-1][: len(told)]) == (code, told)
    assert f"phones.csv, line 6: '{row}'" in ended.err
    assert ("rows of devices that are no phones: 1; they do not count" in ended.out) == (code == OK)


# --- what is given ---


def test_of_a_hash_alone_no_phone_is_ready(cli: CommandLine, prepared: Place) -> None:
    ended = cli("cutover", prepared.inventory, *prepared.servers, "--new-cert", prepared.lab.cert_hash(NEW))
    assert ended.code == UNKNOWN
    assert ended.out.startswith("NOT KNOWN: 4 phones: 4 not known.\n")
    assert "only the hash is given" in ended.out


@pytest.mark.parametrize("form", ["{new}", "vpn.lab.example={new}", "VPN.lab.example.={new}"])
def test_a_certificate_may_be_for_one_gateway(cli: CommandLine, prepared: Place, form: str) -> None:
    given = form.format(new=prepared.new)
    ended = cli("cutover", prepared.inventory, *prepared.servers, "--new-cert", given, "-q")
    assert (ended.code, ended.out) == (OK, "GO: 4 phones: 4 ready.\n")


def test_a_certificate_for_another_gateway_is_a_mistake_that_is_told(cli: CommandLine, prepared: Place) -> None:
    given = f"vnp.lab.example={prepared.new}"
    ended = cli("cutover", prepared.inventory, *prepared.servers, "--new-cert", given)
    assert ended.code == UNKNOWN
    assert ended.out.splitlines()[-1].startswith("NOT KNOWN: 4 phones: 4 ready. No phone dials a gateway that the new")
    assert "No new certificate is given for vpn.lab.example" in ended.out


def test_hashes_for_a_gateway(cli: CommandLine, prepared: Place) -> None:
    words = ("--new-cert", f"vpn.lab.example={prepared.lab.cert_hash(NEW)}", "--new-cert", f"other={CERT_HASH}")
    ended = cli("cutover", prepared.inventory, *prepared.servers, *words, "--format", "jsonl")
    start = lines(ended.out)[0]
    assert start["settings"]["--new-cert"] == (
        f"vpn.lab.example={prepared.lab.cert_hash(NEW)} (hash only), other={CERT_HASH} (hash only)"
    )


def test_the_old_certificate_is_told_from_a_third_one(cli: CommandLine, prepared: Place) -> None:
    assert cli(*prepared.words, "--old-cert", prepared.old, "-q").code == OK
    ended = cli(*prepared.words, "--old-cert", CERT_HASH)
    assert ended.code == WARNING
    assert "shows neither the old nor the new certificate" in ended.out


def test_the_moment_of_the_swap(cli: CommandLine, prepared: Place) -> None:
    end = load_moment(prepared.old)
    before, behind = (f"{end + timedelta(days=days):%Y-%m-%d}" for days in (-90, 2))
    assert cli(*prepared.words, "--at", before, "-q").code == OK
    ended = cli(*prepared.words, "--at", f"{behind}T02:00+02:00")
    assert ended.code == CRITICAL
    assert f"before the swap ({behind} 00:00 UTC): it is cut off in between" in ended.out


def load_moment(path: Path) -> datetime:
    end = describe(load_certificates(path.read_bytes())[0]).not_after
    assert end is not None
    return end


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--new-cert", "nowhere.pem"), "neither a file that is there nor the SHA-1 of a certificate"),
        (("--new-cert", "vpn.example.com=nowhere.pem"), "neither a file that is there nor the SHA-1"),
        (("--new-cert", "x" * 5000), "name too long"),
        (("--new-cert", CERT_HASH[:-2] + "Z="), "neither a file that is there nor the SHA-1"),
        (("--new-cert", CERT_HASH, "--old-cert", CERT_HASH), "name the same certificate"),
        (("--new-cert", CERT_HASH, "--at", "tomorrow"), "write 2026-11-21 or 2026-11-21T02:00"),
        (("--new-cert", CERT_HASH, "--at", "2020-01-01"), "that is over"),
        (("--new-cert", CERT_HASH, "--at", "2999-01-01", "--after"), "give one of them"),
        (("--new-cert", CERT_HASH, "--group-by", "Sitte"), "Sitte"),
        ((), "--new-cert"),
    ],
    ids=[
        "no file",
        "no file of a host",
        "long",
        "miscopied",
        "same",
        "no date",
        "past",
        "at and after",
        "label",
        "none",
    ],
)
def test_bad_usage(cli: CommandLine, prepared: Place, words: tuple[str, ...], complaint: str) -> None:
    ended = cli("cutover", prepared.inventory, *prepared.servers, *words)
    assert ended.code == UNKNOWN
    assert complaint in ended.complaint


def test_files_that_hold_something_else(cli: CommandLine, prepared: Place, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(prepared.lab.pki.gateway(NEW).key_pem)
    base = ("cutover", str(prepared.inventory), *prepared.servers, "--new-cert", str(wrong))
    assert f"{wrong}: The file holds no certificate" in cli(*base).complaint
    wrong.write_bytes(b"".join(map(to_pem, reversed(chain().chain_der))))
    assert "Put the gateway's own certificate first" in cli(*base).complaint


# --- forms, files, and the way back ---


def test_json_lines(cli: CommandLine, mixed: Place) -> None:
    found = lines(
        cli(*mixed.words, "--at", f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M}", "-f", "jsonl").out
    )
    assert [found[0]["kind"], found[0]["command"], found[-1]["kind"]] == ["start", "cutover", "summary"]
    assert found[0]["settings"]["--new-cert"].startswith(mixed.lab.cert_hash(NEW) + " (")
    assert found[0]["settings"]["--at"].endswith(" UTC")
    phones = [line for line in found if line["kind"] == "cutover-phone"]
    assert len(phones) == 12
    assert {(line["readiness"], *line.get("missing", ())) for line in phones} == {
        ("ready",),
        ("cut-off", "apply-config"),
        ("unknown", "fetch-config"),
    }
    assert found[-1]["counts"]["causes"] == {"apply-config": 3, "fetch-config": 3}


def test_csv(cli: CommandLine, mixed: Place) -> None:
    rows = list(csv.DictReader(io.StringIO(cli(*mixed.words, "--format", "csv").out.removeprefix("\ufeff"))))
    assert len(rows) == 12
    assert {row["result"] for row in rows} == {"ready", "cut-off", "unknown"}
    assert {row["Site"] for row in rows} == {"Bern", "Chur"}


def test_html(cli: CommandLine, mixed: Place, tmp_path: Path) -> None:
    path = tmp_path / "board.html"
    ended = cli(*mixed.words, "--group-by", "Site", "--format", "html", "--output", path)
    assert (ended.code, ended.out, ended.err) == (CRITICAL, "", "")
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "NO-GO" in page
    assert "Step 5: apply the configuration" in page


def test_every_phone_with_verbose(cli: CommandLine, mixed: Place) -> None:
    told = cli(*mixed.words, "--verbose").out
    assert len(re.findall(r"^(?:ready|not known|would be cut off) +SEP", told, re.MULTILINE)) == 12


def test_a_finished_run_is_told_again_from_its_journal(cli: CommandLine, mixed: Place, tmp_path: Path) -> None:
    journal = tmp_path / "cutover.jsonl"
    first = cli(*mixed.words, "--resume", journal)
    again = cli(*mixed.words, "--resume", journal)
    assert again.code == first.code == CRITICAL
    assert "phones that are finished already: 12, of the run begun " in again.err
    assert again.out.splitlines()[-1] == first.out.splitlines()[-1]
    assert re.sub(r"in [0-9.]+ s", "", again.out) == re.sub(r"in [0-9.]+ s", "", first.out)


def test_a_run_is_not_gone_on_with_under_another_plan(cli: CommandLine, mixed: Place, tmp_path: Path) -> None:
    journal = tmp_path / "cutover.jsonl"
    assert cli(*mixed.words, "--resume", journal).code == CRITICAL
    assert "was begun with --after not given" in cli(*mixed.words, "--after", "--resume", journal).complaint
    other = cli("sweep", mixed.inventory, *mixed.servers, "--resume", journal)
    assert "is of a cutover, this is a sweep" in other.complaint


def test_a_run_is_gone_on_with_also_when_its_date_is_over(
    cli: CommandLine, mixed: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "cutover.jsonl"
    soon = datetime.now(UTC) + timedelta(hours=1)
    words = (*mixed.words, "--at", f"{soon:%Y-%m-%dT%H:%M}", "--resume", str(journal))

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return soon + timedelta(days=1)

    with monkeypatch.context() as patch:
        patch.setattr("vpnprobe.cli.cutover.datetime", Later)
        assert "that is over" in cli(*words).complaint
        assert not journal.exists()
    assert cli(*words).code == CRITICAL
    monkeypatch.setattr("vpnprobe.cli.cutover.datetime", Later)
    assert cli(*words).code == CRITICAL
