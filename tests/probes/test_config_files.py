"""The config probe: what it fetches or takes, whom it asks, and what it keeps of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.lab.accuracy import config_options
from tests.signed_files import BY_NAME, CORPUS, SAMPLES, Sample, certificate
from vpnprobe.lab.catalogue import find_any_scenario
from vpnprobe.lab.trust.network import running_config_lab
from vpnprobe.lab.trust.scenario import ConfigScenario
from vpnprobe.lab.tvs import TvsService
from vpnprobe.model.config import ConfigKind
from vpnprobe.model.errors import UsageError
from vpnprobe.model.evidence import Evidence
from vpnprobe.phones import load_profile
from vpnprobe.pki.fingerprint import sha256
from vpnprobe.probes.config_files import ConfigProbe
from vpnprobe.probes.options import ConfigOptions, GivenFile, NetworkOptions

DEVICE = "SEP8CB64F576113"
SIGNED = [sample for sample in SAMPLES if sample.file.startswith("signed-")]


async def probe(name: str, **changes: Any) -> Evidence:
    """Run the probe in this scenario's lab, with other options where `changes` are given."""
    scenario = find_any_scenario(name)
    assert isinstance(scenario, ConfigScenario)
    async with running_config_lab(scenario) as lab:
        return await ConfigProbe(config_options(lab, **changes)).run()


async def given(*names: str, **changes: Any) -> Evidence:
    """Run the probe over files of the corpus, which no code of ours made."""
    files = tuple(GivenFile(name=name, data=(CORPUS / name).read_bytes()) for name in names)
    options: dict[str, Any] = {"profile": load_profile("7962G"), "files": files}
    return await ConfigProbe(ConfigOptions(**options | changes)).run()


def ends(evidence: Evidence) -> dict[str, tuple[str, str | None]]:
    return {stage.name: (stage.status, stage.because) for stage in evidence.stages}


def status(evidence: Evidence) -> str | None:
    """Of the signature of the last configuration file."""
    signed = evidence.boot_files[-1].signed
    return signed.signature.status if signed is not None and signed.signature is not None else None


# --- stages ---


async def test_stages_of_a_healthy_phone() -> None:
    evidence = await probe("config-healthy")
    assert ends(evidence) == {
        "boot-files": ("done", None),
        "trust-list": ("done", None),
        "signature": ("done", None),
        "tvs": ("skipped", "--tvs not given"),
        "config": ("done", None),
    }
    assert evidence.target.source == DEVICE
    assert [file.name for file in evidence.boot_files] == [
        f"CTL{DEVICE}.tlv",
        f"ITL{DEVICE}.tlv",
        "ITLFile.tlv",
        f"{DEVICE}.cnf.xml.sgn",
    ]


async def test_no_list_and_nothing_signed() -> None:
    stages = ends(await probe("config-no-list"))
    assert stages["trust-list"] == ("skipped", "no trust list")
    assert stages["signature"] == ("skipped", "nothing to check")
    assert stages["config"][0] == "done"


async def test_nothing_served() -> None:
    stages = ends(await probe("config-not-served"))
    assert stages["boot-files"] == ("failed", "no configuration file")
    assert stages["config"] == ("skipped", "no configuration")


async def test_deadline_leaves_what_there_is() -> None:
    scenario = find_any_scenario("config-signer-refused-by-tvs")
    assert isinstance(scenario, ConfigScenario)
    silent = msgspec.structs.replace(scenario, tvs=TvsService(listens="silent"))
    async with running_config_lab(silent) as lab:
        network = NetworkOptions(resolvers=(lab.dns_endpoint,), timeout=30, deadline=1)
        evidence = await ConfigProbe(config_options(lab, network=network)).run()
    assert evidence.interrupted == "deadline"
    assert ends(evidence)["signature"][0] == "done"
    assert ends(evidence)["tvs"] == ("failed", "deadline")
    assert ends(evidence)["config"] == ("skipped", "deadline")


async def test_profile_that_is_no_phone() -> None:
    with pytest.raises(UsageError, match="no phone"):
        ConfigProbe(ConfigOptions(profile=load_profile("modern"), mac="8CB64F576113"))


# --- lists and signatures ---


async def test_certificates_of_the_list_are_kept() -> None:
    evidence = await probe("config-healthy")
    named = {record.certificate for one in evidence.trust_lists for record in one.records} - {None}
    assert len(named) == 2
    assert named <= set(evidence.certificates)


async def test_what_is_held_judges_what_is_served() -> None:
    evidence = await probe("config-healthy-held")
    held, *served = evidence.trust_lists
    assert (held.origin, held.signature) == ("held", None)
    for one in served:
        assert one.signature is not None
        assert (one.signature.status, one.signature.source, one.signature.taken_from) == ("valid", "ITL", "held.tlv")


async def test_a_refused_list_leaves_the_old_one_in_force() -> None:
    """The new list names the signer, but the phone does not take it."""
    evidence = await probe("config-other-cluster")
    assert status(evidence) == "unknown-signer"


async def test_a_damaged_list_is_not_used() -> None:
    evidence = await probe("config-list-cut")
    assert all(one.problem for one in evidence.trust_lists)
    assert status(evidence) is None


