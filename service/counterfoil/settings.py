"""The environment, read once into one frozen object; nothing else reads it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final

from counterfoil.errors import MisconfiguredError
from counterfoil.log.group_commit import DEFAULT_MAX_BATCH

PREFIX: Final = "COUNTERFOIL_"
METRICS_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8440
DEFAULT_PAGE_SECONDS: Final = 60
"""At least every minute in which something was appended, its decisions are committed to."""

DEFAULT_HEARTBEAT_SECONDS: Final = 3600
"""An hour without a page would leave an observer unsure whether the log still runs."""

DEFAULT_RATE_PER_ADDRESS: Final = 1000
"""More than one client of ours sends, and a fraction of what one process registers."""

_MAX_RATE: Final = 1_000_000
_MAX_SECONDS: Final = 24 * 3600
_MIN_TOKEN_CHARACTERS: Final = 32
_MAX_BATCH: Final = 1024
_MAX_WORKERS: Final = 64
_LOG_FORMATS: Final = ("text", "json")

Network = IPv4Network | IPv6Network
"""Addresses of machines, as a setting names them: one, or all that begin alike (CIDR)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process was asked to run. Each field is COUNTERFOIL_ and its name in capitals.

    ``admin_token`` and ``database`` may also be given in a file (``COUNTERFOIL_ADMIN_TOKEN_FILE`` and so on).
    ``database`` is a URL; without one the log lies in a file in ``data``. A key field is a signer URI, relative to
    ``data``. Rates are in a second, for each process; 0 is no limit.
    """

    data: Path | None = None
    database: str | None = None
    workers: int = 1
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    admin_token: str | None = None
    trusted_proxies: tuple[Network, ...] = ()
    rate_per_address: int = DEFAULT_RATE_PER_ADDRESS
    rate_per_issuer: int = 0
    rate_reads_per_address: int = 0
    log_format: str = "text"
    access_log: bool = False
    page_seconds: int = DEFAULT_PAGE_SECONDS
    heartbeat_seconds: int = DEFAULT_HEARTBEAT_SECONDS
    max_batch: int = DEFAULT_MAX_BATCH
    production: bool = False
    receipt_key: str = "file:keys/receipt.pem"
    checkpoint_key: str = "file:keys/checkpoint.pem"
    service_key: str = "file:keys/service.pem"
    operator_key: str = "file:keys/operator.pem"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment of this process, or from the mapping given.

    Raises:
        MisconfiguredError: A variable has a value that cannot be used, or is not known.
    """
    source = os.environ if environment is None else environment  # noqa: TID251 - this file is the one that may
    given = {name.removeprefix(PREFIX).lower(): value for name, value in source.items() if name.startswith(PREFIX)}
    _require_known(given)
    defaults = Settings()
    return Settings(
        data=Path(given["data"]) if "data" in given else None,
        database=_secret(given, "database"),
        workers=_number(given, "workers", defaults.workers, 1, _MAX_WORKERS),
        host=given.get("host", defaults.host),
        port=_number(given, "port", defaults.port, 0, 65535),
        admin_token=_admin_token(given),
        trusted_proxies=_networks(given, "trusted_proxies"),
        rate_per_address=_number(given, "rate_per_address", defaults.rate_per_address, 0, _MAX_RATE),
        rate_per_issuer=_number(given, "rate_per_issuer", defaults.rate_per_issuer, 0, _MAX_RATE),
        rate_reads_per_address=_number(given, "rate_reads_per_address", defaults.rate_reads_per_address, 0, _MAX_RATE),
        log_format=_choice(given, "log_format", _LOG_FORMATS),
        access_log=_flag(given, "access_log"),
        page_seconds=_number(given, "page_seconds", defaults.page_seconds, 1, _MAX_SECONDS),
        heartbeat_seconds=_number(given, "heartbeat_seconds", defaults.heartbeat_seconds, 1, _MAX_SECONDS),
        max_batch=_number(given, "max_batch", defaults.max_batch, 1, _MAX_BATCH),
        production=_flag(given, "production"),
        receipt_key=given.get("receipt_key", defaults.receipt_key),
        checkpoint_key=given.get("checkpoint_key", defaults.checkpoint_key),
        service_key=given.get("service_key", defaults.service_key),
        operator_key=given.get("operator_key", defaults.operator_key),
    )


def read_metrics_directory(environment: Mapping[str, str] | None = None) -> Path | None:
    """The directory in which the processes of one service share their metrics; None when each has its own.

    prometheus_client reads the variable itself, when it is first imported, and has named it.

    Raises:
        MisconfiguredError: It is no directory.
    """
    source = os.environ if environment is None else environment  # noqa: TID251 - this file is the one that may
    name = source.get(METRICS_DIRECTORY)
    if name is None:
        return None
    if not name or not Path(name).is_dir():
        raise MisconfiguredError(f"{METRICS_DIRECTORY} is not a directory")
    return Path(name)


@contextmanager
def environment_for_children(name: str, value: str) -> Iterator[None]:
    """A variable for the processes that are started in the block."""
    environment = os.environ  # noqa: TID251 - this file is the one that may
    before = environment.get(name)
    environment[name] = value
    try:
        yield
    finally:
        environment.pop(name)
        if before is not None:
            environment[name] = before


def _require_known(given: Mapping[str, str]) -> None:
    known = {*Settings.__dataclass_fields__, "admin_token_file", "database_file"}
    unknown = sorted(set(given) - known)
    if unknown:
        raise MisconfiguredError(f"unknown settings: {', '.join(PREFIX + name.upper() for name in unknown)}")


def _number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise MisconfiguredError(f"{PREFIX}{name.upper()} is not a number from {least} to {most}")
    return int(text)


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "0").lower()
    if text not in {"0", "1", "false", "true", "no", "yes"}:
        raise MisconfiguredError(f"{PREFIX}{name.upper()} is neither yes nor no")
    return text in {"1", "true", "yes"}


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    chosen = given.get(name, choices[0])
    if chosen not in choices:
        raise MisconfiguredError(f"{PREFIX}{name.upper()} is none of {', '.join(choices)}")
    return chosen


def _networks(given: Mapping[str, str], name: str) -> tuple[Network, ...]:
    parts = [part.strip() for part in given.get(name, "").split(",")]
    try:
        return tuple(ip_network(part) for part in parts if part)
    except ValueError as error:
        raise MisconfiguredError(
            f"{PREFIX}{name.upper()} is not a list of addresses and networks (such as 10.0.0.0/8), with commas between",
        ) from error


def _secret(given: Mapping[str, str], name: str) -> str | None:
    """A value that may lie in a file, where other processes' lists and environments do not show it."""
    variable = f"{PREFIX}{name.upper()}"
    if given.get(name) and f"{name}_file" in given:
        raise MisconfiguredError(f"give {variable} or {variable}_FILE, not both")
    value = given.get(name)
    if f"{name}_file" in given:
        try:
            value = Path(given[f"{name}_file"]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MisconfiguredError(f"{variable}_FILE cannot be read") from error
    return None if value is None else value.strip() or None


def _admin_token(given: Mapping[str, str]) -> str | None:
    token = _secret(given, "admin_token")
    if token is None:
        return None
    if len(token) < _MIN_TOKEN_CHARACTERS or not (token.isascii() and token.isprintable() and " " not in token):
        raise MisconfiguredError(f"the admin token is not {_MIN_TOKEN_CHARACTERS} or more visible ASCII characters")
    return token
