"""A TPM in software: swtpm, spoken to by tpm2-tools, which are what people read a real one with.

Both are packages of the system, and the tests that ask for them skip where they are absent. All of it happens in one
folder, over sockets in that folder, and ends with the ``with`` block.
"""

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from counterfoil.attestation.evidence import Evidence, Platform
from counterfoil.attestation.tpm.pcrs import PcrValues, encode_pcr_values
from counterfoil.attestation.tpm.public_area import parse_tpm_public
from counterfoil.cose.keys import PublicKey, public_key_der
from tests.certificates import NOT_AFTER, NOT_BEFORE, Entity, key_usage, named, when
from tests.tpm_quotes import SIZES

_PROGRAMS = ("swtpm", "tpm2_createek", "tpm2_createak", "tpm2_flushcontext", "tpm2_quote", "tpm2_pcrread")
_LEAVES_KEYS_BEHIND = frozenset({"tpm2_createek", "tpm2_createak", "tpm2_quote", "tpm2_certify", "tpm2_gettime"})
_EK, _SOCKET, _CONTROL, _STATE = "ek.ctx", "s", "s.ctrl", "state"
_STARTS_WITHIN, _COMMAND_WITHIN = 10.0, 30.0
_AIK = x509.ObjectIdentifier("2.23.133.8.3")


def require_software_tpm() -> None:
    """Skip the test, saying why, where a program is missing."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no software TPM here: {', '.join(missing)} missing (Debian: swtpm, tpm2-tools)")


class Ak(Enum):
    """The attestation keys that the TPM makes when first asked: kind, scheme, hash."""

    ECC = ("ecc", "ecdsa", "sha256")
    ECC_SHA384 = ("ecc", "ecdsa", "sha384")
    RSA = ("rsa", "rsassa", "sha256")
    RSA_PSS = ("rsa", "rsapss", "sha256")


@dataclass(frozen=True, slots=True)
class RealQuote:
    """What tpm2_quote, tpm2_pcrread and tpm2_createak wrote."""

    attest: bytes
    signature: bytes
    values: PcrValues
    public: bytes

    @property
    def key(self) -> PublicKey:
        return parse_tpm_public(self.public).key

    @property
    def pin(self) -> bytes:
        """What an operator pins to trust the key itself."""
        return sha256(public_key_der(self.key)).digest()

    @property
    def pin_of_name(self) -> bytes:
        """What an operator pins to trust the key and its attributes."""
        return sha256(parse_tpm_public(self.public).encoded).digest()

    def evidence(self, certificates: bytes | None = None, *, public: bool = True) -> Evidence:
        """The evidence, with the key's public area, certificates in PEM, or both."""
        parts = {"attest": self.attest, "signature": self.signature, "pcrs": encode_pcr_values(self.values)}
        parts |= {"public": self.public} if public else {}
        parts |= {"certificates": certificates} if certificates is not None else {}
        return Evidence(Platform.TPM2, parts)


