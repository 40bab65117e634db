"""Every bound on what one client may make this process read, hold or wait for."""

from typing import Final

from counterfoil.log.together import MOST_TOGETHER

MAX_URL_BYTES: Final = 8 * 1024
"""The longest URL of this service is a chain query: 512 bytes of rootTraceId, each escaped with three."""

MAX_HEADERS: Final = 100
"""Common clients and proxies send some twenty."""

MAX_HEADER_BYTES: Final = 32 * 1024
"""All names and values of one request together; twice what common servers read."""

HEAD_SECONDS: Final = 30.0
"""From the first byte of a connection or request to the end of its headers."""

BODY_SECONDS: Final = 30.0
"""From the end of the headers to the end of the body: 16 MiB at half a megabyte a second."""

MAX_BULK_STATEMENTS: Final = 256
"""Statements in one request: a batch of the log, which is one tile's width."""

MAX_BULK_BYTES: Final = 16 * 1024 * 1024
"""256 statements of 64 KiB; larger ones are posted one by one."""

BULK_SLICE: Final = MOST_TOGETHER
"""Statements of a bulk that are verified in a row, as those are that came by themselves."""

UNREAD_SECONDS: Final = 30.0
"""How long a client may take to read what the kernel does not hold for it: 1 MiB at 35 KB a second."""

LINGER_SECONDS: Final = 2.0
"""How long a refused client is heard out, so that closing does not destroy the answer on its way (RFC 9112, 9.6)."""

LINGER_BYTES: Final = 1024 * 1024
"""And how much of what it still sends is read and dropped."""

MAX_HELD_BYTES: Final = 256 * 1024 * 1024
"""Bodies that are being read or registered at one time; past it a new one is told to come back (429)."""

RETRY_AFTER_SECONDS: Final = 1
"""A batch takes milliseconds and a restart seconds, so a second is long enough to wait."""

KEEP_ALIVE_SECONDS: Final = 5
"""An idle connection costs a descriptor; a client that comes back later opens another."""

SHUTDOWN_SECONDS: Final = 10
"""Requests under way get this long; then they are cancelled and the process ends all the same."""

ALIVE_SECONDS: Final = 1
"""How often a worker says that its event loop runs."""

WORKER_SILENT_SECONDS: Final = 15.0
"""A worker that says nothing for so long is stopped or hangs, and its clients with it: it is replaced."""

BACKLOG: Final = 2048
"""Connections that the kernel holds until this process accepts them; it takes no more than net.core.somaxconn."""

DEFAULT_PAGE: Final = 100
MAX_PAGE: Final = 1000
"""Entries in one answer: some 200 KB of JSON."""

MAX_CONNECTIONS: Final = 16_384
"""Open at one time in a process, if its descriptors allow. An idle one takes some 10 KB."""

RESERVED_DESCRIPTORS: Final = 192
"""For the store, for files, and for refused connections that are still heard out."""

MAX_HEARD_OUT: Final = 64
"""Refused connections beyond the served ones that still get their answer; more are dropped without one."""

MAX_STREAMS: Final = 256
"""Chains followed at one time in a process, each by somebody. One that is not read holds two events and 64 KB besides:
all together some tens of megabytes, as long as statements have the usual size."""

MAX_STREAMS_OF_SENDER: Final = 64
"""Streams of one address at a time: who takes all that there are leaves none for others."""

STREAM_SECONDS: Final = 3600.0
"""The longest life of a stream: who left without a word holds a place no longer, and who did not resumes where it was,
wherever there is room."""

STREAM_PAGE: Final = 32
"""Entries read for a stream at once: more than waits in a chain whose reader keeps up, and read in milliseconds."""

STREAM_PATIENCE_SECONDS: Final = 1.0
"""How long events that were read wait for a reader who takes none; then they are forgotten until he does."""

WATCH_SECONDS: Final = 0.25
"""Between two looks at the head while somebody follows a chain: what is new is seen before a person would mind."""

HEARTBEAT_SECONDS: Final = 15.0
"""The longest silence of a stream: common proxies close a connection that says nothing for 30 or 60 seconds."""
