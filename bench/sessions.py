"""Later statements of an enrolled key beside those of a key that the policy lists: what a session costs."""

from collections.abc import Iterator

from bench.ratios import Subject
from counterfoil.policy.enrolment import enrolled_after
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.statement.issuer import find_issuer_key
from counterfoil.statement.signed_statement import SignedStatement, parse_signed_statement, verify_statement
from counterfoil.storage.memory import MemoryStore
from tests.attested import attested_policy, machine_of
from tests.builders import START, World, issuer_of, sign_statement

LATER = "later statement, signature and session"
LISTED = "later statement, admit(), a listed key"
ENROLLED = "later statement, admit(), an enrolled key"
_AT_MOST = 1.3


def session_subjects() -> Iterator[Subject]:
    """The signature of an enrolled key with its session looked up, and whole decisions on both kinds of keys.

    The first may cost 1.3 of a bare ES256 verification. Of the decisions the enrolled key's may cost 1.3 of the listed
    one's: both read the policy, the demands and the claims, which is more than a signature takes.
    """
    world = World(MemoryStore())
    machine = machine_of(world)
    world.policy = attested_policy(machine.platform, issuer_of(world.agent))
    listed_rules = world.found().open().current_rules()
    rules = enrolled_after(listed_rules, 2, parse_signed_statement(machine.enrolment(machine.challenge())), START)
    ours = parse_signed_statement(machine.statement())
    listed = parse_signed_statement(sign_statement(world.agent))

    def later() -> None:
        verify_statement(ours, find_issuer_key(ours, rules, START).key)

    yield Subject(LATER, later, target=_AT_MOST)
    yield _admitting(LISTED, listed, rules)
    yield _admitting(ENROLLED, ours, rules, of=LISTED)


def _admitting(name: str, statement: SignedStatement, rules: Rules, of: str | None = None) -> Subject:
    def run() -> object:
        return admit(statement, rules, START)

    return Subject(name, run) if of is None else Subject(name, run, target=_AT_MOST, unit=of)
