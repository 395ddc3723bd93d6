"""Checks of the configuration file that the server serves: whether it is there, whole, and the phone's own."""

from __future__ import annotations

from vpnprobe.checks import needs, subjects
from vpnprobe.checks.base import Case, Check, Guide, Result, failed, fix, not_applicable, passed, unclear
from vpnprobe.checks.wording import describe_file
from vpnprobe.model.failure import FailureKind
from vpnprobe.model.finding import Fact, Logs
from vpnprobe.model.observation import BootFile, BootFileOutcome
from vpnprobe.wire.sgn import file_name_matches

# VP-39: what the phone's status page shows.
_STATUS_ERROR = Logs(phone=("Trust List Update Failed", "TFTP Error : {config_file}.sgn"))

# The outcome that tells most stands first; HTTP's and TFTP's answers may differ.
_REFUSALS: tuple[BootFileOutcome, ...] = ("busy", "refused", "server-error", "not-found")


def _judge_served(_case: Case, files: tuple[BootFile, ...]) -> Result:
    received = next((file for file in files if file.outcome == "received"), None)
    if received is not None:
        return passed(f"{received.name} served by {received.server} ({received.protocol.upper()})", file=received.name)
    if any(file.outcome in needs.BROKEN for file in files):
        return unclear("the file is served, but did not arrive whole (TFT004)")
    refusal = min((file for file in files if file.outcome in _REFUSALS), key=lambda file: _REFUSALS.index(file.outcome))
    facts: dict[str, Fact] = {"file": refusal.name, "code": refusal.code, "message": refusal.message}
    full = "max serving count" in (refusal.message or "").lower()
    variant = "serving-count" if full else refusal.outcome
    return failed(f"{refusal.server} does not serve {refusal.name}: {describe_file(refusal)}", variant, **facts)


_LOOK = "curl -o {config_file} tftp://{tftp_endpoint}/{config_file}"
_NOT_SERVED_NEXT = (
    _LOOK,
    "vpnprobe config <other-mac>",
)

