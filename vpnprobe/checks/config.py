"""Checks of the configuration file as a whole: whether it can be read, and whether it has a VPN group at all."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.needs import ConfigFile
from vpnprobe.checks.wording import count, listing
from vpnprobe.model.config import ConfigKind, PhoneConfig, ProblemKind
from vpnprobe.phoneconfig.meaning import meaning
from vpnprobe.phones import guess_profile

_LOOK = ("curl -o {config_file} tftp://{tftp_endpoint}/{config_file}",)


def _judge_readable(_case: Case, file: ConfigFile) -> Result:
    config = file.config
    if config is None:
        # The subject is the file, and the problem may begin with its name again.
        problem = (file.problem or "no reason was recorded").removeprefix(f"{file.name} cannot be read").lstrip(": ")
        return failed(f"cannot be read: {problem}", problem=file.problem)
    if config.kind is ConfigKind.EMPTY:
        return failed("the file is empty", "not-a-config")
    if config.kind is ConfigKind.NOT_A_CONFIG:
        return failed(
            f"no phone configuration: its root element is {config.root or 'missing'}",
            "not-a-config",
            root=config.root,
        )
    if config.kind is ConfigKind.ENCRYPTED:
        return not_applicable(f"{file.name} is encrypted; only the phone can read it")
    return passed(f"{file.name} is a phone configuration", kind=config.kind.value)


CFG001 = Check(
    id="CFG001",
    slug="config-readable",
    title="The configuration is well-formed and belongs to a phone",
    stage="config",
    severity="critical",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=needs.config_file,
    judge=_judge_readable,
    rationale="A phone that cannot read the file keeps its old settings or has none.",
    guide=Guide(
        fix=(
            fix("CUCM", "Device > Phone > {device}: Apply Config, so that the file is built anew."),
            fix("TFTP", "A file made by hand: mend its XML ({problem}), then reset the phone."),
        ),
        next=(
            "curl -o {config_file} tftp://{tftp_endpoint}/{config_file}",
            "xmllint --noout {config_file}",
        ),
    ),
    variants={
        "not-a-config": Guide(
            fix=(
                fix(
                    "TFTP",
                    """
                    Something else than the configuration was served. Check that {config_server} is the CUCM TFTP \
                      server and that no portal or proxy answers in its place.
                    """,
                ),
                fix("CUCM", "Device > Phone > {device}: Apply Config, so that the file is built anew."),
            ),
            next=_LOOK,
        )
    },
)


def _judge_in_clear(_case: Case, config: PhoneConfig) -> Result:
    if config.kind is ConfigKind.FULL:
        return passed("the configuration is in clear and complete")
    short = config.kind is ConfigKind.SHORT
    what = "only the short form is served; the settings are in an encrypted file" if short else "the file is encrypted"
    return failed(f"{what}, so nothing of the VPN can be judged", kind=config.kind.value)


CFG002 = Check(
    id="CFG002",
    slug="config-in-clear",
    title="The configuration can be read without the phone's key",
    stage="config",
    severity="warning",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.config,
    judge=_judge_in_clear,
    rationale=(
        "With TFTP Encrypted Config only the phone can read its settings. That is no fault of the phone's "
        "VPN, but this run cannot see what the phone expects."
    ),
    guide=Guide(
        fix=(
            fix(
                "vpnprobe",
                """
                Give the hash that CUCM computes for the VPN gateway's certificate: --cert-hash <base64>
                """,
            ),
            fix(
                "CUCM",
                """
                For the time of the test: System > Security > Phone Security Profile: untick TFTP Encrypted \
                  Config.
                Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
                """,
            ),
        ),
        next=("vpnprobe phone --group-url {group_url} --mac {mac} --cert-hash <base64>",),
    ),
)


def _judge_vpn_group(_case: Case, config: PhoneConfig) -> Result:
    group = config.vpn_group
    if group is None:
        misplaced = [problem.element for problem in config.problems if problem.kind is ProblemKind.MISPLACED]
        hint = f"; {listing(misplaced)} stands in the wrong place" if misplaced else ""
        return failed(f"the configuration holds no vpnGroup{hint}")
    urls, hashes = count(len(group.urls), "url"), count(len(group.cert_hashes), "certHash", "certHashes")
    return passed(f"vpnGroup with {urls} and {hashes}")


CFG003 = Check(
    id="CFG003",
    slug="vpn-group-present",
    title="The configuration holds a VPN group",
    stage="config",
    severity="critical",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.full_config,
    judge=_judge_vpn_group,
    covers=("VP-03", "VP-04", "VP-25"),
    rationale=(
        "Without it the phone has no VPN at all. Either VPN group and profile are not in the phone's Common "
        "Phone Profile, or CUCM is the US export unrestricted version, which has no VPN menus and no way "
        "back."
    ),
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Device Settings > Common Phone Profile: choose VPN Group and VPN Profile.
                Device > Phone > {device}: Common Phone Profile must be that one.
                Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
                """,
            ),
            fix(
                "CUCM",
                """
                No VPN under Advanced Features? Then it is the unrestricted version: show version active. VPN \
                  phones need the restricted one, which cannot be reached from it by upgrade.
                """,
            ),
        ),
        next=_LOOK,
    ),
    references=("Cisco document 116162, VPN settings not applied to the phone",),
)


