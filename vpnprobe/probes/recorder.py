"""Collects what the stages of one run see, so that even a run cut short leaves whole Evidence."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from vpnprobe.model.capf import Capf
from vpnprobe.model.certificates import GivenCertificate
from vpnprobe.model.evidence import STAGES, Evidence, ProbeName, Stage, StageName, Tool
from vpnprobe.model.federation import Federation
from vpnprobe.model.observation import (
    BootFile,
    ConfigReading,
    Enumeration,
    FirstFlight,
    Handshake,
    Login,
    PhoneDecision,
    Resolution,
    TftpServer,
)
from vpnprobe.model.phoneweb import PhoneWeb
from vpnprobe.model.target import Expectation, Persona, Target
from vpnprobe.model.trust import TrustList, TvsAnswer
from vpnprobe.version import CATALOGUE_VERSION, __version__

TOOL = Tool(name="vpnprobe", version=__version__, catalogue=CATALOGUE_VERSION)

Progress = Callable[[str], None]


class StageOutcome:
    """What a running stage says of its own end; `done` unless it calls `fail` or `skip`."""

    __slots__ = ("because", "status")

    def __init__(self) -> None:
        self.status: Literal["done", "failed", "skipped"] = "done"
        self.because: str | None = None

    def fail(self, because: str) -> None:
        """The stage ran and did not get what the next ones need."""
        self.status, self.because = "failed", because

    def skip(self, because: str) -> None:
        """The stage had nothing to do, because of the named stage or option."""
        self.status, self.because = "skipped", because


class Recorder:
    """The observations of one run, in the making. Stages append to its lists; `evidence` freezes them."""

    def __init__(
        self,
        probe: ProbeName,
        target: Target,
        persona: Persona,
        *,
        expectation: Expectation | None = None,
        credential: Literal["none", "certificate", "password"] = "none",
        login_wanted: bool = True,
        client_chain: Sequence[bytes] = (),
        progress: Progress | None = None,
    ) -> None:
        self._probe: ProbeName = probe
        self._target = target
        self._persona = persona
        self._expectation = expectation or Expectation()
        self._credential = credential
        self._login_wanted = login_wanted
        self._progress = progress
        self.started_at = datetime.now(UTC)
        self._started = time.monotonic()
        self._stages: dict[StageName, Stage] = {}
        self._running: dict[StageName, float] = {}
        self._certificates: dict[str, bytes] = {}
        self._client_chain = self.keep(client_chain)
        self.resolution: Resolution | None = None
        self.tftp_server: TftpServer | None = None
        self.boot_files: list[BootFile] = []
        self.config: ConfigReading | None = None
        self.first_flights: list[FirstFlight] = []
        self.decisions: list[PhoneDecision] = []
        self.handshakes: list[Handshake] = []
        self.logins: list[Login] = []
        self.enumerations: list[Enumeration] = []
        self.federation: Federation | None = None
        self.trust_lists: list[TrustList] = []
        self.tvs: list[TvsAnswer] = []
        self.capf: Capf | None = None
        self.given_certificates: list[GivenCertificate] = []
        self.phone_web: PhoneWeb | None = None

    def keep(self, chain: Sequence[bytes]) -> tuple[str, ...]:
        """Store each DER certificate once and return their names (SHA-256, hex)."""
        names = tuple(hashlib.sha256(der).hexdigest() for der in chain)
        self._certificates.update(zip(names, chain, strict=True))
        return names

    def certificates(self, names: Sequence[str]) -> tuple[bytes, ...]:
        """Return the DER of certificates that were kept."""
        return tuple(self._certificates[name] for name in names)

    @contextmanager
    def stage(self, name: StageName) -> Iterator[StageOutcome]:
        """Time one stage. Leaving by an exception records nothing: `evidence` then says it was cut short."""
        if self._progress is not None:
            self._progress(name)
        outcome = StageOutcome()
        self._running[name] = time.monotonic()
        yield outcome
        self._stages[name] = Stage(
            name=name,
            status=outcome.status,
            because=outcome.because,
            duration_s=round(time.monotonic() - self._running.pop(name), 6),
        )

    def succeeded(self, name: StageName) -> bool:
        """Whether that stage has ended and left what the next ones need."""
        stage = self._stages.get(name)
        return stage is not None and stage.status == "done"

    def evidence(self, interrupted: Literal["interrupt", "deadline"] | None = None) -> Evidence:
        """Freeze what there is. Stages that never ended are marked with what stopped the run."""
        return Evidence(
            tool=TOOL,
            probe=self._probe,
            target=self._target,
            persona=self._persona,
            expectation=self._expectation,
            credential=self._credential,
            login_wanted=self._login_wanted,
            client_chain=self._client_chain,
            started_at=self.started_at,
            duration_s=round(time.monotonic() - self._started, 6),
            interrupted=interrupted,
            stages=tuple(self._ended(name, interrupted) for name in STAGES[self._probe]),
            resolution=self.resolution,
            tftp_server=self.tftp_server,
            boot_files=tuple(self.boot_files),
            config=self.config,
            first_flights=tuple(self.first_flights),
            decisions=tuple(self.decisions),
            handshakes=tuple(self.handshakes),
            logins=tuple(self.logins),
            enumerations=tuple(self.enumerations),
            federation=self.federation,
            trust_lists=tuple(self.trust_lists),
            tvs=tuple(self.tvs),
            capf=self.capf,
            given_certificates=tuple(self.given_certificates),
            phone_web=self.phone_web,
            certificates=dict(self._certificates),
        )

    def _ended(self, name: StageName, interrupted: Literal["interrupt", "deadline"] | None) -> Stage:
        if (stage := self._stages.get(name)) is not None:
            return stage
        if (began := self._running.get(name)) is not None:
            duration = round(time.monotonic() - began, 6)
            return Stage(name=name, status="failed", because=interrupted or "internal error", duration_s=duration)
        return Stage(name=name, status="skipped", because=interrupted)
