"""Hypothesis strategies for messages whose fields hold anything that the format can carry."""

from hypothesis import strategies as st

from vpnprobe.wire.tls.handshake import (
    CertificateRequest,
    CertificateStatus,
    DheParams,
    EcdheParams,
    OpaqueParams,
    RsaParams,
    ServerHello,
    ServerKeyExchange,
)
from vpnprobe.wire.tls.hello import ClientHello
from vpnprobe.wire.tls.registry import ExtensionType

uint8 = st.integers(0, 0xFF)
uint16 = st.integers(0, 0xFFFF)
randoms = st.binary(min_size=32, max_size=32)
uint8_tuples = st.lists(uint8, max_size=8).map(tuple)
uint16_tuples = st.lists(uint16, max_size=20).map(tuple)
extension_blocks = st.none() | st.lists(st.tuples(uint16, st.binary(max_size=40)), max_size=6).map(tuple)
blobs = st.binary(max_size=80)

client_hellos = st.builds(
    ClientHello,
    version=uint16,
    random=randoms,
    suites=uint16_tuples,
    session_id=st.binary(max_size=32),
    compression=uint8_tuples,
    extensions=extension_blocks,
)

# The two extensions that a ServerHello reads must be well formed for it to parse.
_READ = {int(ExtensionType.supported_versions), int(ExtensionType.key_share)}
server_hellos = st.builds(
    ServerHello,
    legacy_version=uint16,
    random=randoms,
    session_id=st.binary(max_size=32),
    suite=uint16,
    compression=uint8,
    extensions=extension_blocks.filter(lambda block: not block or all(kind not in _READ for kind, _ in block)),
)

chains = st.lists(blobs, max_size=6).map(tuple)
certificate_statuses = st.builds(CertificateStatus, uint8, blobs)
certificate_requests = st.builds(
    CertificateRequest,
    certificate_types=uint8_tuples,
    schemes=st.none() | uint16_tuples,
    authorities=st.lists(blobs, max_size=5).map(tuple),
)


Exchange = tuple[int, ServerKeyExchange]


def _signed(suite: int, params: st.SearchStrategy[EcdheParams | DheParams | RsaParams]) -> st.SearchStrategy[Exchange]:
    signed = st.builds(ServerKeyExchange, params=params, scheme=st.none() | uint16, signature=blobs)
    return st.tuples(st.just(suite), signed)


def _unsigned(suite: int, params: st.SearchStrategy[DheParams | OpaqueParams]) -> st.SearchStrategy[Exchange]:
    return st.tuples(st.just(suite), st.builds(ServerKeyExchange, params=params))


server_key_exchanges = st.one_of(
    _signed(0xC02F, st.builds(EcdheParams, uint16, blobs)),
    _signed(0x0039, st.builds(DheParams, blobs, blobs, blobs)),
    _signed(0x0003, st.builds(RsaParams, blobs, blobs)),
    _unsigned(0x0034, st.builds(DheParams, blobs, blobs, blobs)),
    _unsigned(0x008C, st.builds(OpaqueParams, blobs)),
    _unsigned(0xDEAD, st.builds(OpaqueParams, blobs)),
)
