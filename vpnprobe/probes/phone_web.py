"""The phone-web probe: what a phone's own pages and logs say, and the configuration to compare them with.

It measures; it never says whether what it saw is good. It reads pages and sends nothing that could change the phone.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Final, Literal

import msgspec

from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.failure import Failure, FailureKind
from vpnprobe.model.observation import ConfigReading, TftpServer
from vpnprobe.model.phoneweb import ConsoleLog, PageName, PhoneWeb, StatusMessage, WebPage
from vpnprobe.model.target import Endpoint, Expectation, Persona, Target, device_name, parse_mac
from vpnprobe.phones.profile import Boot, load_profile
from vpnprobe.probes.bootfiles import (
    ABSENT,
    HTTP_PORT,
    Content,
    Fetched,
    fetch_by_http,
    fetch_by_tftp,
    fetch_configuration,
    offered,
    read_content,
)
from vpnprobe.probes.hellos import profile_hello
from vpnprobe.probes.options import PhoneWebOptions
from vpnprobe.probes.phoneconfig import locate_server
from vpnprobe.probes.recorder import Progress, Recorder, StageOutcome
from vpnprobe.transport.names import Resolver
from vpnprobe.transport.phone_web import Fetched as FetchedPage
from vpnprobe.transport.phone_web import PhoneServer
from vpnprobe.transport.tls_settings import TlsSettings
from vpnprobe.wire.phone_web.console_log import find_logs, read_log, without_secrets
from vpnprobe.wire.phone_web.layouts import FRONT_PAGE, LAYOUTS, Layout, Values, read_values
from vpnprobe.wire.phone_web.page import Page, parse_page
from vpnprobe.wire.phone_web.status_messages import read_messages
from vpnprobe.wire.tls.registry import Version

# A network page has some 20 kB, a log file up to some 500 kB.
PAGE_BYTES: Final = 128 << 10
LOG_BYTES: Final = 1 << 20
ALL_BYTES: Final = 12 << 20

NOT_RECOGNISED: Final = "no page was recognised"

_OK: Final = 200
# With these the server answers for all of its pages.
_CLOSED_DOORS: Final = frozenset({401, 403})
_NAME: Final = re.compile(r"SEP[0-9A-F]{12}")


class PhoneWebProbe:
    """One run. `run` measures within the deadline; `evidence` gives what there is at any moment."""

    def __init__(self, options: PhoneWebOptions, *, progress: Progress | None = None) -> None:
        self._options = options
        profile = options.profile
        self._recorder = Recorder(
            "phone-web",
            Target(server=options.phone, resolvers=options.network.resolvers),
            Persona(profile=profile.id, model=profile.model, mac=options.mac, chosen=options.chosen),
            expectation=Expectation(config_file=options.config.name if options.config else None),
            login_wanted=False,
            progress=progress,
        )
        self._resolver = Resolver(options.network.resolvers, timeout=options.network.timeout)
        self._seen = PhoneWeb(scheme="https" if options.https else "http")
        self._server: PhoneServer | None = None
        self._layout: Layout | None = None

    async def run(self) -> Evidence:
        """Run every stage that can run and return the Evidence; at the deadline, what there is by then."""
        try:
            async with asyncio.timeout(self._options.network.deadline):
                await self._run_stages()
        except TimeoutError:
            return self.evidence("deadline")
        return self.evidence()

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        """Return what was seen up to now, marked with what ended the run early."""
        if self._server is not None and self._server.leaf is not None:
            self._note(leaf=self._recorder.keep([self._server.leaf])[0])
        self._recorder.phone_web = self._seen
        return self._recorder.evidence(interrupted)

    async def _run_stages(self) -> None:
        try:
            await self._look_up()
            await self._read_pages()
            await self._read_logs()
        finally:
            if self._server is not None:
                await self._server.close()
        await self._read_config()

    async def _look_up(self) -> None:
        with self._recorder.stage("resolve") as outcome:
            found = await self._resolver.resolve(self._options.phone.host, self._options.network.families)
            self._recorder.resolution = found
            if not found.addresses:
                outcome.fail("no address")

    async def _read_pages(self) -> None:
        with self._recorder.stage("pages") as outcome:
            resolution = self._recorder.resolution
            if resolution is None or not resolution.addresses:
                outcome.skip("resolve")
                return
            for address in resolution.addresses:
                self._open(address)
                if await self._find_layout():
                    break
            if self._layout is None:
                outcome.fail(self._why_no_layout())
                return
            for name in ("network", "status-messages"):
                await self._read_page(name, self._layout.paths.get(name))

    def _open(self, address: str) -> None:
        options = self._options
        endpoint = Endpoint(address, options.phone.port)
        self._note(server=str(endpoint), pages=())
        self._server = PhoneServer(
            endpoint,
            options.phone.host,
            tls=_any_tls() if options.https else None,
            timeout=options.network.timeout,
            budget=ALL_BYTES,
        )

    async def _find_layout(self) -> bool:
        """Ask for the device page of each family until one is there; return whether this address answers at all."""
        for layout in LAYOUTS:
            page, values = await self._read_page("device-information", layout.paths["device-information"])
            if page is None or page.status in _CLOSED_DOORS:
                return page is not None
            if values.found:
                self._layout = layout
                self._note(layout=layout.name)
                return True
        await self._read_page("device-information", FRONT_PAGE)
        return True

    def _why_no_layout(self) -> str:
        last = self._seen.pages[-1]
        if last.status is None:
            return "no answer"
        return f"HTTP {last.status}" if last.status in _CLOSED_DOORS else NOT_RECOGNISED

    async def _read_page(self, name: PageName, path: str | None) -> tuple[WebPage | None, Values]:
        """Fetch and record one page. None where nothing answered, so that there is nothing more to ask."""
        none = Values(found={})
        if path is None or self._server is None:
            return None, none
        fetched = await self._server.get(path, cap=PAGE_BYTES)
        page, problem = _parsed(fetched)
        values, messages = none, tuple[StatusMessage, ...]()
        if page is not None and name == "status-messages":
            messages = tuple(_clean_message(one) for one in read_messages(page))
        elif page is not None:
            values = read_values(page, name)
        recorded = _recorded(name, fetched, problem, len(values.found) or len(messages), values.unrecognised)
        self._note(pages=(*self._seen.pages, recorded))
        if page is not None:
            self._take(name, page, values, messages)
        return (None if fetched.status is None else recorded), values

    def _take(self, name: PageName, page: Page, values: Values, messages: tuple[StatusMessage, ...]) -> None:
        if page.title and self._seen.title is None:
            self._note(title=page.title)
        clean = {key: without_secrets(value) for key, value in values.found.items()}
        match name:
            case "device-information":
                self._note(device=clean)
            case "network":
                self._note(network=clean)
            case "status-messages":
                self._note(messages=messages)

    async def _read_logs(self) -> None:
        with self._recorder.stage("console-logs") as outcome:
            if not self._recorder.succeeded("pages") or self._layout is None or self._server is None:
                outcome.skip("pages")
                return
            path = self._layout.paths.get("console-logs")
            if path is None:
                outcome.skip(f"no console logs are known of the layout {self._layout.name}")
                return
            fetched = await self._server.get(path, cap=PAGE_BYTES)
            page, problem = _parsed(fetched)
            index = find_logs(page) if page is not None else None
            found = index.paths if index is not None else ()
            others = index.others if index is not None else ()
            recorded = _recorded("console-logs", fetched, problem, len(found), others)
            self._note(pages=(*self._seen.pages, recorded))
            for log in found:
                self._note(logs=(*self._seen.logs, await self._read_log(self._server, log)))
            if not any(log.failure is None for log in self._seen.logs):
                outcome.fail("no log was read")

    async def _read_log(self, server: PhoneServer, path: str) -> ConsoleLog:
        fetched = await server.get(path, cap=LOG_BYTES)
        failure = fetched.failure
        if failure is None and fetched.status != _OK:
            failure = _http_failure(fetched)
        # What came of a log that is too long, or that the phone stopped sending, says something all the same.
        reading = read_log(fetched.body) if fetched.status == _OK else read_log(b"")
        return ConsoleLog(
            name=path,
            size=len(fetched.body),
            lines=reading.lines,
            records=reading.records,
            sha256=hashlib.sha256(fetched.body).hexdigest() if fetched.body else None,
            events=reading.events,
            failure=failure,
        )

    async def _read_config(self) -> None:
        with self._recorder.stage("config") as outcome:
            options = self._options
            if options.config is not None:
                self._recorder.tftp_server = TftpServer(origin="config-file")
                content: Content | None = read_content(options.config.name, options.config.data, "file")
            elif options.server is not None:
                content = await self._fetch_config(options.server.endpoint, outcome)
            else:
                outcome.skip("neither --config nor --tftp given")
                return
            self._recorder.config = reading = content.reading if content else ConfigReading(origin="none")
            if content is not None and reading.config is None:
                outcome.fail(reading.problem or "no configuration")

    async def _fetch_config(self, where: Endpoint, outcome: StageOutcome) -> Content | None:
        network = self._options.network
        self._recorder.tftp_server = server = await locate_server(self._resolver, network.families, "option", where)
        device = self._device()
        boot = self._boot()
        if device is None or boot is None:
            outcome.skip("the phone's MAC address is not known; give --mac")
            return None
        if not server.addresses:
            outcome.fail("no configuration server")
            return None
        content = None
        for address in server.addresses:
            content = await self._fetch_from(Endpoint(address, where.port), boot, device)
            if content is not None or self._recorder.boot_files[-1].outcome not in ABSENT:
                break
        if content is None:
            outcome.fail("no configuration file")
        return content

    async def _fetch_from(self, server: Endpoint, boot: Boot, device: str) -> Content | None:
        options = self._options
        timeout = options.network.timeout
        by_http = boot.protocols[0] == "http"

        async def get(name: str) -> Fetched:
            nonlocal by_http
            if by_http:
                where = Endpoint(server.host, options.http_port or boot.http_port or HTTP_PORT)
                fetched = await fetch_by_http(where, name, timeout=timeout)
                self._recorder.boot_files.append(fetched[0])
                if fetched[0].outcome not in ABSENT:
                    return fetched
                by_http = False
            deadline = asyncio.get_running_loop().time() + options.network.deadline
            fetched = await fetch_by_tftp(
                server, name, timeout=timeout, deadline=deadline, options=offered(boot.tftp_options)
            )
            self._recorder.boot_files.append(fetched[0])
            return fetched

        return await fetch_configuration(boot, device, get, trust_list=True)

    def _device(self) -> str | None:
        """Return the device name of the operator's MAC, else the one that the pages give."""
        if self._options.mac is not None:
            return device_name(self._options.mac)
        name = self._seen.device.get("host_name", "")
        if _NAME.fullmatch(name):
            return name
        try:
            return device_name(parse_mac(self._seen.device.get("mac", "")))
        except UsageError:
            return None

    def _boot(self) -> Boot | None:
        """Return how the model that the pages name fetches its files, else the one that the operator named."""
        try:
            return load_profile(self._seen.device.get("model", "")).boot
        except UsageError:
            return self._options.profile.boot

    def _note(self, **changes: object) -> None:
        self._seen = msgspec.structs.replace(self._seen, **changes)