TFT003 = Check(
    id="TFT003",
    slug="config-file-served",
    title="The configuration server serves this phone's configuration",
    stage="boot-files",
    severity="critical",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=needs.fetches,
    judge=_judge_served,
    covers=("VP-11", "VP-39"),
    rationale="CUCM builds the file for every phone that it knows. None means a wrong MAC, another cluster, or a phone "
    "that was never added. By hand the file is fetched with curl, or on Windows with tftp -i <server> GET <file>; "
    "where that command is not recognized, turn on the feature TFTP Client.",
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                Device > Phone: find {device}; if it is not there, add it.
                Check that this cluster's TFTP server is asked, and that the label on the phone says {mac}.
                Apply the configuration to the phone, so that the file is built anew.
                """,
            ),
            fix("CUCM", "utils service restart Cisco Tftp"),
        ),
        logs=_STATUS_ERROR,
        next=_NOT_SERVED_NEXT,
    ),
    variants={
        "refused": Guide(
            fix=(
                fix(
                    "TFTP",
                    """
                    The server knows the file and refuses it: check its permissions and the server's access list.
                    CUCM serves to everybody; this may be another server than the phone's.
                    """,
                ),
            ),
            logs=_STATUS_ERROR,
            next=_NOT_SERVED_NEXT,
        ),
        "busy": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    Wait until CUCM has rebuilt its files, then try again.
                    utils service list
                    """,
                ),
                fix("CUCM", "If it stays so: utils service restart Cisco Tftp"),
            ),
            logs=_STATUS_ERROR,
            next=("curl -v -o {config_file} http://{http_endpoint}/{config_file}",),
        ),
        "serving-count": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    The server serves as many requests at a time as it may. Do not restart it: every phone would \
                      ask again at once. Wait, or spread the phones over more TFTP servers.
                    System > Service Parameters > Cisco Tftp: Maximum Serving Count.
                    """,
                ),
            ),
            logs=_STATUS_ERROR,
            next=_NOT_SERVED_NEXT,
        ),
        "server-error": Guide(
            fix=(
                fix("TFTP", "The server reported an error of its own ({message}): read its log."),
                fix("CUCM", "utils service restart Cisco Tftp"),
            ),
            logs=_STATUS_ERROR,
            next=_NOT_SERVED_NEXT,
        ),
    },
    references=("Cisco document 116162, download of the configuration file",),
)


def _judge_whole(case: Case, files: tuple[BootFile, ...]) -> Result:
    received = next((file for file in files if file.outcome == "received"), None)
    if received is not None:
        return passed(
            f"{received.name} arrived whole, {received.size} bytes", size=received.size, sha256=received.sha256
        )
    broken = next((file for file in files if file.outcome in needs.BROKEN), None)
    if broken is None:
        return unclear("no part of the file arrived (TFT003)")
    name = "" if broken.name == case.subject.label else f"{broken.name} "
    return failed(
        f"{name}did not arrive whole by {broken.protocol.upper()} from {broken.server}: {describe_file(broken)}, "
        f"{broken.size} bytes arrived",
        _how_it_broke(broken),
        size=broken.size,
        retransmissions=broken.retransmissions,
    )


def _how_it_broke(broken: BootFile) -> str:
    if broken.outcome != "truncated":
        return broken.outcome
    kind = None if broken.failure is None else broken.failure.kind
    if broken.protocol == "tftp" and kind in (FailureKind.REFUSED, FailureKind.UNREACHABLE):
        return "closed"
    return "http" if broken.protocol == "http" else ""


TFT004 = Check(
    id="TFT004",
    slug="config-file-whole",
    title="The configuration arrives whole",
    stage="boot-files",
    severity="critical",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=needs.fetches,
    judge=_judge_whole,
    covers=("VP-39",),
    rationale="A transfer that breaks off leaves the phone with its old configuration, or with none.",
    guide=Guide(
        fix=(
            fix(
                "path",
                """
                A transfer that stops in the middle is lost on the way: look for a firewall that forgets the \
                  transfer's ports, for a smaller MTU in the tunnel, and for packet loss.
                ping {config_server} with 1400 bytes and the don't-fragment bit
                """,
            ),
            fix(
                "ASA",
                """
                show run policy-map
                show conn protocol udp address {config_server}
                show asp drop
                """,
            ),
        ),
        logs=_STATUS_ERROR,
        next=(_LOOK,),
    ),
    variants={
        "closed": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    The server itself closed the port in the middle of the transfer and said so. The way there is \
                      good: no firewall and no MTU is to blame. See whether the service ended or was restarted.
                    utils service list
                    """,
                ),
            ),
            logs=_STATUS_ERROR,
            next=(_LOOK,),
        ),
        "http": Guide(
            fix=(
                fix(
                    "CUCM",
                    """
                    The answer by HTTP is shorter than its header announced. Compare with the same file by TFTP.
                    utils service list
                    """,
                ),
                fix(
                    "path",
                    """
                    Look for a proxy or a firewall between here and {http_endpoint} that ends TCP connections early.
                    """,
                ),
            ),
            logs=_STATUS_ERROR,
            next=("curl -v -o {config_file} http://{http_endpoint}/{config_file}", _LOOK),
        ),
    }
    | {
        outcome: Guide(
            fix=(
                fix(
                    "TFTP",
                    """
                    What answers at {config_server} does not behave like a configuration server: check that option \
                      150 names the CUCM node that runs the Cisco Tftp service.
                    """,
                ),
            ),
            logs=_STATUS_ERROR,
            next=(_LOOK,),
        )
        for outcome in ("too-large", "malformed")
    },
)


def _judge_signed_name(_case: Case, files: tuple[BootFile, ...]) -> Result:
    received = next((file for file in files if file.outcome == "received"), None)
    if received is None:
        return unclear("no configuration arrived")
    signed = received.signed
    if signed is None:
        return not_applicable(f"{received.name} is not signed")
    if signed.file_name is None:
        return unclear(f"the header of {received.name} names no file: {signed.problem or 'the name is missing'}")
    if file_name_matches(signed.file_name, received.name):
        return passed(f"the signed header names {signed.file_name}", signer=signed.signer)
    return failed(
        f"{received.name} carries the signed name of another file: {signed.file_name}",
        asked=received.name,
        embedded=signed.file_name,
        signer=signed.signer,
    )


TFT006 = Check(
    id="TFT006",
    slug="signed-file-name",
    title="The signed configuration is this phone's own",
    stage="boot-files",
    severity="critical",
    probes=("phone", "config"),
    subjects=subjects.config_file,
    needs=needs.arrived,
    judge=_judge_signed_name,
    covers=("VP-39",),
    rationale=(
        "The name in the signed header must be that of the file asked for; otherwise any phone's signed file "
        "would pass as any other's."
    ),
    guide=Guide(
        fix=(
            fix(
                "CUCM",
                """
                The file was copied or renamed by hand. Delete it from the TFTP path and apply the configuration \
                  to {device}, so that CUCM builds and signs it anew.
                utils service restart Cisco Tftp
                """,
            ),
        ),
        logs=_STATUS_ERROR,
        next=("curl -o {config_file}.sgn tftp://{tftp_endpoint}/{config_file}.sgn",),
    ),
)

CHECKS = (TFT003, TFT004, TFT006)
