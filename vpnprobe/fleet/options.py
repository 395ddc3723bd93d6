"""What a run over a fleet is made with. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vpnprobe.model.target import Endpoint, GroupUrl
from vpnprobe.probes.options import DEFAULT_NETWORK, DEFAULT_TIMEOUT_S, NetworkOptions

if TYPE_CHECKING:
    from vpnprobe.phones.profile import PhoneProfile

FetchBy = Literal["auto", "tftp", "http"]

# CUCM serves some hundred files at once before it refuses, and phones that boot must not be the ones refused.
DEFAULT_PARALLEL = 64
DEFAULT_RATE = 100.0
DEFAULT_RETRIES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectOptions:
    """Whom to ask, how, and how gently.

    `servers` are asked in this order, a further one only where the one before does not answer. `parallel` files at
    once and `rate` files begun in a second (0: any) hold for each address. `retries` are for what was lost;
    `back_off` is the pause in seconds before the first, each further one is twice as long.
    """

    servers: tuple[Endpoint, ...]
    fetch: FetchBy = "auto"
    http_port: int | None = None
    parallel: int = DEFAULT_PARALLEL
    rate: float = DEFAULT_RATE
    retries: int = DEFAULT_RETRIES
    back_off: float = 1.0
    timeout: float = DEFAULT_TIMEOUT_S
    families: frozenset[int] = DEFAULT_NETWORK.families


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run over a fleet is run with.

    `group_url` replaces those of the configurations. `profile` is for phones without a model in the inventory; `chosen`
    says that the operator named it. `network.deadline` is not used; `deadline` is that of the whole run, in seconds.
    """

    collect: CollectOptions
    profile: PhoneProfile
    chosen: bool = False
    group_url: GroupUrl | None = None
    network: NetworkOptions = DEFAULT_NETWORK
    deadline: float | None = None
