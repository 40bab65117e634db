"""A served log whose policy admits enrolments, and what tests ask of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

import httpx

from counterfoil.attestation.appraisal import Grade
from counterfoil.encoding.base64url import decode_base64url
from counterfoil.log.local_log import Store
from counterfoil.policy.demand import Demand
from counterfoil.policy.document import PolicyDocument
from counterfoil.settings import Settings
from counterfoil.storage.memory import MemoryStore
from tests.attested import Machine, attested_policy, machine_of
from tests.builders import CONTENT_TYPE, World, issuer_of
from tests.http.live import COSE, QUIET, Live, running
from tests.intel_quotes import make_platform

PLATFORM = make_platform()
NEW_SESSION = "/challenge-response/v1/newSession"
SESSION_TYPE = "application/vnd.veraison.challenge-response-session+json"


def requiring(policy: PolicyDocument) -> PolicyDocument:
    """The same policy, which takes JSON of keys alone that are bound to attested hardware."""
    demand = Demand(attestation=Grade.KEY_BOUND)
    rules = (
        replace(rule, demands=(demand,)) if rule.content_type == CONTENT_TYPE else rule for rule in policy.content_types
    )
    return replace(policy, content_types=tuple(rules))


def attested_world(store: Store | None = None) -> World:
    """A founded log that takes JSON of attested keys alone; the agent's key is listed and is not attested."""
    world = World(MemoryStore() if store is None else store)
    world.policy = requiring(attested_policy(PLATFORM, issuer_of(world.agent)))
    return world.found()


@contextmanager
def enrolling(store: Store | None = None, settings: Settings = QUIET) -> Iterator[Live]:
    """That log on a real port."""
    with running(attested_world(store), settings) as live:
        yield live


def machine(live: Live) -> Machine:
    """A machine with a key of its own that answers the challenges of the log."""
    return machine_of(live.world, PLATFORM)


def new_session(live: Live) -> tuple[str, bytes]:
    """The path of the session of a new challenge, and the challenge."""
    answer = live.client.post(NEW_SESSION)
    assert answer.status_code == 201, answer.content
    path = answer.headers["Location"]
    challenge = decode_base64url(path.rpartition("/")[2])
    assert decode_base64url(answer.json()["nonce"]) == sha256(challenge).digest()
    return path, challenge


def post(live: Live, path: str, body: bytes, content_type: str = COSE) -> httpx.Response:
    """What is answered to a statement that is posted to a session."""
    return live.client.post(path, content=body, headers={"Content-Type": content_type})


def enrolled(live: Live, one: Machine) -> int:
    """The number of the entry that enrolled the key of a machine."""
    path, challenge = new_session(live)
    answer = post(live, path, one.enrolment(challenge))
    assert answer.status_code == 200, answer.content
    number = answer.json()["entry"]["number"]
    assert isinstance(number, int)
    return number
