"""Every phone of an inventory: its configuration, the gateways that it dials, and what a command makes of both.

`vpnprobe sweep` judges each phone by the checks; `vpnprobe cutover` uses the same run with a judgement of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from vpnprobe.fleet.collect import Collected, ConfigCollector
from vpnprobe.fleet.gateways import GatewayBook, GatewayLook
from vpnprobe.fleet.judging import PhoneJudge
from vpnprobe.fleet.options import RunOptions
from vpnprobe.fleet.profiles import Profiles
from vpnprobe.fleet.silence import Silence
from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import CutoverPhone, FleetInterruption, FleetLine, GatewaySight, Phone, SweptPhone
from vpnprobe.model.target import GroupUrl, parse_group_url
from vpnprobe.phoneconfig.vpngroup import MAX_URLS
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.transport.names import Resolver

# Phones that are under way for each file that may be: some wait for a gateway, or for another attempt.
_PHONES_FOR_A_FILE = 2


PhoneLine = SweptPhone | CutoverPhone
Looks = Sequence[tuple[GroupUrl, GatewayLook | None]]
# Makes the line of one phone; a URL without a look is one that cannot be dialled.
LineOf = Callable[[Phone, PhoneProfile, Collected, Looks], PhoneLine]


_NO_URL = GroupUrl("", "", 0, "")


class _ServerIsGone(Exception):
    """The configuration server answers nobody any more."""


@dataclass(frozen=True, slots=True)
class _Finished:
    """A phone's line, and the gateways that it names."""

    line: PhoneLine
    gateways: tuple[GatewaySight, ...]


class FleetRun:
    """One run. `take` is given each line as soon as it is known: a phone when it is finished, a gateway before it."""

    def __init__(self, options: RunOptions, line_of: LineOf, take: Callable[[FleetLine], None]) -> None:
        self._options = options
        self._take = take
        resolver = Resolver(options.network.resolvers, timeout=options.network.timeout)
        self._collector = ConfigCollector(options.collect, resolver)
        self._gateways = GatewayBook(options.network, resolver)
        self._profiles = Profiles(options.profile, chosen=options.chosen)
        self._line_of = line_of
        self._silence = Silence[_Finished](self._tell, options.collect.parallel * _PHONES_FOR_A_FILE)
        self._last_answered: Phone | None = None
        self._asking = asyncio.Lock()
        self._told: set[str] = set()

    def notes(self, phones: Iterable[Phone]) -> tuple[str, ...]:
        """Return what is to be said of a run over these phones as a whole."""
        return self._profiles.notes(phones)

    async def run(self, phones: Iterable[Phone]) -> FleetInterruption | None:
        """Go through all phones and return what ended the run before its end; each line that was told is whole."""
        waiting = iter(phones)
        try:
            async with asyncio.timeout(self._options.deadline), asyncio.TaskGroup() as group:
                for _ in range(self._options.collect.parallel * _PHONES_FOR_A_FILE):
                    group.create_task(self._work(waiting))
        except TimeoutError:
            return "deadline"
        except BaseExceptionGroup as group_error:
            # One error ends all; the caller must see that one, not the group.
            error = group_error.exceptions[0]
            if isinstance(error, _ServerIsGone):
                return "server-silent"
            raise error from None
        finally:
            await self._gateways.close()
            await self._collector.close()
        self._silence.release()
        return None

    async def _work(self, waiting: Iterator[Phone]) -> None:
        for phone in waiting:
            collected = await self._collect(phone)
            finished = await self._judged(phone, collected)
            if collected.is_answered:
                self._last_answered = phone
                self._silence.answered(finished)
            else:
                self._silence.unanswered(finished)
                await self._ask_whether_the_server_is_gone()

    async def _collect(self, phone: Phone) -> Collected:
        boot = self._profiles.of(phone).boot
        assert boot is not None
        return await self._collector.collect(phone, boot)

    async def _judged(self, phone: Phone, collected: Collected) -> _Finished:
        profile = self._profiles.with_config(phone, collected.config)
        looks = [(url, await self._look(url, profile)) for url in self._urls(collected)]
        return _Finished(
            self._line_of(phone, profile, collected, looks),
            tuple(look.sight for _, look in looks if look is not None),
        )

    def _tell(self, finished: _Finished) -> None:
        for sight in finished.gateways:
            if sight.key not in self._told:
                self._told.add(sight.key)
                self._take(sight)
        self._take(finished.line)

    async def _ask_whether_the_server_is_gone(self) -> None:
        async with self._asking:
            if self._silence.is_suspicious:
                known = self._last_answered
                if known is None or not (await self._collect(known)).is_answered:
                    raise _ServerIsGone
                self._silence.release()

    async def _look(self, url: GroupUrl, profile: PhoneProfile) -> GatewayLook | None:
        return await self._gateways.look(url, profile) if url.host else None

    def _urls(self, collected: Collected) -> list[GroupUrl]:
        """Return the URLs that the phone dials; one that cannot be dialled has no host, as has one that is missing."""
        if self._options.group_url is not None:
            return [self._options.group_url]
        group = collected.config.vpn_group if collected.config else None
        if group is None:
            return []
        return [_readable(url.text) for url in group.urls if url.index <= MAX_URLS] or [_NO_URL]


def sweep(options: RunOptions, take: Callable[[FleetLine], None]) -> FleetRun:
    """Return the run that judges each phone as `vpnprobe phone` does, for the moment of this call."""
    judge = PhoneJudge(datetime.now(UTC))

    def line_of(phone: Phone, profile: PhoneProfile, collected: Collected, looks: Looks) -> SweptPhone:
        return judge.judge(phone, profile, collected, looks, datetime.now(UTC))

    return FleetRun(options, line_of, take)


@lru_cache(maxsize=1024)
def _readable(text: str) -> GroupUrl:
    try:
        return parse_group_url(text)
    except UsageError:
        return GroupUrl(text, "", 0, "")
