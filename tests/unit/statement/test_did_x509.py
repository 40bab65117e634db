"""did:x509: what it says, of which certificates it holds, and what is none."""

from collections.abc import Sequence
from hashlib import sha256, sha384, sha512
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.cose.x509_path.certificate import FULCIO_ISSUER, parse_certificate
from counterfoil.encoding.base64url import encode_base64url
from counterfoil.errors import MalformedDidError
from counterfoil.statement.claims import MAX_ISSUER_CHARACTERS
from counterfoil.statement.did_x509 import MAX_PREDICATES, parse_did_x509
from tests.certificates import Entity, Says, authority, built, issued, new_key, root

CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING.dotted_string
ROOT = root()
CA = authority(ROOT, "ca")
OTHER = root("other")
SUBJECT = x509.Name(
    [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Zwölf & Söhne: 100%"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "one"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "two"),
        x509.NameAttribute(NameOID.STREET_ADDRESS, "Weg 1"),
        x509.NameAttribute(NameOID.SERIAL_NUMBER, "472"),
        x509.NameAttribute(NameOID.COMMON_NAME, "agent"),
    ]
)
NAMES = x509.SubjectAlternativeName(
    [
        x509.RFC822Name("bob@example.com"),
        x509.DNSName("agent.example"),
        x509.UniformResourceIdentifier("https://example.com/a/b.yml@refs/heads/main"),
    ]
)
USAGES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING])


def fulcio(url: str = "https://issuer.example.com", *, critical: bool = False) -> tuple[x509.ExtensionType, bool]:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(FULCIO_ISSUER), url.encode()), critical


def leaf(*extensions: tuple[x509.ExtensionType, bool]) -> Entity:
    key = new_key()
    return Entity(key, built(SUBJECT, key, CA.key, CA.certificate.subject, Says(extensions=extensions)))


LEAF = leaf((NAMES, False), (USAGES, False), fulcio())
FINGERPRINT = encode_base64url(sha256(CA.der).digest())
GOOD = f"did:x509:0:sha256:{FINGERPRINT}"
DIGEST = encode_base64url(sha256(b"some CA").digest())
SOME = f"did:x509:0:sha256:{DIGEST}"


def holds(predicates: str, chain: Sequence[Entity] = (LEAF, CA, ROOT), begin: str = GOOD) -> bool:
    return parse_did_x509(f"{begin}::{predicates}").holds_of([parse_certificate(one.der) for one in chain])


@pytest.mark.parametrize(
    "predicates",
    [
        "subject:CN:agent",
        "subject:C:DE:CN:agent",
        "subject:STREET:Weg%201:2.5.4.5:472",
        f"subject:O:{quote('Zwölf & Söhne: 100%', safe='')}",
        "subject:O:Zw%c3%b6lf%20%26%20S%C3%b6hne%3a%20100%25",
        "san:email:bob%40example.com",
        "san:dns:agent.example",
        "san:uri:https%3A%2F%2Fexample.com%2Fa%2Fb.yml%40refs%2Fheads%2Fmain",
        f"eku:{CODE_SIGNING}",
        f"eku:{CODE_SIGNING}::eku:{ExtendedKeyUsageOID.TIME_STAMPING.dotted_string}",
        "fulcio-issuer:issuer.example.com",
        f"fulcio-issuer:issuer.example.com::san:dns:agent.example::eku:{CODE_SIGNING}::subject:CN:agent",
    ],
)
def test_holds(predicates: str) -> None:
    assert holds(predicates)


@pytest.mark.parametrize(
    "predicates",
    [
        "subject:CN:Agent",
        "subject:CN:agent%20",
        "subject:C:DE:CN:other",
        "subject:L:Berlin",
        "subject:OU:one",
        "subject:OU:two",
        "subject:2.5.4.5:473",
        "san:dns:AGENT.example",
        "san:dns:other.example",
        "san:email:agent.example",
        "san:uri:agent.example",
        f"eku:{ExtendedKeyUsageOID.SERVER_AUTH.dotted_string}",
        f"eku:{CODE_SIGNING}.1",
        f"eku:{CODE_SIGNING}::eku:{ExtendedKeyUsageOID.SERVER_AUTH.dotted_string}",
        "fulcio-issuer:other.example.com",
        "fulcio-issuer:https%3A%2F%2Fissuer.example.com",
        "subject:CN:agent::san:dns:other.example",
    ],
)
def test_does_not_hold(predicates: str) -> None:
    assert not holds(predicates)


def test_the_fingerprint_is_of_a_ca_above_the_leaf() -> None:
    for hashed, name in ((sha256, "sha256"), (sha384, "sha384"), (sha512, "sha512")):
        for one, right in ((CA, True), (ROOT, True), (LEAF, False), (OTHER, False)):
            begin = f"did:x509:0:{name}:{encode_base64url(hashed(one.der).digest())}"
            assert holds("subject:CN:agent", begin=begin) is right
    assert not holds("subject:CN:agent", (LEAF,))
    assert not holds("subject:CN:agent", (LEAF, ROOT))


def test_what_a_certificate_does_not_have_is_no_match() -> None:
    bare = (leaf(), CA, ROOT)
    assert holds("subject:CN:agent", bare)
    for predicates in ("san:dns:agent.example", f"eku:{CODE_SIGNING}", "fulcio-issuer:issuer.example.com"):
        assert not holds(predicates, bare)


def test_a_critical_fulcio_issuer_is_no_match() -> None:
    assert not holds("fulcio-issuer:issuer.example.com", (leaf(fulcio(critical=True)), CA, ROOT))
    assert not holds("fulcio-issuer:issuer.example.com", (leaf(fulcio("issuer.example.com")), CA, ROOT))


