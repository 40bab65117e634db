"""Who sends too much is told when to come back, and nobody else pays for it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import TypeVar

import httpx
import pytest

from counterfoil.cose.sign1 import encode_sign1, parse_sign1
from counterfoil.errors import RateLimitedError, SignatureInvalidError
from counterfoil.http.rate_limits import RateLimits
from counterfoil.log.group_commit import Result
from counterfoil.register import OpenLog, Registration, admit, register
from counterfoil.settings import Settings
from counterfoil.statement.signed_statement import parse_signed_statement
from counterfoil.storage.memory import MemoryStore
from tests.builders import World, sign_statement
from tests.http.live import OTHER, OTHER_ISSUER, QUIET, Live, new_world, problem_in, running

T = TypeVar("T")


class Timer:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 5_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def limited(timer: Timer, settings: Settings) -> Iterator[Live]:
    with running(new_world(MemoryStore()), settings, timer=timer) as live:
        yield live


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def one(timer: Timer) -> Iterator[Live]:
    with limited(timer, replace(QUIET, rate_per_address=1)) as live:
        yield live


@pytest.fixture
def proxied(timer: Timer) -> Iterator[Live]:
    settings = replace(QUIET, rate_per_address=1, trusted_proxies=(ip_network("127.0.0.0/8"),))
    with limited(timer, settings) as live:
        yield live


def assert_limited(response: httpx.Response, retry_after: int = 1) -> None:
    problem = problem_in(response)
    assert (response.status_code, problem.code, problem.title) == (429, "rate-limited", "Too Many Requests")
    assert response.headers["Retry-After"] == str(retry_after)
    assert "Connection" not in response.headers


def test_the_second_statement_of_an_address_has_to_wait(one: Live, timer: Timer) -> None:
    first, second = sign_statement(one.world.agent), sign_statement(one.world.agent)
    one.register(first)
    size = one.size()
    assert_limited(one.post(second))
    assert_limited(one.post(second))
    assert one.size() == size
    timer.now += 1
    one.register(second)


def test_what_is_refused_counts_too(one: Live) -> None:
    assert one.post(b"no statement").status_code == 400
    assert_limited(one.post(sign_statement(one.world.agent)))


def test_the_body_of_a_limited_request_is_not_waited_for_and_the_connection_lives(one: Live) -> None:
    one.register(sign_statement(one.world.agent))
    large = b"x" * 100_000
    for _ in range(3):
        assert_limited(one.post(large))
    assert one.client.get("/livez").status_code == 200


def test_reads_are_not_limited_unless_it_is_asked_for(one: Live) -> None:
    one.register(sign_statement(one.world.agent))
    assert {one.client.get("/log").status_code for _ in range(20)} == {200}


def test_reads_have_a_limit_of_their_own(timer: Timer) -> None:
    settings = replace(QUIET, rate_per_address=1, rate_reads_per_address=3)
    service = RateLimits(settings, timer)
    scope = {"client": ("192.0.2.1", 1), "headers": []}
    for _ in range(3):
        service.require_read(scope)
    with pytest.raises(RateLimitedError):
        service.require_read(scope)
    service.require_address(scope)


def test_whoever_asks_whether_the_service_lives_is_always_told() -> None:
    with running(new_world(MemoryStore()), replace(QUIET, rate_reads_per_address=1000), timer=Timer()) as live:
        answers = [live.client.get("/log").status_code for _ in range(1010)]
        assert answers.count(429) >= 10
        assert_limited(live.client.get("/checkpoint"))
        for path in ("/livez", "/readyz", "/metrics"):
            assert live.client.get(path).status_code == 200
        live.register(sign_statement(live.world.agent))


def test_zero_is_no_limit(timer: Timer) -> None:
    with limited(timer, replace(QUIET, rate_per_address=0)) as live:
        assert {live.post(b"x").status_code for _ in range(50)} == {400}


def test_each_client_of_a_trusted_proxy_is_counted_by_itself(proxied: Live) -> None:
    def post(address: str) -> httpx.Response:
        return proxied.post(sign_statement(proxied.world.agent), X_Forwarded_For=address)

    for address in ("192.0.2.1", "192.0.2.2", "2001:db8:0:1::1"):
        assert post(address).status_code == 201
    for address in ("192.0.2.1", "203.0.113.9, 192.0.2.2", "2001:db8:0:1:ffff::2", "[2001:db8:0:1::3]:99"):
        assert_limited(post(address))
    assert post("2001:db8:0:2::1").status_code == 201


def test_no_other_header_makes_another_client(proxied: Live) -> None:
    proxied.register(sign_statement(proxied.world.agent))
    for name in ("X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "Via"):
        assert_limited(proxied.post(b"x", **{name: "192.0.2.77"}))


def test_without_a_trusted_proxy_a_forwarding_header_is_only_a_header(one: Live) -> None:
    one.register(sign_statement(one.world.agent))
    for number in range(5):
        assert_limited(one.post(b"x", X_Forwarded_For=f"192.0.2.{number}", Forwarded=f"for=192.0.2.{number}"))


def test_a_bulk_counts_all_its_statements(timer: Timer) -> None:
    limits = RateLimits(replace(QUIET, rate_per_address=100), timer)
    scope = {"client": ("192.0.2.1", 1), "headers": []}
    limits.require_address(scope)
    limits.charge_address(scope, 255)
    with pytest.raises(RateLimitedError) as refused:
        limits.require_address(scope)
    assert refused.value.retry_after == 2
    limits.require_address({"client": ("192.0.2.2", 1), "headers": []})


def with_log(timer: Timer, rate: int, use: Callable[[World, OpenLog], Coroutine[None, None, T]]) -> T:
    world = new_world(MemoryStore())
    limits = RateLimits(replace(QUIET, rate_per_issuer=rate), timer)

    async def run() -> T:
        log = world.open()
        try:
            return await use(world, limits.limited(log))
        finally:
            await log.close()

    return asyncio.run(run())


def test_an_issuer_that_registers_too_much_waits(timer: Timer) -> None:
    async def use(world: World, log: OpenLog) -> None:
        for _ in range(2):
            await register(sign_statement(world.agent), log)
        late = sign_statement(world.agent)
        size = world.open().head().tree.size
        with pytest.raises(RateLimitedError) as refused:
            await register(late, log)
        assert refused.value.retry_after == 1
        assert world.open().head().tree.size == size
        timer.now += 1
        assert (await register(late, log)).new

    with_log(timer, 2, use)


def test_nobody_uses_up_the_allowance_of_another(timer: Timer) -> None:
    async def use(world: World, log: OpenLog) -> Registration:
        registered = sign_statement(world.agent)
        await register(registered, log)
        for _ in range(20):
            assert not (await register(registered, log)).new
            with pytest.raises(SignatureInvalidError):
                await register(forged(sign_statement(world.agent)), log)
        return await register(sign_statement(world.agent), log)

    assert with_log(timer, 2, use).new


def forged(statement: bytes) -> bytes:
    message = parse_sign1(statement, max_bytes=len(statement))
    return encode_sign1(message.protected_bytes, {}, message.payload, bytes(63) + b"\x01")


def test_those_of_a_bulk_are_let_in_together_and_paid_for_afterwards(timer: Timer) -> None:
    async def use(world: World, log: OpenLog) -> None:
        rules = await log.rules()

        def enqueue(statement: bytes) -> asyncio.Future[Result]:
            return log.enqueue(admit(parse_signed_statement(statement), rules, log.head_time()))

        statements = [sign_statement(world.agent) for _ in range(5)]
        await asyncio.gather(*map(enqueue, [*statements, *statements]))
        with pytest.raises(RateLimitedError) as refused:
            await enqueue(sign_statement(world.agent))
        assert refused.value.retry_after == 2
        timer.now += 2
        await enqueue(sign_statement(world.agent))

    with_log(timer, 2, use)


def test_without_a_limit_the_log_is_the_log(timer: Timer) -> None:
    log = new_world(MemoryStore()).open()
    assert RateLimits(replace(QUIET, rate_per_issuer=0), timer).limited(log) is log


def test_over_http_an_issuer_is_told_to_wait(timer: Timer) -> None:
    with limited(timer, replace(QUIET, rate_per_issuer=1)) as live:
        live.register(sign_statement(live.world.agent))
        size = live.size()
        assert_limited(live.post(sign_statement(live.world.agent)))
        assert live.size() == size
        assert live.post(sign_statement(OTHER, issuer=OTHER_ISSUER)).status_code == 400
        timer.now += 1
        live.register(sign_statement(live.world.agent))
