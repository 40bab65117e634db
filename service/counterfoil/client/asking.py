"""What a client asks and what comes back, apart from how it travels."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from counterfoil.client.problem import ServiceAnswerError

Done = TypeVar("Done")

_LATER: Final = frozenset({202, 204})


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and how many bytes of a good answer are read.

    ``later`` is the status by which the service may say that the answer comes later; others are refused. ``until`` is
    when, on the conversation's clock, no further attempt begins.
    """

    method: str
    path: str
    accept: str
    max_bytes: int
    until: float
    query: Mapping[str, str | int] = field(default_factory=dict)
    content_type: str | None = None
    body: bytes | None = None
    later: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer, within its bound. ``retry_after`` is in seconds, and None where the service does not say."""

    status: int
    body: bytes
    location: str | None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds in which nothing is asked."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Something that computes, or writes to a disk, for longer than an event loop should stand still."""

    do: Callable[[], None]


Step = Ask | Pause | Work
Conversation = Generator[Step, Answer | None, Done]
"""What is asked one after another, each with its answer in mind, until it is done. It neither sends nor waits itself,
so one that waits for a socket and one in an event loop hold the same conversation. A step that fails raises in it.
"""


def ask(request: Ask) -> Conversation[Answer]:
    """Ask one thing."""
    answer = yield request
    if answer is None:
        raise TypeError("a request was not answered")
    if answer.status in _LATER and answer.status != request.later:
        raise ServiceAnswerError(f"the service answered {answer.status}, which is no answer to this request")
    return answer


def pause(seconds: float) -> Conversation[None]:
    """Wait."""
    yield Pause(seconds)


def work(do: Callable[[], Done]) -> Conversation[Done]:
    """Have something computed."""
    done: list[Done] = []
    yield Work(lambda: done.append(do()))
    return done[0]
