"""One ration for each server, however many probes ask it."""

from __future__ import annotations

from weakref import WeakValueDictionary

from vpnprobe.probes.ration import Ration

# Servers whose pause is remembered after the last visit. By the time so many others were visited, it is long over.
MAX_REMEMBERED = 1024


class Rations:
    """The rations of servers by any key, each of at most `parallel` connections and `pause` seconds between two starts.

    A ration lives as long as somebody holds it; the ones that were asked for last live on. So memory stays bounded
    over any number of servers.
    """

    def __init__(self, parallel: int, pause: float) -> None:
        self._parallel = parallel
        self._pause = pause
        self._known: WeakValueDictionary[str, Ration] = WeakValueDictionary()
        self._latest: dict[str, Ration] = {}

    def of(self, key: str) -> Ration:
        """Return the ration of this server; everybody who asks for the same key gets the same one."""
        ration = self._known.get(key)
        if ration is None:
            ration = self._known[key] = Ration(self._parallel, self._pause)
        self._latest.pop(key, None)
        self._latest[key] = ration
        if len(self._latest) > MAX_REMEMBERED:
            del self._latest[next(iter(self._latest))]
        return ration