def test_predicates_are_about_the_leaf_alone() -> None:
    assert not holds("subject:CN:ca")
    assert holds("subject:CN:ca", (CA, ROOT), f"did:x509:0:sha256:{encode_base64url(sha256(ROOT.der).digest())}")
    assert not holds("subject:CN:agent", (issued(CA, "x"), CA, LEAF))


def test_says_which_usages_it_asks_for() -> None:
    assert parse_did_x509(f"{GOOD}::eku:1.2.3::subject:CN:a::eku:1.2.4").extended_key_usages == {"1.2.3", "1.2.4"}
    assert parse_did_x509(f"{GOOD}::subject:CN:a").extended_key_usages == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did:x509",
        "did:x509:",
        "did:web:agent.example",
        "DID:x509:0:sha256:" + DIGEST + "::subject:CN:a",
        "did:X509:0:sha256:" + DIGEST + "::subject:CN:a",
        SOME,
        f"{SOME}::",
        f"{SOME}:::subject:CN:a",
        f"{SOME}::subject:CN:a::",
        f"{SOME}::::subject:CN:a",
        f"{SOME}::subject:CN:a:",
        f"{SOME}::subject:CN:",
        f"{SOME}::subject::a",
        f"{SOME}::subject:CN",
        f"{SOME}::subject",
        f"{SOME}::subject:CN:a:CN:b",
        f"{SOME}::subject:2.5.4.3:a",
        f"{SOME}::subject:cn:a",
        f"{SOME}::subject:UID:a",
        f"{SOME}::subject:1..2:a",
        f"{SOME}::subject:.1:a",
        f"{SOME}::subject:1.2.:a",
        f"{SOME}::subject:CN:a b",
        f"{SOME}::subject:CN:a~b",
        f"{SOME}::subject:CN:a+b",
        f"{SOME}::subject:CN:%",
        f"{SOME}::subject:CN:%4",
        f"{SOME}::subject:CN:%4g",
        f"{SOME}::subject:CN:%ff",
        f"{SOME}::subject:CN:%c3",
        f"{SOME}::subject:CN:%ed%a0%80",
        f"{SOME}::subject:CN:ö",
        f"{SOME}::subject:CN:a\n",
        f"{SOME}::subject:CN:a/path",
        f"{SOME}::subject:CN:a?query",
        f"{SOME}::subject:CN:a#0",
        f"{SOME}::san:dns",
        f"{SOME}::san:dn:a",
        f"{SOME}::san:DNS:a",
        f"{SOME}::san:dns:a:b",
        f"{SOME}::eku",
        f"{SOME}::eku:",
        f"{SOME}::eku:1.2:3",
        f"{SOME}::eku:codeSigning",
        f"{SOME}::eku:1.٢",
        f"{SOME}::fulcio-issuer",
        f"{SOME}::fulcio-issuer:",
        f"{SOME}::fulcio-issuer:a:b",
        f"{SOME}::issuer:CN:a",
        f"{SOME}::Subject:CN:a",
        f"did:x509:1:sha256:{DIGEST}::subject:CN:a",
        f"did:x509:00:sha256:{DIGEST}::subject:CN:a",
        f"did:x509::sha256:{DIGEST}::subject:CN:a",
        f"did:x509:0:sha1:{DIGEST}::subject:CN:a",
        f"did:x509:0:SHA256:{DIGEST}::subject:CN:a",
        f"did:x509:0:sha384:{DIGEST}::subject:CN:a",
        f"did:x509:0:sha256:{DIGEST}=::subject:CN:a",
        f"did:x509:0:sha256:{DIGEST[:-1]}::subject:CN:a",
        f"did:x509:0:sha256:{DIGEST[:-4]}::subject:CN:a",
        f"did:x509:0:sha256:{'+' * 43}::subject:CN:a",
        f"did:x509:0:sha256:{'_' * 43}::subject:CN:a",
        "did:x509:0:sha256:::subject:CN:a",
        f"did:x509:0:{DIGEST}::subject:CN:a",
        f"did:x509:0:sha256:{DIGEST}:x::subject:CN:a",
        SOME + "::eku:1.2" * (MAX_PREDICATES + 1),
        f"{SOME}::subject:CN:{'a' * MAX_ISSUER_CHARACTERS}",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(MalformedDidError):
        parse_did_x509(text)


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="aZ0~%:é𝄞\x00\n /+\ud800", min_size=1, max_size=12))
def test_any_text_can_be_a_value(value: str) -> None:
    encoded = "".join(f"%{octet:02x}" for octet in value.encode(errors="surrogatepass"))
    if not value.isascii() and any(0xD800 <= ord(letter) < 0xE000 for letter in value):
        with pytest.raises(MalformedDidError):
            parse_did_x509(f"{SOME}::san:uri:{encoded}")
        return
    assert parse_did_x509(f"{SOME}::san:uri:{encoded}") == parse_did_x509(
        f"{SOME}::san:uri:{quote(value, safe='').replace('~', '%7E')}"
    )


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="did:x509:0sha256:subjectCNek%.12~ \n", max_size=60), st.integers(0, len(SOME)))
def test_nothing_but_its_own_error_comes_out(text: str, at: int) -> None:
    for candidate in (text, SOME[:at] + text, f"{SOME}::{text}"):
        try:
            parse_did_x509(candidate)
        except MalformedDidError:
            continue
        assert candidate.startswith(f"{SOME}::")
