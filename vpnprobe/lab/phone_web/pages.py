"""Writes the pages and logs of a phone, in the form of its family."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from vpnprobe.lab.phone_web.scenario import Phone
from vpnprobe.model.target import device_name

_ADAPTER = "/CGI/Java/Serviceability?adapter="
DEVICE, NETWORK = f"{_ADAPTER}device.statistics.device", f"{_ADAPTER}device.statistics.configuration"
STATUS, CONSOLE = f"{_ADAPTER}device.settings.status.messages", f"{_ADAPTER}device.statistics.consolelog"

LOGS = ("/FS/cache/log181", "/FS/cache/log182", "/FS/cache/log178", "/FS/cache/log179", "/FS/cache/log180")
LOST_LOG = "/FS/cache/log179"
NEWER_LOGS = ("/FS/messages", "/FS/messages.0", "/FS/messages.1", "/FS/messages.2")

# An administrator's password in a URL, and a user's in a log: neither may get into a report.
PHONE_SECRET = "hunter2-of-the-phone"

_JAPANESE = {
    "MAC Address": "MACアドレス",
    "Host Name": "ホスト名",
    "Phone DN": "電話番号",
    "App Load ID": "アプリケーションロードID",
    "Version": "バージョン",
    "Model Number": "モデル番号",
    "Serial Number": "シリアル番号",
    "DHCP Server": "DHCPサーバ",
    "IP Address": "IPアドレス",
    "Alternate TFTP": "代替TFTP",
    "TFTP Server 1": "TFTPサーバ1",
    "TFTP Server 2": "TFTPサーバ2",
    "CallManager 1": "CallManagerサーバ1",
    "Authentication URL": "認証URL",
    "Security Mode": "セキュリティモード",
    "Web Access Enabled": "Webアクセス",
}


def is_newer(phone: Phone) -> bool:
    """Whether the phone is a 78xx or 88xx, whose logs have other names and another form."""
    return phone.model.startswith(("CP-78", "CP-88"))


def page_files(phone: Phone, tftp: str) -> dict[str, tuple[str, bytes]]:
    """Return content type and body of every path; `tftp` is the lab's TFTP server."""
    pages = {
        DEVICE: _page(phone, "Device Information", _table(phone, _device_rows(phone)), hostile=True),
        NETWORK: _page(phone, "Network Configuration", _table(phone, _network_rows(phone, tftp))),
        STATUS: _page(phone, "Status Messages", _message_lines(phone)),
        CONSOLE: _page(phone, "Console Logs", _log_links(phone)),
    }
    # CUCM's pages say UTF-8; the wrong one is Latin-1 under that name.
    charset = "latin-1" if phone.page == "wrong-charset" else "utf-8"
    files = {path: ("text/html; charset=utf-8", text.encode(charset, "replace")) for path, text in pages.items()}
    files |= {path: ("text/plain", text.encode()) for path, text in _logs(phone).items()}
    return files


def other_vendor() -> bytes:
    """Return the page of somebody else's device."""
    return b"<html><head><title>NetWidget 3000</title></head><body><form>User <input></form></body></html>"


def _page(phone: Phone, heading: str, content: str, *, hostile: bool = False) -> str:
    device = device_name(phone.mac)
    links = "".join(
        f'<TR>\n<TD>&nbsp;&nbsp;<a href="{path}">{label}</A></TD></TR>'
        for path, label in (
            (DEVICE, "Device Information"),
            (NETWORK, "Network Configuration"),
            (CONSOLE, "Console Logs"),
            (STATUS, "Status Messages"),
        )
    )
    more = ""
    if hostile and phone.page == "script":
        more = "<script>alert(document.cookie); // </td><TD><B>Host Name</B></TD><TD>evil</TD></script>" * 50
    if hostile and phone.page == "control":
        more = "<p>\x1b[2J\x1b]0;owned\x07\u202ereversed &#27;[31mred &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    return (
        "<HTML>\n<HEAD><TITLE>Cisco Systems, Inc.</TITLE></HEAD>\n<BODY>"
        f'<TABLE BORDER="1"><TR>\n<TD><p ALIGN=center><B><font size="6">{heading}</FONT></B>'
        f'<p ALIGN=center><B><font size="4">Cisco Unified IP Phone {phone.model} ( {device} )'
        "</FONT></FONT></B></TD></TR>\n"
        f"<TR><TD><TABLE>{links}</TABLE></TD>\n<TD VALIGN=top><DIV ALIGN=center>\n{content}</DIV>{more}</TD></TR>"
        "</TABLE></BODY></HTML>\n"
    )