def _judge_load(case: Case, config: PhoneConfig) -> Result:
    load, imitated = config.load_information, case.evidence.persona.profile
    if load is None:
        return unclear("the configuration names no firmware load")
    fitting = guess_profile(load)
    if fitting is None:
        return unclear(f"which model runs the load {load} is not known", load=load)
    if fitting == imitated:
        return passed(f"the load {load} is one of the imitated {imitated}", load=load)
    phone = subjects.hello_label(case.evidence, imitated)
    return failed(f"the load {load} is one of {fitting}, but {phone} was imitated", load=load, fitting_profile=fitting)


CFG009 = Check(
    id="CFG009",
    slug="model-matches-load",
    title="The imitated model is the one that runs the configured firmware",
    stage="config",
    severity="warning",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.full_config,
    judge=_judge_load,
    rationale=(
        "Versions, suites and with them the certificate depend on model and firmware. With the wrong model "
        "the run may have seen another certificate than the phone does. Which model a load belongs to is "
        "mostly inferred from its name."
    ),
    guide=Guide(
        fix=(
            fix("vpnprobe", "Imitate the phone's own model: --model {fitting_profile}"),
            fix(
                "CUCM",
                """
                Device > Phone > {device}: compare Product Type and Phone Load Name with the phone's label.
                """,
            ),
        ),
        next=("vpnprobe phone --group-url {group_url} --mac {mac} --model {fitting_profile}",),
    ),
)


def _judge_web_access(_case: Case, config: PhoneConfig) -> Result:
    words = meaning("web_access", config.web_access)
    if words is None:
        return unclear(
            "the configuration does not say whether the phone's web page is on", web_access=config.web_access
        )
    if words == "disabled":
        return failed(
            "the phone's web page is off; its console logs cannot be read from afar", web_access=config.web_access
        )
    return passed(f"the phone's web page is {words}: Console Logs holds its VPN log", web_access=config.web_access)


CFG011 = Check(
    id="CFG011",
    slug="web-access",
    title="The phone's web page and its console logs can be read",
    stage="config",
    severity="info",
    probes=("phone",),
    subjects=subjects.config_file,
    needs=needs.full_config,
    judge=_judge_web_access,
    covers=("VP-33",),
    rationale=(
        "The phone's own log tells why it does not connect. It rotates over five files; read all, in the "
        "order of their numbers."
    ),
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone > {device} > Product Specific Configuration: Web Access = Enabled.
                Save, then Apply Config; the phone must reach its TFTP server, from outside through the tunnel.
                """,
            ),
        ),
        next=("curl http://<phone>/",),
    ),
)

CHECKS = (CFG001, CFG002, CFG003, CFG009, CFG011)
