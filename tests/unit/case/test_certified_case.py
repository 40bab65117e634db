"""Case files with statements by certificate: what both verifiers check of them, and what one leaves to the other."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import pytest

from counterfoil.case.verify import verify_case
from counterfoil.encoding.cbor import encode
from counterfoil.errors import CaseInvalidError
from counterfoil.log.founding import sign_own_statement
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument
from counterfoil.register import register
from counterfoil.signing.generate import generate_private_key
from counterfoil.statement.decision_record import parse_decision_record
from counterfoil.statement.evidence import X5CHAIN as KIND
from counterfoil.statement.evidence import Evidence
from counterfoil.statement.genesis import KeyPurpose
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from counterfoil.verify.not_established import REVOCATION
from tests.builders import World, issuer_of, sign_statement
from tests.case_scenes import Files, Forgery, Scene, evidence_at, with_manifest
from tests.certificates import DAY, Pki, issued, pki, root
from tests.certified import KID, X5CHAIN, X5T, Header, anchors, pin, pinned, signed, signer_of, x5chain, x5t
from tests.events import Cast, engagement
from tests.log.material import certificate_of
from tests.unit.case.test_standalone import both_fail, both_pass, script, verdict_here, verdict_there, zipped

NAME = "https://certified.example"
MADE = pki()
THUMBPRINT = signer_of(MADE.leaf).public_key.thumbprint
SAME_KEY = Pki(other := root(), other, issued(other, "leaf", key=MADE.leaf.key))
"""A certificate of the leaf's key by a root that nobody trusts."""


LISTED = generate_private_key("ES256")
"""A key that the policy lists for the issuer beside what it pins."""


def statements(cast: Cast, world: World) -> Iterator[bytes]:
    yield sign_statement(LISTED, issuer=NAME, subject=cast.root)
    chain = x5chain(MADE.leaf, MADE.ca)
    headers: list[tuple[Header, Header]] = [
        ({X5CHAIN: chain}, {}),
        ({X5T: x5t(MADE.leaf)}, {X5CHAIN: chain}),
        ({KID: THUMBPRINT}, {X5CHAIN: chain}),
    ]
    for protected, unprotected in headers:
        yield signed(MADE.leaf, protected, unprotected, issuer=NAME, subject=cast.root)
    yield sign_statement(world.agent, subject=cast.root, unprotected={X5CHAIN: certificate_of(world.agent)})


@pytest.fixture(scope="module")
def scene() -> Scene:
    """After an engagement, entries by a key, by a certificate within, beside x5t and kid, and one of a listed key."""
    world, cast = World(MemoryStore()), Cast()
    both = replace(pinned(pin(MADE.ca), name=NAME), keys=issuer_of(LISTED).keys)
    policy = cast.policy(issuer_of(world.agent), both)
    world.policy = replace(policy, roots=anchors(MADE.root))
    log = world.found().open()

    async def play() -> None:
        for statement in (*engagement(cast), *statements(cast, world)):
            await register(statement, log)
        # The case is of a time at which the certificates are not valid any more.
        world.clock.now += 30 * DAY
        await register(sign_statement(world.agent, subject="another engagement"), log)
        await log.close()

    asyncio.run(play())
    size = log.head().tree.size
    contents = [log.store.content(number) for number in range(size)]
    leaves = [sha256(content.statement).digest() for content in contents if content is not None]
    return Scene(world, cast, log, evidence_at(world, log, cast.root, size), leaves)


def last(scene: Scene) -> list[int]:
    """The numbers of the four entries that came with certificates."""
    return [one.number for one in scene.evidence.exhibits][-4:]


def file_of(number: int) -> str:
    return f"evidence/entries/{number:012d}.evidence.cbor"


def by_policy(scene: Scene, policy: PolicyDocument) -> Forgery:
    """The case as if that had been the first policy."""
    world, identity = scene.world, scene.world.identity
    subject, payload = identity.policy_subject, policy.encode()
    operator = world.signers[KeyPurpose.OPERATOR]
    return Forgery(scene, {0: sign_own_statement(operator, identity, subject, POLICY_CONTENT_TYPE, payload, 1)})


def with_chain(scene: Scene, number: int, made: Pki) -> Files:
    """The case as if another chain had come beside an entry."""
    evidence = Evidence(KIND, encode((made.leaf.der, made.ca.der))).encode()
    forgery = Forgery(scene).decide(number, evidence_digest=sha256(evidence).digest())
    return with_manifest({**forgery.files(), file_of(number): evidence})


def test_both_pass_it_and_say_what_they_leave_open(scene: Scene) -> None:
    both_pass(scene.files, "PASS WITH FINDINGS")
    data = zipped(scene.files)
    assert REVOCATION in verify_case(data).not_established
    assert script.PATHS in script.verify_case(data)["notShown"]


def test_evidence_lies_beside_the_statements_that_it_came_with(scene: Scene) -> None:
    within, *others = last(scene)
    there = {name for name in scene.files if name.endswith("evidence.cbor")}
    assert there == {file_of(number) for number in others}
    for one in scene.evidence.exhibits:
        digest = parse_decision_record(one.decision).evidence_digest
        assert digest == (None if one.evidence is None else sha256(one.evidence).digest())
    assert file_of(within) not in scene.files


