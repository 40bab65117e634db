"""The log that the demonstration runs: founded, served and stopped on this machine."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from counterfoil.cli.commit_policy import commit_policy
from counterfoil.cli.data_directory import DataDirectory, now
from counterfoil.cli.demo_record import AGENT, CONTENT_TYPE, Engagement
from counterfoil.cli.extras import needing
from counterfoil.cli.init import DEFAULT_POLICY, NewLog, found_in
from counterfoil.cli.issuer import with_issuer
from counterfoil.cose import labels
from counterfoil.cose.keys import PublicKey
from counterfoil.cose.private_keys import LocalSigner
from counterfoil.cose.sign1 import sign_sign1
from counterfoil.encoding.cbor import CborValue
from counterfoil.policy.document import Issuer
from counterfoil.settings import Settings
from counterfoil.signing.file_signer import read_key_file, write_key_file
from counterfoil.signing.generate import generate_key_pem
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.issuer import IssuerKey
from counterfoil.verify import LogKeys

ORIGIN = "log.example/demo"


@dataclass(frozen=True, slots=True)
class Given:
    """What the service gave out over HTTP before it was stopped; ``genesis`` names its keys."""

    url: str
    receipt: bytes
    again: bytes
    transparent: bytes
    genesis: bytes


def found(data: Path) -> NewLog:
    """A new log in ``data``."""
    return found_in(data, parse_origin(ORIGIN), DEFAULT_POLICY)


def make_agent(path: Path) -> LocalSigner:
    """An agent's key, in a file of its owner's."""
    write_key_file(path, generate_key_pem("ES256"))
    return read_key_file(path)


def admit(data: Path, key: PublicKey) -> int:
    """Name the agent in the policy; the number of the policy's entry."""
    directory = DataDirectory(data, Settings(data=data))
    with directory.store() as store:
        in_force = directory.rules(store).policy
    policy = with_issuer(in_force, Issuer(AGENT, (IssuerKey(key.thumbprint, key),), frozenset()))
    return commit_policy(directory, policy).number


def new_engagement() -> Engagement:
    """Ids that nobody has used."""
    return Engagement(f"trace-{uuid.uuid4()}", str(uuid.uuid4()), f"call-{uuid.uuid4().hex[:12]}")


def sign_record(signer: LocalSigner, engagement: Engagement, record: bytes) -> bytes:
    """The record as a signed statement of the agent's."""
    claims: dict[int | str, CborValue] = {
        labels.CWT_ISS: AGENT,
        labels.CWT_SUB: engagement.root_trace_id,
        labels.CWT_IAT: now(),
    }
    header: dict[int | str, CborValue] = {
        labels.CONTENT_TYPE: CONTENT_TYPE,
        labels.KID: signer.public_key.thumbprint,
        labels.CWT_CLAIMS: claims,
    }
    return sign_sign1(signer, header, record)


def register_over_http(data: Path, statement: bytes, entry_id: bytes, genesis_id: bytes, keys: LogKeys) -> Given:
    """Serve the log on a free port, register, fetch what a client and an auditor keep, and stop it."""
    with needing("server"):
        from counterfoil.client import Client  # noqa: PLC0415 - the base install has no HTTP client
        from counterfoil.http.server import open_service, running_server  # noqa: PLC0415 - and no server
    with open_service(Settings(data=data)) as service, running_server(service) as url:
        with Client(url, log_keys=keys) as client:
            registered = client.submit(statement)
            again = client.submit(statement)
            transparent = client.transparent_statement(entry_id)
            genesis = client.transparent_statement(genesis_id)
        return Given(url, registered.receipt, again.receipt, transparent, genesis)