def _any_tls() -> TlsSettings:
    """Return settings that the web server of any phone can take: from the oldest version on."""
    modern = profile_hello(load_profile("modern"))
    return TlsSettings(minimum=Version.TLS1_0, maximum=Version.TLS1_3, suites=modern.template.suites)


def _parsed(fetched: FetchedPage) -> tuple[Page | None, str | None]:
    """Return the page, or why there is none; a page that was cut is read as far as it came."""
    if fetched.status != _OK:
        return None, None
    try:
        return parse_page(fetched.body, fetched.content_type), None
    except WireError as error:
        return None, str(error)


def _recorded(
    name: PageName, fetched: FetchedPage, problem: str | None, recognised: int, unrecognised: tuple[str, ...]
) -> WebPage:
    return WebPage(
        name=name,
        path=fetched.path,
        status=fetched.status,
        failure=fetched.failure,
        size=len(fetched.body),
        sha256=hashlib.sha256(fetched.body).hexdigest() if fetched.body else None,
        recognised=recognised,
        unrecognised=unrecognised,
        problem=problem,
        duration_s=fetched.duration_s,
    )


def _clean_message(message: StatusMessage) -> StatusMessage:
    return msgspec.structs.replace(message, text=without_secrets(message.text))


def _http_failure(fetched: FetchedPage) -> Failure:
    return Failure(kind=FailureKind.SERVER_ERROR, code=fetched.status, detail=f"HTTP {fetched.status}")