def test_evidence_that_is_missing_added_or_changed(scene: Scene) -> None:
    within, by_x5t, _, listed = last(scene)
    content = scene.files[file_of(by_x5t)]
    for number in (by_x5t, listed):
        both_fail(
            with_manifest({name: file for name, file in scene.files.items() if name != file_of(number)}), "missing"
        )
        changed = content[:-1] + bytes((content[-1] ^ 1,))
        both_fail(with_manifest({**scene.files, file_of(number): changed}), "not what the decision names")
    both_fail(with_manifest({**scene.files, file_of(within): content}), "the manifest lists other files|evidence")


def test_evidence_that_is_no_chain(scene: Scene) -> None:
    _, by_x5t, _, listed = last(scene)
    chain = encode((MADE.leaf.der, MADE.ca.der))
    for evidence in (
        encode(("other", chain)), encode(("x5chain", chain, 1)), encode(("x5chain", encode(()))), b"\xf6",
        encode(("x5chain", encode((1,)))), encode(("x5chain", chain + b"\x00")), encode(("x5chain", b"\x9f\xff")),
    ):  # fmt: skip
        for number in (by_x5t, listed):
            forgery = Forgery(scene).decide(number, evidence_digest=sha256(evidence).digest())
            both_fail(with_manifest({**forgery.files(), file_of(number): evidence}), f"entry {number}")


def test_another_certificate_of_the_same_key_where_x5t_names_one(scene: Scene) -> None:
    both_fail(with_chain(scene, last(scene)[1], SAME_KEY), "x5t names another")


def test_a_certificate_of_another_key(scene: Scene) -> None:
    stranger = Pki(MADE.root, MADE.ca, issued(MADE.ca, "leaf"))
    both_fail(with_chain(scene, last(scene)[1], stranger), "x5t names another|no usable key")
    both_fail(with_chain(scene, last(scene)[2], stranger), "kid names another")


def test_certificates_that_nothing_protected_names(scene: Scene) -> None:
    number = last(scene)[1]
    unbound = parse_signed_statement(signed(MADE.leaf, {}, issuer=NAME, subject=scene.cast.root)).encoded
    both_fail(Forgery(scene, {number: unbound}).files(), "nothing in its protected header")


def test_a_path_is_for_the_package_to_check(scene: Scene) -> None:
    """Where kid alone binds the key, another certificate of it can lie there; the policy trusts no root of that."""
    data = zipped(with_chain(scene, last(scene)[2], SAME_KEY))
    assert verdict_here(data) == "PASS WITH FINDINGS"
    assert verdict_there(data) is None
    policy = scene.world.policy
    assert policy is not None
    for changed in (replace(policy, roots=()), replace(policy, roots=anchors(root("x")))):
        data = zipped(by_policy(scene, changed).files())
        assert verdict_here(data) == "PASS WITH FINDINGS"
        assert verdict_there(data) is None
    both_pass(by_policy(scene, policy).files(), "PASS WITH FINDINGS")


def test_a_pin_of_another_certificate_is_for_the_package_to_check(scene: Scene) -> None:
    policy = scene.world.policy
    assert policy is not None
    issuers = tuple(replace(one, pins=(pin(root("x")),)) if one.pins else one for one in policy.issuers)
    data = zipped(by_policy(scene, replace(policy, issuers=issuers)).files())
    assert verdict_here(data) == "PASS WITH FINDINGS"
    with pytest.raises(CaseInvalidError, match="pin"):
        verify_case(data)


def test_an_issuer_without_pins_has_no_certificates(scene: Scene) -> None:
    policy = scene.world.policy
    assert policy is not None
    issuers = tuple(replace(one, pins=()) for one in policy.issuers)
    both_fail(by_policy(scene, replace(policy, issuers=issuers)).files(), "gives its issuer no usable key")


def test_revocation_is_for_the_package_to_ask_of_the_lists_that_the_log_held(scene: Scene) -> None:
    policy = scene.world.policy
    assert policy is not None
    strict = replace(policy, roots=anchors(MADE.root, needs_crl=True))
    data = zipped(by_policy(scene, strict).files())
    assert (verdict_here(data), verdict_there(data)) == ("PASS WITH FINDINGS", None)


def test_the_key_is_the_one_that_the_decision_names(scene: Scene) -> None:
    for number in last(scene)[:3]:
        both_fail(Forgery(scene).decide(number, key_thumbprint=bytes(32)).files(), "no usable key")
    agent = scene.world.agent.public_key.thumbprint
    both_fail(Forgery(scene).decide(last(scene)[0], key_thumbprint=agent).files(), "no usable key")


def test_the_path_is_of_the_time_of_the_decision(scene: Scene) -> None:
    exhibit = next(one for one in scene.evidence.exhibits if one.number == last(scene)[3])
    head_time = parse_decision_record(exhibit.decision).head_time
    late = {number: {"head_time": head_time + 20 * DAY} for number in last(scene)}
    forgery = Forgery(scene)
    for number, changes in late.items():
        forgery.decide(number, **changes)
    data = zipped(forgery.files())
    assert verdict_here(data) == "PASS WITH FINDINGS"
    assert verdict_there(data) is None
