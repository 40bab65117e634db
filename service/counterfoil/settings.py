"""The environment, read once into one frozen object; nothing else reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counterfoil.errors import MisconfiguredError
from counterfoil.log.group_commit import DEFAULT_MAX_BATCH

PREFIX: Final = "COUNTERFOIL_"
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8440
DEFAULT_PAGE_SECONDS: Final = 60
"""At least every minute in which something was appended, its decisions are committed to."""

DEFAULT_HEARTBEAT_SECONDS: Final = 3600
"""An hour without a page would leave an observer unsure whether the log still runs."""

_MAX_SECONDS: Final = 24 * 3600
_MIN_TOKEN_CHARACTERS: Final = 32
_MAX_BATCH: Final = 1024
_MAX_WORKERS: Final = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process was asked to run. Each field is COUNTERFOIL_ and its name in capitals.

    ``admin_token`` and ``database`` may also be given in a file (``COUNTERFOIL_ADMIN_TOKEN_FILE`` and so on).
    ``database`` is a URL; without one the log lies in a file in ``data``. A key field is a signer URI, relative to
    ``data``.
    """

    data: Path | None = None
    database: str | None = None
    workers: int = 1
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    admin_token: str | None = None
    trusted_proxies: tuple[str, ...] = ()
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
        trusted_proxies=tuple(part.strip() for part in given.get("trusted_proxies", "").split(",") if part.strip()),
        page_seconds=_number(given, "page_seconds", defaults.page_seconds, 1, _MAX_SECONDS),
        heartbeat_seconds=_number(given, "heartbeat_seconds", defaults.heartbeat_seconds, 1, _MAX_SECONDS),
        max_batch=_number(given, "max_batch", defaults.max_batch, 1, _MAX_BATCH),
        production=_flag(given, "production"),
        receipt_key=given.get("receipt_key", defaults.receipt_key),
        checkpoint_key=given.get("checkpoint_key", defaults.checkpoint_key),
        service_key=given.get("service_key", defaults.service_key),
        operator_key=given.get("operator_key", defaults.operator_key),
    )


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
