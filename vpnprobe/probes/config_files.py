"""The config probe: what a phone would take of the files that a server has for it, or that the operator gave.

It measures; it never says whether what it saw is good. Nothing is sent to anybody but requests for files and, where it
was asked for, read-only questions to the TVS servers of the phone's trust list.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Literal

import msgspec

from vpnprobe.model.errors import UsageError, WireError
from vpnprobe.model.evidence import Evidence
from vpnprobe.model.observation import BootFile, ConfigReading, TftpServer
from vpnprobe.model.target import Persona, Target, device_name
from vpnprobe.phoneconfig.decryption import DecryptionError, decrypt_configuration
from vpnprobe.probes.bootfiles import Content, read_content, signed_file
from vpnprobe.probes.options import ConfigOptions, GivenFile
from vpnprobe.probes.phoneconfig import BootFiles
from vpnprobe.probes.recorder import Progress, Recorder, StageOutcome
from vpnprobe.probes.trust import TrustFiles
from vpnprobe.probes.tvs_questions import ask_tvs
from vpnprobe.transport.names import Resolver
from vpnprobe.wire.sgn import strip
from vpnprobe.wire.sgn_encryption import parse_encryption_values

# Of several given files the one that says most about the phone.
_TELLING = (".cnf.xml.sgn", ".cnf.xml", "")


class ConfigProbe:
    """One run. `run` measures within the deadline; `evidence` gives what there is at any moment.

    Raises `UsageError` for a profile that is no phone, `run` for a key that cannot be used.
    """

    def __init__(self, options: ConfigOptions, *, progress: Progress | None = None) -> None:
        boot = options.profile.boot
        if boot is None:
            raise UsageError(f"{options.profile.id} is no phone; choose a phone with --model")
        device = device_name(options.mac) if options.mac is not None else None
        self._options = options
        self._recorder = Recorder(
            "config",
            Target(
                source=device if not options.files else ", ".join(file.name for file in options.files),
                resolvers=options.network.resolvers,
            ),
            Persona(profile=options.profile.id, model=options.profile.model, mac=options.mac),
            progress=progress,
        )
        self._resolver = Resolver(options.network.resolvers, timeout=options.network.timeout)
        self._files = BootFiles(
            boot,
            device or "",
            self._recorder,
            self._resolver,
            options.network,
            wanted=options.server,
            http_port=options.http_port,
        )
        self._trust = TrustFiles(self._recorder, self._files.received)

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
        return self._recorder.evidence(interrupted)

    async def _run_stages(self) -> None:
        recorder, options = self._recorder, self._options
        with recorder.stage("boot-files") as outcome:
            if options.files:
                content = self._take_given()
                outcome.skip("files given")
            else:
                content = await self._files.fetch(outcome)
        with recorder.stage("trust-list") as outcome:
            for file in options.trust_lists:
                self._trust.hold(file.name, file.data)
            self._trust.read_lists()
            if not recorder.trust_lists:
                outcome.skip("no trust list")
        with recorder.stage("signature") as outcome:
            self._trust.check_files()
            if not any(file.signed and file.signed.signature for file in recorder.boot_files):
                outcome.skip("nothing to check")
        with recorder.stage("tvs") as outcome:
            await self._ask_tvs(content, outcome)
        with recorder.stage("config") as outcome:
            content = self._open_encrypted(content)
            recorder.config = reading = content.reading if content else ConfigReading(origin="none")
            if reading.config is None:
                (outcome.skip if reading.origin == "none" else outcome.fail)(reading.problem or "no configuration")

    def _take_given(self) -> Content | None:
        """Record the operator's files as if they had arrived, and read the configuration among them."""
        self._recorder.tftp_server = TftpServer(origin="config-file")
        for file in self._options.files:
            taken = _as_received(file)
            self._files.received[len(self._recorder.boot_files)] = file.data
            self._recorder.boot_files.append(taken)
        for ending in _TELLING:
            for place, data in self._files.received.items():
                name = self._recorder.boot_files[place].name
                if name.endswith(ending) and ".tlv" not in name:
                    return read_content(name, data, "file")
        return None

    async def _ask_tvs(self, content: Content | None, outcome: StageOutcome) -> None:
        options = self._options
        if not options.tvs:
            outcome.skip("--tvs not given")
            return
        if not self._trust.unknown_signers():
            outcome.skip("every signer is known")
            return
        config = content.config if content is not None else None
        await ask_tvs(self._trust, self._recorder, self._resolver, config, options)

    def _open_encrypted(self, content: Content | None) -> Content | None:
        """Return what the key opens, in place of the short form or of what cannot be read."""
        key = self._options.key
        if key is None:
            return content
        for place, data in self._files.received.items():
            file = self._recorder.boot_files[place]
            if file.signed is None or file.signed.encryption is None:
                continue
            plain, problem = None, None
            try:
                plain = decrypt_configuration(parse_encryption_values(data), strip(data), key)
            except (DecryptionError, WireError) as error:
                problem = str(error)
            encryption = msgspec.structs.replace(file.signed.encryption, decrypted=plain is not None, problem=problem)
            signed = msgspec.structs.replace(file.signed, encryption=encryption)
            self._recorder.boot_files[place] = msgspec.structs.replace(file, signed=signed)
            if plain is not None:
                content = read_content(file.name, plain, file.protocol, file.server or None)
        return content


def _as_received(file: GivenFile) -> BootFile:
    """Return a given file as a boot file; one that was renamed goes by the name in its header."""
    signed = signed_file(file.data)
    name = file.name
    if ".cnf.xml" not in name and ".tlv" not in name and signed is not None and signed.file_name:
        name = signed.file_name
    return BootFile(
        name=name,
        protocol="file",
        server="",
        outcome="received",
        size=len(file.data),
        sha256=hashlib.sha256(file.data).hexdigest(),
        signed=signed,
    )
