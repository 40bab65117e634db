"""Settings: read from a mapping, refused when they cannot be meant."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from counterfoil.errors import MisconfiguredError
from counterfoil.settings import Settings, read_metrics_directory, read_settings

TOKEN = "t" * 32


def test_nothing_given_is_the_defaults() -> None:
    assert read_settings({"PATH": "/bin"}) == Settings()


def test_everything_given_is_read(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "COUNTERFOIL_DATA": str(tmp_path),
            "COUNTERFOIL_HOST": "::1",
            "COUNTERFOIL_PORT": "0",
            "COUNTERFOIL_ADMIN_TOKEN": TOKEN,
            "COUNTERFOIL_TRUSTED_PROXIES": "10.0.0.1, 10.1.0.0/16,,2001:db8::/32,",
            "COUNTERFOIL_RATE_PER_ADDRESS": "0",
            "COUNTERFOIL_RATE_PER_ISSUER": "7",
            "COUNTERFOIL_RATE_READS_PER_ADDRESS": "1000000",
            "COUNTERFOIL_LOG_FORMAT": "json",
            "COUNTERFOIL_ACCESS_LOG": "1",
            "COUNTERFOIL_PAGE_SECONDS": "5",
            "COUNTERFOIL_PRODUCTION": "yes",
            "COUNTERFOIL_RECEIPT_KEY": "memory:ES256",
        },
    )
    assert settings.data == tmp_path
    assert (settings.host, settings.port, settings.page_seconds) == ("::1", 0, 5)
    assert settings.trusted_proxies == (
        ip_network("10.0.0.1/32"),
        ip_network("10.1.0.0/16"),
        ip_network("2001:db8::/32"),
    )
    assert (settings.rate_per_address, settings.rate_per_issuer, settings.rate_reads_per_address) == (0, 7, 1_000_000)
    assert (settings.log_format, settings.access_log) == ("json", True)
    assert settings.production
    assert settings.receipt_key == "memory:ES256"


def test_an_empty_admin_token_is_none() -> None:
    assert read_settings({"COUNTERFOIL_ADMIN_TOKEN": ""}).admin_token is None
    assert read_settings({"COUNTERFOIL_ADMIN_TOKEN": TOKEN + "\n"}).admin_token == TOKEN


def test_the_admin_token_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    assert read_settings({"COUNTERFOIL_ADMIN_TOKEN_FILE": str(tmp_path / "token")}).admin_token == TOKEN


@pytest.mark.parametrize(
    "given",
    [
        {"COUNTERFOIL_PROT": "1"},
        {"COUNTERFOIL_PORT": "65536"},
        {"COUNTERFOIL_PORT": "-1"},
        {"COUNTERFOIL_PORT": "\u0661"},
        {"COUNTERFOIL_PORT": ""},
        {"COUNTERFOIL_PAGE_SECONDS": "0"},
        {"COUNTERFOIL_MAX_BATCH": "1025"},
        {"COUNTERFOIL_PRODUCTION": "maybe"},
        {"COUNTERFOIL_TRUSTED_PROXIES": "proxy.example"},
        {"COUNTERFOIL_TRUSTED_PROXIES": "10.0.0.1; 10.0.0.2"},
        {"COUNTERFOIL_TRUSTED_PROXIES": "10.0.0.1/8"},
        {"COUNTERFOIL_TRUSTED_PROXIES": "10.0.0.0/33"},
        {"COUNTERFOIL_TRUSTED_PROXIES": "10.0.0.1:80"},
        {"COUNTERFOIL_TRUSTED_PROXIES": "*"},
        {"COUNTERFOIL_RATE_PER_ADDRESS": "-1"},
        {"COUNTERFOIL_RATE_PER_ADDRESS": "1000001"},
        {"COUNTERFOIL_RATE_PER_ISSUER": "0.5"},
        {"COUNTERFOIL_RATE_READS_PER_ADDRESS": ""},
        {"COUNTERFOIL_LOG_FORMAT": "xml"},
        {"COUNTERFOIL_LOG_FORMAT": ""},
        {"COUNTERFOIL_ACCESS_LOG": "2"},
        {"COUNTERFOIL_ADMIN_TOKEN": "short"},
        {"COUNTERFOIL_ADMIN_TOKEN": "t" * 31},
        {"COUNTERFOIL_ADMIN_TOKEN": "t" * 32 + "\u00e9"},
        {"COUNTERFOIL_ADMIN_TOKEN": "t" * 32 + " t"},
        {"COUNTERFOIL_ADMIN_TOKEN_FILE": "absent/file"},
        {"COUNTERFOIL_ADMIN_TOKEN": TOKEN, "COUNTERFOIL_ADMIN_TOKEN_FILE": "x"},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(MisconfiguredError):
        read_settings(given)


def test_the_metrics_directory_is_prometheus_own_variable(tmp_path: Path) -> None:
    assert read_metrics_directory({"PATH": "/bin"}) is None
    assert read_metrics_directory({"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}) == tmp_path
    for absent in (str(tmp_path / "absent"), ""):
        with pytest.raises(MisconfiguredError):
            read_metrics_directory({"PROMETHEUS_MULTIPROC_DIR": absent})
