"""Decisions on trace events: read once, by a writer who holds the role, and never shown more than they ask."""

from typing import Any

import pytest

from counterfoil.errors import (
    ActorRoleError,
    ContentTypeNotAdmittedError,
    CounterfoilError,
    MalformedEventError,
    PayloadMissingError,
    RoleNotAdmittedError,
    RootTraceMismatchError,
    SignatureInvalidError,
    SubjectReservedError,
)
from counterfoil.policy.decision import Decision
from counterfoil.policy.document import ContentTypeRule, PolicyDocument, Visibility
from counterfoil.policy.rules import Rules
from counterfoil.register import admit
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.genesis import Genesis, KeyPurpose
from counterfoil.statement.identity import parse_origin
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.statement.trace_event.event import WRITERS, EventType, Role
from counterfoil.statement.trace_event.parse import parse_trace_event
from tests.builders import ISSUER, ORIGIN, START, issuer_of, policy_for, sign_statement
from tests.trace_events import CONTENT_TYPE, DATA, ROOT, event_payload, spaced

WRITER = generate_private_key("ES256")
LOG = {purpose: generate_private_key("ES256") for purpose in KeyPurpose}
IDENTITY = parse_origin(ORIGIN)
GENESIS = Genesis(IDENTITY, {purpose: signer.public_key for purpose, signer in LOG.items()})
FORMATION, ACTION = EventType.FORMATION, EventType.ACTION


def policy(*roles: str, visibility: Visibility = Visibility.PARTIES, asked: tuple[str, ...] = ()) -> PolicyDocument:
    base = policy_for(issuer_of(WRITER, roles=roles))
    rule = ContentTypeRule(CONTENT_TYPE, visibility, frozenset(asked))
    others = (each for each in base.content_types if each.content_type != CONTENT_TYPE)
    return PolicyDocument(1, base.issuers, base.algorithms, (*others, rule))


def decide(payload: bytes, rules: PolicyDocument, **changes: Any) -> Decision:
    arguments: dict[str, Any] = {"subject": ROOT, "content_type": CONTENT_TYPE} | changes
    data = sign_statement(WRITER, payload, **arguments)
    return admit(parse_signed_statement(data), Rules(GENESIS, rules, 7, 9), START).decision


@pytest.mark.parametrize("event_type", EventType)
@pytest.mark.parametrize("role", Role)
def test_a_writer_holds_the_role_in_which_he_writes(event_type: EventType, role: Role) -> None:
    written_as = min(WRITERS[event_type])
    if role is not written_as:
        with pytest.raises(ActorRoleError, match=written_as):
            decide(event_payload(event_type), policy(role))
        return
    data = sign_statement(WRITER, event_payload(event_type), subject=ROOT, content_type=CONTENT_TYPE)
    event = decide(event_payload(event_type), policy(role)).event
    assert event == parse_trace_event(parse_signed_statement(data))
    assert event.issuer == ISSUER


def test_a_writer_without_roles_writes_no_events() -> None:
    with pytest.raises(ActorRoleError):
        decide(event_payload(ACTION), policy())


@pytest.mark.parametrize(
    ("payload", "changes", "error"),
    [
        (b"{}", {}, MalformedEventError),
        (spaced(ACTION), {}, MalformedEventError),
        (event_payload(ACTION), {"subject": ROOT + "x"}, RootTraceMismatchError),
        (event_payload(ACTION), {"detached": True}, PayloadMissingError),
        (event_payload(ACTION, actor={"id": "x", "role": "buyer"}), {}, ActorRoleError),
        (event_payload(ACTION), {"content_type": CONTENT_TYPE + ";v=1"}, ContentTypeNotAdmittedError),
    ],
    ids=repr,
)
def test_what_is_no_event_is_not_registered_as_one(
    payload: bytes, changes: dict[str, Any], error: type[CounterfoilError]
) -> None:
    with pytest.raises(error):
        decide(payload, policy(*Role), **changes)


def test_what_the_policy_refuses_is_not_read() -> None:
    with pytest.raises(RoleNotAdmittedError):
        decide(b"{}", policy("agent", asked=("platform",)))
    with pytest.raises(SubjectReservedError):
        decide(b"{}", policy("agent"), subject=IDENTITY.policy_subject)
    stranger = sign_statement(generate_private_key("ES256"), b"{}", content_type=CONTENT_TYPE)
    forged = stranger[:-1] + bytes([stranger[-1] ^ 1])
    with pytest.raises(CounterfoilError) as caught:
        admit(parse_signed_statement(forged), Rules(GENESIS, policy("agent"), 7, 9), START)
    assert not isinstance(caught.value, MalformedEventError)
    tampered = sign_statement(WRITER, b"{}", subject=ROOT, content_type=CONTENT_TYPE)
    with pytest.raises(SignatureInvalidError):
        admit(
            parse_signed_statement(tampered[:-1] + bytes([tampered[-1] ^ 1])),
            Rules(GENESIS, policy("agent"), 7, 9),
            START,
        )


@pytest.mark.parametrize("rule", Visibility)
@pytest.mark.parametrize("asked", [*Visibility, None])
def test_a_formation_may_only_narrow_who_reads_it(rule: Visibility, asked: Visibility | None) -> None:
    data = {name: value for name, value in DATA[FORMATION].items() if name != "visibility"}
    data |= {} if asked is None else {"visibility": asked.value}
    found = decide(event_payload(FORMATION, data=data), policy("platform", visibility=rule)).visibility
    order = [Visibility.PUBLIC, Visibility.PARTIES, Visibility.OPERATOR]
    assert order.index(found) == max(order.index(rule), 0 if asked is None else order.index(asked))


def test_a_statement_of_another_type_has_no_event() -> None:
    assert decide(event_payload(ACTION), policy("agent"), content_type="application/json").event is None
    assert decide(b"{}", policy(), content_type="application/json").event is None


def test_a_hash_envelope_of_an_event_is_a_statement_like_any_other() -> None:
    headers = {258: -16, 259: CONTENT_TYPE}
    decision = decide(bytes(32), policy(), content_type=None, headers=headers)
    assert (decision.event, decision.visibility) == (None, Visibility.PARTIES)
