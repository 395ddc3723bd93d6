"""Checks of the configuration server: whether one is known, answers, and is alone in answering."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, passed, unclear
from vpnprobe.checks.wording import describe_failure, describe_file, listing
from vpnprobe.model.finding import Logs
from vpnprobe.model.observation import BootFile, TftpOrigin, TftpServer

_ORIGIN_WORDS: dict[TftpOrigin, str] = {
    "option": "the command line",
    "environment": "the environment",
    "options-file": "the options file",
    "dns-ciscocm1": "the DNS name CiscoCM1",
    "dhcp-option-150": "DHCP option 150",
    "dhcp-option-66": "DHCP option 66",
    "config-file": "the configuration file",
    "none": "nobody",
}

# VP-39: what the phone's status page shows.
_STATUS_TIMEOUT = Logs(phone=("Trust List Update Failed", "TFTP Timeout : {config_file}.sgn"))

_ALTERNATE_SERVER = fix(
    "phone",
    """
    Settings > Network Configuration > IPv4 Configuration: press **# to unlock.
    Alternate TFTP: Yes, then Save.
    TFTP Server 1: the address of the TFTP server at the head office.
    """,
)
_OPTION_150 = fix("DHCP", "Option 150 of the phone's subnet: the address of the CUCM TFTP server.")


def _judge_known(case: Case, server: TftpServer) -> Result:
    if needs.is_named(server):
        return passed(f"named by {_ORIGIN_WORDS[server.origin]}", origin=server.origin)
    tried = " for the name CiscoCM1" if server.origin == "dns-ciscocm1" else ""
    why = "" if server.failure is None else f": {describe_failure(server.failure)}"
    variant = "files" if case.evidence.probe == "config" else ""
    return failed(f"no configuration server is known; last answer{tried}{why}", variant, origin=server.origin)


TFT001 = Check(
    id="TFT001",
    slug="config-server-known",
    title="A configuration server is known",
    stage="boot-files",
    severity="warning",
    probes=("phone", "config"),
    subjects=subjects.config_server,
    needs=needs.server,
    judge=_judge_known,
    covers=("VP-38",),
    rationale="The certificate that the phone expects stands in its configuration. Without the server, or one of the "
    "options that replace it, the pin cannot be judged.",
    guide=Guide(
        fix=(
            _OPTION_150,
            _ALTERNATE_SERVER,
            fix(
                "vpnprobe",
                """
                Name the server with --tftp <host>, or give the file with --config <file>, or the hash alone with \
                  --cert-hash <base64>.
                """,
            ),
        ),
        next=("vpnprobe phone --group-url {group_url} --mac {mac} --tftp <host>",),
    ),
    variants={
        "files": Guide(
            fix=(
                _OPTION_150,
                _ALTERNATE_SERVER,
                fix("vpnprobe", "Name the server with --tftp <host>, or give the files themselves instead of the MAC."),
            ),
            next=("vpnprobe config {device} --tftp <host>",),
        )
    },
)


def _judge_answers(case: Case, server: TftpServer) -> Result:
    if server.endpoint is None or not needs.is_named(server):
        return unclear("no configuration server is known (TFT001)")
    asked = needs.asked_files(case.evidence)
    if not asked and server.failure is not None:
        return failed(
            f"the configuration server {server.endpoint.host} has no address: {describe_failure(server.failure)}",
            "name",
            failure=server.failure.kind.value,
        )
    if not asked:
        return unclear(needs.not_reached(case.evidence, "boot-files").why)
    silent = needs.unanswered(asked)
    if silent:
        tried = listing(f"{file.name} by {file.protocol.upper()}: {describe_file(file)}" for file in silent)
        variant = "" if any(file.outcome == "timeout" for file in silent) else "unreachable"
        return failed(f"no answer: {tried}", variant, tried=tried)
    protocols = listing(file.protocol.upper() for file in asked if not needs.unanswered((file,)))
    return passed(f"answers by {protocols}")


TFT002 = Check(
    id="TFT002",
    slug="config-server-answers",
    title="The configuration server answers",
    stage="boot-files",
    severity="critical",
    probes=("phone", "config"),
    subjects=subjects.config_server,
    needs=needs.server,
    judge=_judge_answers,
    covers=("VP-38", "VP-39"),
    rationale="A phone fetches its configuration over the network, at home through the tunnel. TFTP begins at UDP port "
    "69 and goes on at a port of the server's choice, which filters forget.",
    guide=Guide(
        fix=(
            fix(
                "path",
                """
                Let UDP port 69 and the server's answers from high ports through, and TCP port 6970 for newer \
                  phones.
                A firewall between must inspect TFTP: show run policy-map (inspect tftp).
                """,
            ),
            fix(
                "CUCM",
                """
                utils service list
                utils service restart Cisco Tftp
                """,
            ),
            _ALTERNATE_SERVER,
        ),
        logs=_STATUS_TIMEOUT,
        next=(
            "curl -o {config_file} tftp://{tftp_endpoint}/{config_file}",
            "curl -o {config_file} http://{http_endpoint}/{config_file}",
        ),
    ),
    variants={
        "unreachable": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    utils service list
                    utils service restart Cisco Tftp
                    """,
                ),
                fix(
                    "DHCP",
                    """
                    Compare option 150 with the address of the node that runs the Cisco Tftp service.
                    """,
                ),
            ),
            logs=_STATUS_TIMEOUT,
            next=("curl -o {config_file} tftp://{tftp_endpoint}/{config_file}",),
        ),
        "name": Guide(
            fix=(
                fix("DNS", "Publish an A record for {config_server}, or write the server as an address."),
                _OPTION_150,
            ),
            logs=_STATUS_TIMEOUT,
            next=("nslookup {config_server}",),
        ),
    },
)


def _judge_foreign(_case: Case, files: tuple[BootFile, ...]) -> Result:
    foreign = sum(file.foreign for file in files)
    if foreign:
        names = listing(file.name for file in files if file.foreign)
        return failed(f"{foreign} datagrams of strangers were dropped during {names}", foreign=foreign)
    return passed("only the configuration server answered")


TFT005 = Check(
    id="TFT005",
    slug="foreign-datagrams",
    title="Nobody else answers in the configuration server's place",
    stage="boot-files",
    severity="warning",
    probes=("phone", "config"),
    subjects=subjects.config_server,
    needs=needs.asked,
    judge=_judge_foreign,
    rationale="TFTP knows its peer by address and port only. Datagrams from elsewhere are a second server, a NAT that "
    "changes ports, or somebody who wants the phone to take another configuration.",
    guide=Guide(
        fix=(
            fix(
                "path",
                """
                Capture UDP between here and {config_server} and see who sends: tcpdump -n udp and host \
                  {config_server}
                Look for two servers behind one address, and for a NAT that rewrites the source port.
                """,
            ),
        ),
        next=("tcpdump -n udp port 69",),
    ),
)


CHECKS = (TFT001, TFT002, TFT005)