def _table(phone: Phone, rows: Iterable[tuple[str, str]]) -> str:
    labels = _JAPANESE if phone.labels == "japanese" else {}
    cells = "".join(
        f"<TR><TD><B> {labels.get(label, label)}</B></TD><td width=20></TD><TD><B>{_value(phone, value)}</B></TD></TR>"
        for label, value in rows
    )
    return f'<TABLE BORDER="0" CELLSPACING="10">{cells}</TABLE>'


def _value(phone: Phone, value: str) -> str:
    """Write a value as the phone does: newer ones write punctuation as character numbers."""
    text = escape(value)
    return text.replace("-", "&#x2D;").replace("/", "&#x2F;") if is_newer(phone) else text


def _device_rows(phone: Phone) -> list[tuple[str, str]]:
    owner = "Owner" if phone.page != "wrong-charset" else "Besitzer Müller"
    control = "\x1b[31mred" if phone.page == "control" else "1001"
    return [
        ("MAC Address", phone.mac),
        ("Host Name", device_name(phone.mac)),
        ("Phone DN", control),
        ("App Load ID", f"jar42sccp.{phone.version}"),
        ("Version", phone.version),
        ("Serial Number", "FCH00000LAB"),
        ("Model Number", phone.model),
        (owner, "nobody"),
    ]


def _network_rows(phone: Phone, tftp: str) -> list[tuple[str, str]]:
    servers = [one.format(tftp=tftp) for one in phone.tftp] + ["", ""]
    return [
        ("DHCP Server", "192.0.2.1"),
        ("MAC Address", phone.mac),
        ("IP Address", "192.0.2.40"),
        ("Alternate TFTP", phone.alternate_tftp),
        ("TFTP Server 1", servers[0]),
        ("TFTP Server 2", servers[1]),
        ("CallManager 1", f"{phone.cucm} Active"),
        (
            "Authentication URL",
            f"http://admin:{PHONE_SECRET}@{phone.cucm}:8080/authenticate.jsp?password={PHONE_SECRET}",
        ),
        ("Security Mode", "Non Secure"),
        ("Web Access Enabled", "Yes"),
    ]


def _message_lines(phone: Phone) -> str:
    device = device_name(phone.mac)
    texts = [message.format(device=device) for message in phone.messages]
    if is_newer(phone):
        rows = (text.partition(" ") for text in texts)
        return "".join(f"<TR><TD>{time}am 11/21/26\n{text}</TD></TR>" for time, _, text in rows)
    return "".join(f"<TR><TD><B>{text}</B></TD></TR>" for text in texts)


def _log_links(phone: Phone) -> str:
    paths = NEWER_LOGS if is_newer(phone) else LOGS
    others = ("/FS/cache/fsck.fd0a.log", "/FS/cache/fsck.f11a.log")
    return "".join(f'<TR><TD><a href="{path}">{path}</A></TD></TR>\n' for path in (*others, *paths))


def _logs(phone: Phone) -> dict[str, str]:
    if is_newer(phone):
        oldest_first: Sequence[str] = NEWER_LOGS[::-1]
    else:
        oldest_first = sorted(LOGS)
    logs = {path: _log(phone, number * 100, _NOTHING) for number, path in enumerate(oldest_first, 1)}
    logs[oldest_first[-1]] = _log(phone, len(oldest_first) * 100, (*_NOTHING, *phone.log))
    if phone.lost_log:
        del logs[LOST_LOG]
    return logs


_NOTHING = (
    "NOT JVM: Startup Module Loader|cip.sipcc: Device registered",
    f"NOT SSHD: debug: password={PHONE_SECRET} for user admin",
)


def _log(phone: Phone, first: int, records: Iterable[str]) -> str:
    lines = []
    for number, record in enumerate(records, first):
        level, _, rest = record.partition(" ")
        if is_newer(phone):
            process, _, text = rest.partition(": ")
            lines.append(f"{number} {level} Nov 21 10:19:27.{number:06d} {process}-{text}")
        else:
            lines.append(f"{number}: {level} 10:19:27.{number:06d} {rest}")
    return "\n".join((*lines, ""))
