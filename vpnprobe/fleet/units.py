"""Units for systemd that run a plan: `watch` as a service, `check` by a timer, or the exporter (systemd.service(5))."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vpnprobe.fleet.plan import DEFAULT_JITTER, Plan, PlannedProbe
from vpnprobe.model.errors import UsageError

WATCH_SERVICE: Final = "vpnprobe-watch.service"
CHECK_SERVICE: Final = "vpnprobe-check.service"
CHECK_TIMER: Final = "vpnprobe-check.timer"
EXPORTER_SERVICE: Final = "vpnprobe-exporter.service"

# What systemd makes for the service below /var/lib, and keeps.
_STATE_DIRECTORY: Final = "vpnprobe"

# Beside the plan.
_ENVIRONMENT_FILE: Final = "vpnprobe.env"

# A timer that fires more often would only find the last check still running.
_SHORTEST_TIMER_S: Final = 60

# What asking by DHCP needs: port 68, and one interface (vpnprobe.transport.dhcp).
_DHCP_CAPABILITIES: Final = "CAP_NET_BIND_SERVICE CAP_NET_RAW"

_PLAIN: Final = re.compile(r"[\w./:@%+=,$-]+")

_HARDENING: Final = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
PrivateDevices=yes
PrivateTmp=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""


def systemd_units(plan: Plan, file: Path, command: Sequence[str], *, user: str | None = None) -> dict[str, str]:
    """Return the units by their names. `file` is the plan's absolute path, `command` starts vpnprobe.

    Without a `user`, systemd gives the services one of their own, which must be able to read the files of the plan.
    Raises `UsageError` for a name that no unit can have.
    """
    for text in (str(file), *command, *([] if user is None else [user])):
        if not text or not text.isprintable():
            raise UsageError(f"{text!r} cannot stand in a unit of systemd; choose a name of printable characters")
    environment = _environment(plan, file, user, written=_written(plan, file))
    return {
        WATCH_SERVICE: _WATCH.format(
            plan=_literal(str(file)), command=_words([*command, "watch", str(file)]), environment=environment
        ),
        CHECK_SERVICE: _CHECK.format(
            plan=_literal(str(file)), command=_words([*command, "check", str(file)]), environment=environment
        ),
        CHECK_TIMER: _timer(plan, file),
        EXPORTER_SERVICE: _EXPORTER.format(
            plan=_literal(str(file)),
            command=_words([*command, "exporter", str(file)]),
            environment=_environment(plan, file, user, written=None),
        ),
    }


_WATCH: Final = """\
[Unit]
Description=vpnprobe: probes of {plan}
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=notify
ExecStart={command}
# systemctl reload reads the plan again; where it is wrong, the old one stays.
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=5min
Restart=on-failure
RestartSec=30s
TimeoutStopSec=30s
{environment}
[Install]
WantedBy=multi-user.target
"""

_CHECK: Final = """\
[Unit]
Description=vpnprobe: one check of {plan}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart={command}
# 1 is WARNING and 2 is CRITICAL: the check itself went well. Remove this line, and the unit fails with them.
SuccessExitStatus=1 2
{environment}"""

_EXPORTER: Final = """\
[Unit]
Description=vpnprobe: exporter for Prometheus of {plan}
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
# Where it listens: VPNPROBE_LISTEN in the environment, or --listen here.
ExecStart={command}
# systemctl reload reads the plan again; where it is wrong, the old one stays.
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=30s
TimeoutStopSec=30s
{environment}
[Install]
WantedBy=multi-user.target
"""

_TIMER: Final = """\
[Unit]
Description=vpnprobe: checks of {plan}

[Timer]
OnBootSec=1min
OnUnitActiveSec={interval:.0f}s
RandomizedDelaySec={jitter:.0f}s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""


def _timer(plan: Plan, file: Path) -> str:
    interval_s = max(_SHORTEST_TIMER_S, min(probe.interval_s for probe in plan.probes))
    return _TIMER.format(plan=_literal(str(file)), interval=interval_s, jitter=interval_s * DEFAULT_JITTER)


def _environment(plan: Plan, file: Path, user: str | None, *, written: Sequence[str] | None) -> str:
    """Return what a service may do and see: `written` are the directories that it writes into beside its own.

    None stands for a service that writes nothing. It has no directory of its own either: systemd would give that to
    its user, and take it from the service that watches.
    """
    capabilities = _DHCP_CAPABILITIES if any(_asks_dhcp(probe) for probe in plan.probes) else ""
    lines = [
        f"User={_literal(user)}" if user is not None else "DynamicUser=yes",
        f"WorkingDirectory={_literal(str(file.parent))}",
        *([] if written is None else [f"StateDirectory={_STATE_DIRECTORY}"]),
        "# What a plan takes from the environment, such as VPNPROBE_PASSWORD and the variables of url-env; only root",
        "# need be able to read this file, and it may be missing.",
        f"EnvironmentFile=-{_literal(str(file.parent / _ENVIRONMENT_FILE))}",
        "UMask=0027",
        "# The commands of alerts are held to what follows, too.",
        f"CapabilityBoundingSet={capabilities}",
        *([f"AmbientCapabilities={capabilities}"] if capabilities else []),
        *(f"ReadWritePaths={_words([folder])}" for folder in written or ()),
        *_HARDENING.splitlines(),
    ]
    return "".join(f"{line}\n" for line in lines)


def _asks_dhcp(probe: PlannedProbe) -> bool:
    server = probe.options.get("tftp")
    return isinstance(server, str) and server.partition(":")[0] == "dhcp"


def _written(plan: Plan, file: Path) -> list[str]:
    """Return the directories, beside the services' own, in which the plan has files written."""
    folders = {str((file.parent / name).parent) for name in plan.written.values()}
    return sorted(folders - {f"/var/lib/{_STATE_DIRECTORY}"})


def _literal(text: str) -> str:
    """Return a text in which nothing stands for something else (systemd.unit(5), specifiers)."""
    return text.replace("%", "%%")


def _words(words: Sequence[str]) -> str:
    """Return words as one line: quoted where they must be (systemd.syntax(7)), and no variables."""
    return " ".join(_word(_literal(word).replace("$", "$$")) for word in words)


def _word(word: str) -> str:
    if _PLAIN.fullmatch(word) is not None:
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
