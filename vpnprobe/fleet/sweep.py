"""A sweep: every phone of an inventory, its configuration, the gateways that it dials, and a verdict for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from vpnprobe.fleet.collect import Collected, CollectOptions, ConfigCollector
from vpnprobe.fleet.gateways import GatewayBook, GatewayLook
from vpnprobe.fleet.judging import PhoneJudge
from vpnprobe.fleet.profiles import Profiles
from vpnprobe.model.errors import UsageError
from vpnprobe.model.fleet import FleetLine, Phone
from vpnprobe.model.target import GroupUrl, parse_group_url
from vpnprobe.phones.profile import PhoneProfile
from vpnprobe.probes.options import DEFAULT_NETWORK, NetworkOptions
from vpnprobe.transport.names import Resolver

# Phones that are under way for each file that may be: some wait for a gateway, or for another attempt.
_PHONES_FOR_A_FILE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """What a sweep is run with.

    `group_url` replaces those of the configurations. `profile` is for phones without a model in the inventory; `chosen`
    says that the operator named it.
    """

    collect: CollectOptions
    profile: PhoneProfile
    chosen: bool = False
    group_url: GroupUrl | None = None
    network: NetworkOptions = DEFAULT_NETWORK


class Sweep:
    """One run. `take` is given each line as soon as it is known: a phone when it is finished, a gateway before it."""

    def __init__(self, options: SweepOptions, take: Callable[[FleetLine], None]) -> None:
        self._options = options
        self._take = take
        resolver = Resolver(options.network.resolvers, timeout=options.network.timeout)
        self._collector = ConfigCollector(options.collect, resolver)
        self._gateways = GatewayBook(options.network, resolver)
        self._profiles = Profiles(options.profile, chosen=options.chosen)
        self._judge = PhoneJudge(datetime.now(UTC))
        self._told: set[str] = set()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the run as a whole."""
        return self._profiles.notes

    async def run(self, phones: Iterable[Phone]) -> None:
        """Go through all phones; what is cancelled has left whole lines only."""
        waiting = iter(phones)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._options.collect.parallel * _PHONES_FOR_A_FILE):
                    group.create_task(self._work(waiting))
        except BaseExceptionGroup as group_error:
            # One error ends all; the caller must see that one, not the group.
            raise group_error.exceptions[0] from None
        finally:
            await self._gateways.close()

    async def _work(self, waiting: Iterator[Phone]) -> None:
        for phone in waiting:
            await self._one(phone)

    async def _one(self, phone: Phone) -> None:
        boot = self._profiles.of(phone).boot
        assert boot is not None
        collected = await self._collector.collect(phone, boot)
        profile = self._profiles.with_config(phone, collected.config)
        looks = [(url, await self._look(url, profile)) for url in self._urls(collected)]
        line = self._judge.judge(phone, profile, collected, looks, datetime.now(UTC))
        for _, look in looks:
            if look is not None and look.sight.key not in self._told:
                self._told.add(look.sight.key)
                self._take(look.sight)
        self._take(line)

    async def _look(self, url: GroupUrl, profile: PhoneProfile) -> GatewayLook | None:
        return await self._gateways.look(url, profile) if url.host else None

    def _urls(self, collected: Collected) -> list[GroupUrl]:
        """Return the URLs that the phone dials; one that cannot be dialled has no host."""
        group = collected.config.vpn_group if collected.config else None
        if group is None:
            return []
        if self._options.group_url is not None:
            return [self._options.group_url]
        return [_readable(url.text) for url in group.urls]


def _readable(text: str) -> GroupUrl:
    try:
        return parse_group_url(text)
    except UsageError:
        return GroupUrl(text, "", 0, "")