class SoftwareTpm:
    """A TPM that runs in ``folder`` for as long as the ``with`` block; each one is another TPM."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tpm"
        self._process: subprocess.Popen[bytes] | None = None
        self._made: set[Ak] = set()

    def __enter__(self) -> Self:
        (self._folder / _STATE).mkdir(parents=True)
        sockets = ["--server", f"type=unixio,path={_SOCKET}", "--ctrl", f"type=unixio,path={_CONTROL}"]
        started = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={_STATE}", *sockets]
        self._process = subprocess.Popen(
            [*started, "--flags", "not-need-init,startup-clear"],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._await_start(self._process)
            self._run("tpm2_createek", "-c", _EK, "-G", "ecc", "-u", "ek.pub")
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def quote(
        self, qualifying: bytes, pcrs: Sequence[int] = (0, 7), *, ak: Ak = Ak.ECC, banks: Sequence[str] = ("sha256",)
    ) -> RealQuote:
        """A quote of registers over ``qualifying``, which are at most 64 bytes, and the registers' values."""
        public, context = self.public(ak), f"{ak.name}.ctx"
        _, scheme, hashed = ak.value
        selection = "+".join(f"{bank}:{','.join(map(str, sorted(pcrs)))}" for bank in banks)
        wanted = ["-c", context, "-l", selection, "-q", qualifying.hex(), "-g", hashed]
        chosen = ["--scheme", scheme] if scheme == "rsapss" else []
        self._run("tpm2_quote", *wanted, "-m", "quote.msg", "-s", "quote.sig", *chosen)
        return RealQuote(self._read("quote.msg"), self._read("quote.sig"), self.values(pcrs, banks), public)

    def public(self, ak: Ak = Ak.ECC) -> bytes:
        """The public area of an attestation key, as tpm2_createak -u -f tss writes it."""
        if ak not in self._made:
            kind, scheme, hashed = ak.value
            made = ["-C", _EK, "-c", f"{ak.name}.ctx", "-G", kind, "-s", scheme, "-g", hashed]
            self._run("tpm2_createak", *made, "-u", f"{ak.name}.pub", "-f", "tss", "-n", f"{ak.name}.name")
            self._made.add(ak)
        return self._read(f"{ak.name}.pub")

    def name(self, ak: Ak = Ak.ECC) -> bytes:
        """The name that the TPM itself gives to an attestation key."""
        self.public(ak)
        return self._read(f"{ak.name}.name")

    def values(self, pcrs: Sequence[int] = (0, 7), banks: Sequence[str] = ("sha256",)) -> PcrValues:
        """What registers hold now."""
        indices = sorted(pcrs)
        values: dict[str, dict[int, bytes]] = {}
        for bank in banks:
            self._run("tpm2_pcrread", f"{bank}:{','.join(map(str, indices))}", "-o", "pcrs.bin")
            joined, size = self._read("pcrs.bin"), SIZES[bank]
            assert len(joined) == size * len(indices)
            values[bank] = {index: joined[size * at : size * (at + 1)] for at, index in enumerate(indices)}
        return values

    def extend(self, pcr: int, digest: bytes, bank: str = "sha256") -> None:
        """Extend a register with a digest of its bank's size."""
        self._run("tpm2_pcrextend", f"{pcr}:{bank}={digest.hex()}")

    def certify(self, ak: Ak = Ak.ECC) -> tuple[bytes, bytes]:
        """What an attestation key says of itself, which is no quote, and its signature."""
        self.public(ak)
        context = f"{ak.name}.ctx"
        self._run("tpm2_certify", "-C", context, "-c", context, "-g", ak.value[2], "-o", "said.msg", "-s", "said.sig")
        return self._read("said.msg"), self._read("said.sig")

    def time(self, qualifying: bytes, ak: Ak = Ak.ECC) -> tuple[bytes, bytes]:
        """What the clock shows, which is no quote either, and its signature."""
        self.public(ak)
        wanted = ["-c", f"{ak.name}.ctx", "-q", qualifying.hex(), "-g", ak.value[2]]
        self._run("tpm2_gettime", *wanted, "--attestation", "said.msg", "-o", "said.sig")
        return self._read("said.msg"), self._read("said.sig")

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def _await_start(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + _STARTS_WITHIN
        while not (self._folder / _SOCKET).exists() or self._command("tpm2_flushcontext", "-t").returncode != 0:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"swtpm did not start; exit code {process.returncode}")
            time.sleep(0.005)

    def _run(self, *command: str) -> None:
        done = self._command(*command)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")
        # Without a resource manager nobody else makes room for the next key.
        if command[0] in _LEAVES_KEYS_BEHIND:
            self._run("tpm2_flushcontext", "-t")

    def _command(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        # The sockets are named relative to the folder, whose own name may be too long for an address.
        spoken_to = ["-T", f"swtpm:path={_SOCKET}"]
        return subprocess.run(
            [*command, *spoken_to], cwd=self._folder, capture_output=True, timeout=_COMMAND_WITHIN, check=False
        )

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STARTS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def certified_by(issuer: Entity, key: PublicKey) -> bytes:
    """A certificate of an attestation key by ``issuer``, and that of ``issuer``, in PEM."""
    builder = x509.CertificateBuilder(
        issuer.certificate.subject, named("AK"), None, x509.random_serial_number(), when(NOT_BEFORE), when(NOT_AFTER)
    )
    material = key.material
    certificate = (
        builder.public_key(material)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(["digital_signature"]), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_AIK]), critical=False)
        .sign(issuer.key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM) + issuer.certificate.public_bytes(Encoding.PEM)
