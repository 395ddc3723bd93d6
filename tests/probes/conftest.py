from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.probes.networks import credential_of
from tests.stand_ins import lab_in_background
from vpnprobe.transport.tls_settings import ClientCredential


@pytest.fixture(scope="session")
def credential() -> Iterator[ClientCredential]:
    """A phone's LSC with its key."""
    with lab_in_background("healthy") as lab:
        yield credential_of(lab)
