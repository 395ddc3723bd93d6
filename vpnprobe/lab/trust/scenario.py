"""One scenario of the files that a phone takes, as plain values: what is served, what the phone holds, what is due."""

from __future__ import annotations

from typing import Literal

import msgspec

from vpnprobe.lab.scenario import ConfigServer, Configuration
from vpnprobe.lab.tvs import TvsService
from vpnprobe.model.finding import Verdict


class ServedList(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ITL that the server gives, under the phone's name and under the cluster's.

    `kind` "blank" has no TFTP and no TVS in it, as while a cluster is prepared for rollback; "cut" ends in the middle
    of a record, "changed" differs from what was signed; "renewed-signer" is signed by a new ITLRecovery. `tftp_role` is
    the role of its CallManager; where that is none of TFTP, another server has it. `days_old` is the age of its
    signature.
    """

    kind: Literal["right", "none", "blank", "cut", "changed", "renewed-signer"] = "right"
    tftp_role: int = 2
    names_capf: bool = True
    days_old: int = 30
    certificate_days_left: int = 1500


class ServedConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The configuration that the server gives.

    `signer` "renewed" is the CallManager certificate of after a renewal, which the list does not name. `kind` "changed"
    differs from what was signed, "plain" is not signed at all, "encrypted" is for the key of the phone, or of
    another one. `days_old` is the age of the signature, less than nothing for one of the future.
    """

    kind: Literal["signed", "plain", "changed", "encrypted", "encrypted-for-other"] = "signed"
    signer: Literal["call-manager", "renewed"] = "call-manager"
    digest: Literal["sha1", "sha512"] = "sha1"
    days_old: int = 10
    settings: Configuration = Configuration(form="no-vpn")


class ConfigScenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One named set of files. `expect_fail` are exactly the check ids that must alarm.

    `holds` is the list that the phone has before: none at a first boot, this cluster's of before, or that of another
    cluster. `tvs` is asked (`--tvs`) where it is not None; it stands for the TVS of the list that the phone holds and
    knows what `tvs_trusts` names. `gives_key` is whether the probe has the phone's key.
    """

    name: str
    title: str
    story: tuple[str, str]
    covers: tuple[str, ...] = ()
    model: str = "7962G"
    server: ConfigServer = ConfigServer()
    trust_list: ServedList = ServedList()
    config: ServedConfig = ServedConfig()
    holds: Literal["nothing", "same", "newer", "other-cluster"] = "nothing"
    tvs: TvsService | None = None
    tvs_trusts: Literal["nothing", "renewed", "other-cluster"] = "nothing"
    gives_key: bool = False
    expect_fail: frozenset[str] = frozenset()
    expect_verdict: Verdict = "pass"

    @property
    def kind(self) -> Literal["config"]:
        """What is probed."""
        return "config"
