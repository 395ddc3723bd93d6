"""The check of an encrypted configuration: whom it is for, and whether the given key opens it."""

from __future__ import annotations

from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.trust import needs
from vpnprobe.model.observation import BootFile


def _judge_opened(_case: Case, file: BootFile) -> Result:
    if file.signed is None or not file.signed.encrypted:
        return not_applicable(f"{file.name} is not encrypted")
    encryption = file.signed.encryption
    if encryption is None:
        return unclear("how it is encrypted cannot be read")
    wrapped = encryption.wrapped_key_length
    recipient = "a phone" if wrapped is None else f"a phone with an RSA key of {8 * wrapped} bits"
    how = f"AES-128 for {recipient}" if encryption.key_algorithm in (None, 1) else f"an unknown cipher for {recipient}"
    if encryption.decrypted is None:
        return unclear(f"encrypted ({how}); only --key opens it")
    if encryption.decrypted:
        return passed(f"opened with the given key ({how})")
    return failed(f"the given key does not open it ({how}): {encryption.problem or 'another has it'}")


SGN014 = Check(
    id="SGN014",
    slug="encrypted-config-opened",
    title="The encrypted configuration is for the given key",
    stage="config",
    severity="warning",
    probes=("config",),
    subjects=needs.config_files,
    needs=needs.config_file,
    judge=_judge_opened,
    rationale="CUCM encrypts for the certificate that it knows of the phone: its LSC, else its MIC. A phone that got a "
    "new LSC since cannot read the file.",
    guide=Guide(
        fix=(
            fix("vpnprobe", "Give the key of the certificate that CUCM has for this phone, LSC or MIC: --key <pem>."),
            fix(
                "CUCM",
                """
                Device > Phone > {device}: Apply Config, so that the file is encrypted anew.
                If the phone cannot read it either: Certificate Operation = Install/Upgrade, then reset the phone.
                """,
            ),
        ),
        next=("openssl pkey -in <pem> -noout -text_pub",),
    ),
)