# --- TVS ---


async def test_tvs_is_asked_about_the_list_first_and_then_it_is_taken() -> None:
    evidence = await probe("config-other-cluster-vouched")
    assert [answer.status for answer in evidence.tvs] == ["trusted", "not-trusted"][: len(evidence.tvs)]
    assert {one.signature.source for one in evidence.trust_lists if one.signature is not None} == {"TVS"}
    assert status(evidence) == "valid"
    signed = evidence.boot_files[-1].signed
    assert signed is not None
    assert signed.signature is not None
    assert (signed.signature.source, signed.signature.taken_from) == ("ITL", f"ITL{DEVICE}.tlv")


async def test_tvs_is_not_asked_where_every_signer_is_known() -> None:
    evidence = await probe("config-healthy-held", tvs=True)
    assert evidence.tvs == ()
    assert ends(evidence)["tvs"] == ("skipped", "every signer is known")


async def test_tvs_that_vouches_gives_the_certificate_that_the_file_is_checked_with() -> None:
    evidence = await probe("config-only-tvs")
    [answer] = evidence.tvs
    assert answer.status == "trusted"
    assert answer.leaf in evidence.certificates
    signed = evidence.boot_files[-1].signed
    assert signed is not None
    assert signed.signature is not None
    assert (signed.signature.status, signed.signature.source) == ("valid", "TVS")
    assert signed.signature.signer == answer.certificate


async def test_tvs_that_the_list_does_not_name_is_not_believed() -> None:
    """The server at the place of the TVS shows the certificate of another cluster."""
    scenario = find_any_scenario("config-only-tvs")
    stranger = find_any_scenario("config-other-cluster-vouched")
    assert isinstance(scenario, ConfigScenario)
    assert isinstance(stranger, ConfigScenario)
    async with running_config_lab(scenario) as lab, running_config_lab(stranger) as other:
        options = config_options(lab, tvs_port=other.tvs_endpoint.port)
        evidence = await ConfigProbe(options).run()
    [answer] = evidence.tvs
    assert answer.status == "no-answer"
    assert "no list of the phone" in (answer.problem or "")
    assert status(evidence) == "unknown-signer"


async def test_tvs_without_an_address_is_told() -> None:
    scenario = find_any_scenario("config-signer-refused-by-tvs")
    assert isinstance(scenario, ConfigScenario)
    async with running_config_lab(scenario) as lab:
        file = GivenFile(name=f"{DEVICE}.cnf.xml.sgn", data=lab.files.served[f"{DEVICE}.cnf.xml.sgn"])
        # The name of the lab's CUCM has no IPv6 address.
        network = NetworkOptions(resolvers=(lab.dns_endpoint,), families=frozenset({6}))
        evidence = await ConfigProbe(config_options(lab, files=(file,), network=network)).run()
    [answer] = evidence.tvs
    assert (answer.status, answer.problem) == ("no-answer", "cucm.lab.example has no address")


# --- files at hand, made by openssl ---


@pytest.mark.parametrize("sample", SIGNED, ids=lambda sample: sample.file)
async def test_signature_of_a_file_that_openssl_made(sample: Sample) -> None:
    """The corpus' ITL names the TFTP server of 2048 bits; other signers are unknown to it."""
    evidence = await given(sample.file, "ITLFile.tlv")
    [config, _] = evidence.boot_files
    assert config.protocol == "file"
    assert config.signed is not None
    assert config.signed.signature is not None
    listed = {record.certificate for one in evidence.trust_lists for record in one.records}
    known = sha256(sample.certificate).hex() in listed
    assert config.signed.signature.status == ("valid" if known else "unknown-signer")
    assert config.signed.hash_algorithm == sample.hash


async def test_lists_that_openssl_signed_are_whole() -> None:
    evidence = await given("ITLFile.tlv", "CTLFile.tlv")
    assert [(one.kind, one.own_signature and one.own_signature.status) for one in evidence.trust_lists] == [
        ("ITL", "valid"),
        ("CTL", "valid"),
    ]
    assert sha256(certificate("recovery")).hex() in evidence.certificates
    assert ends(evidence)["boot-files"] == ("skipped", "files given")


@pytest.mark.parametrize("name", ["encrypted-1024-sha1", "encrypted-2048-sha512"])
async def test_files_that_openssl_encrypted_open_with_their_key(name: str) -> None:
    file = f"{name}.cnf.xml.enc.sgn"
    key = (CORPUS / f"phone-{name.split('-')[1]}.pem").read_bytes()
    opened = await given(file, key=key)
    other = "2048" if "1024" in name else "1024"
    closed = await given(file, key=(CORPUS / f"phone-{other}.pem").read_bytes())
    for evidence, is_open in ((opened, True), (closed, False)):
        signed = evidence.boot_files[0].signed
        assert signed is not None
        assert signed.encryption is not None
        assert signed.encryption.decrypted is is_open
        assert (signed.encryption.problem is None) is is_open
    assert opened.config is not None
    assert opened.config.config is not None
    assert opened.config.config.kind is not ConfigKind.ENCRYPTED
    assert BY_NAME[file].signer == "tftp-2048"
