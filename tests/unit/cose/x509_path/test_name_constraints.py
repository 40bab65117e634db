"""Which names a CA keeps those below it from, form by form."""

import ipaddress
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from counterfoil.cose.x509_path.certificate import parse_certificate
from counterfoil.cose.x509_path.name_constraints import Comparisons, require_names
from counterfoil.cose.x509_path.purpose import PathPurpose, VerifiedPath
from counterfoil.cose.x509_path.validate import validate_path
from counterfoil.errors import PathInvalidError
from tests.certificates import AT, CA_USAGE, Entity, Pki, Says, authority, built, issued, named, new_key, pki, root

PURPOSE = PathPurpose(crl_may_be_missing=True)
OUTSIDE, UNREADABLE = "outside|excludes", "under name constraints"


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def uri(*names: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(name) for name in names]


def email(*names: str) -> list[x509.GeneralName]:
    return [x509.RFC822Name._init_without_validation(name) for name in names]


def address(*names: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ipaddress.ip_address(name)) for name in names]


def network(*names: str) -> list[x509.GeneralName]:
    return [x509.IPAddress(ipaddress.ip_network(name)) for name in names]


def distinguished(*values: str) -> x509.Name:
    kinds = (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in zip(kinds, values, strict=False)])


def directory(*values: str) -> list[x509.GeneralName]:
    return [x509.DirectoryName(distinguished(*values))]


Names = list[x509.GeneralName]


def constrained(
    names: Sequence[x509.GeneralName],
    permitted: Names | None = None,
    excluded: Names | None = None,
    *,
    on_root: bool = False,
) -> Pki:
    constraints = x509.NameConstraints(permitted, excluded)
    ca = Says(ca=True, usage=CA_USAGE, extensions=[(constraints, True)])
    alternative = [(x509.SubjectAlternativeName(list(names)), False)] if names else []
    leaf = Says(extensions=alternative)
    return pki(leaf=leaf, above=ca) if on_root else pki(leaf=leaf, ca=ca)


def judged(made: Pki) -> VerifiedPath:
    return validate_path(made.chain, made.roots, AT, purpose=PURPOSE)


WITHIN: list[tuple[Names, Names]] = [
    (dns("agent.example"), dns("agent.example")),
    (dns("agent.example"), dns("AGENT.EXAMPLE", "a.agent.example", "a.b.agent.example")),
    (dns(""), dns("anything.example", "localhost")),
    (dns("a.example", "b.example"), dns("x.b.example", "a.example")),
    (
        uri("agent.example"),
        uri("https://agent.example", "https://AGENT.example:8443/path?q#f", "HTTPS://agent.example"),
    ),
    (uri(".agent.example"), uri("https://a.agent.example/x", "spiffe://a.b.agent.example")),
    (email("a@agent.example"), email("a@agent.example", "a@AGENT.example")),
    (email("agent.example"), email("a@agent.example", "b@agent.example")),
    (email(".agent.example"), email("a@x.agent.example", "a@x.y.agent.example")),
    (network("10.0.0.0/8"), address("10.0.0.0", "10.255.255.255")),
    (network("2001:db8::/32"), address("2001:db8::1", "2001:db8:ffff::")),
    (network("10.0.0.7/32"), address("10.0.0.7")),
]

BEYOND: list[tuple[Names, Names]] = [
    (dns("agent.example"), dns("example")),
    (dns("agent.example"), dns("badagent.example")),
    (dns("agent.example"), dns("agent.example.org")),
    (dns("a.example", "b.example"), dns("c.example")),
    (uri("agent.example"), uri("https://a.agent.example")),
    (uri("agent.example"), uri("https://agent.example.org/agent.example")),
    (uri("agent.example"), uri("https://evil.example/https://agent.example")),
    (uri("agent.example"), uri("https://evil.example/@agent.example")),
    (uri(".agent.example"), uri("https://agent.example")),
    (uri(".agent.example"), uri("https://badagent.example")),
    (email("a@agent.example"), email("b@agent.example")),
    (email("a@agent.example"), email("A@agent.example")),
    (email("agent.example"), email("a@x.agent.example")),
    (email(".agent.example"), email("a@agent.example")),
    (email(".agent.example"), email("a@badagent.example")),
    (network("10.0.0.0/8"), address("11.0.0.0")),
    (network("10.0.0.0/8"), address("9.255.255.255")),
    (network("10.0.0.0/8"), address("2001:db8::1")),
    (network("2001:db8::/32"), address("2001:db9::")),
    (network("::/0"), address("10.0.0.1")),
]


@pytest.mark.parametrize(("base", "names"), WITHIN)
def test_names_within_are_admitted_by_what_permits_them_and_refused_by_what_excludes_them(
    base: Names, names: Names
) -> None:
    judged(constrained(names, permitted=base))
    judged(constrained(names, permitted=base, on_root=True))
    for name in names:
        for permitted in (None, base):
            with pytest.raises(PathInvalidError, match="excludes"):
                judged(constrained([name], permitted=permitted, excluded=base))


@pytest.mark.parametrize(("base", "names"), BEYOND)
def test_names_beyond_are_refused_by_what_permits_others_and_admitted_by_what_excludes_others(
    base: Names, names: Names
) -> None:
    judged(constrained(names, excluded=base))
    for on_root in (False, True):
        with pytest.raises(PathInvalidError, match="outside"):
            judged(constrained(names, permitted=base, on_root=on_root))


def test_one_name_beyond_is_one_too_many() -> None:
    with pytest.raises(PathInvalidError, match="outside"):
        judged(constrained(dns("agent.example", "x.agent.example", "evil.example"), permitted=dns("agent.example")))


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (dns("agent.example"), dns("*.agent.example")),
        (dns("agent.example"), dns("agent.example.")),
        (dns("agent.example"), dns("evil.example\x00.agent.example")),
        (dns("agent.example"), dns("a..agent.example")),
        (dns("agent.example"), dns("")),
        (dns("agent.example"), dns("1.2.3.4")),
        (dns("agent.example"), dns("a" * 64 + ".example")),
        (dns("agent.example"), dns("a." * 150 + "example")),
        (dns(".agent.example"), dns("a.agent.example")),
        (uri("agent.example"), uri("https:agent.example")),
        (uri("agent.example"), uri("urn:agent:example")),
        (uri("agent.example"), uri("https:///path")),
        (uri("agent.example"), uri("https://10.0.0.1/")),
        (uri("agent.example"), uri("https://[2001:db8::1]/")),
        (uri("agent.example"), uri("https://evil.example\\@agent.example/")),
        (uri("agent.example"), uri("https://agent%2eexample/")),
        (uri("agent.example"), uri("https://u@agent.example/")),
        (uri("agent.example"), uri("https://agent.example@evil.example/")),
        (uri("agent.example"), uri("https://agent.example:x@evil.example/")),
        (uri("agent.example"), uri("https://a@b@agent.example/")),
        (uri("agent.example"), uri("https://agent.example:80x/")),
        (uri("agent.example"), uri("did:web:agent.example")),
        (uri(""), uri("https://agent.example")),
        (email("agent.example"), email("agent.example")),
        (email("agent.example"), email("@agent.example")),
        (email(""), email("a@agent.example")),
    ],
)
def test_refuses_what_cannot_be_read_without_a_doubt_on_either_side(base: Names, name: Names) -> None:
    for permitted, excluded in ((base, None), (None, base)):
        with pytest.raises(PathInvalidError, match=UNREADABLE):
            judged(constrained(name, permitted, excluded))


@pytest.mark.parametrize("name", ['"a b"@agent.example', "a@b@agent.example", "a@[10.0.0.1]", " a@agent.example"])
def test_refuses_mailboxes_that_are_not_plain(name: str) -> None:
    odd = x509.RFC822Name._init_without_validation(name)
    for permitted, excluded in ((email("agent.example"), None), (None, email("agent.example"))):
        with pytest.raises(PathInvalidError, match=UNREADABLE):
            judged(constrained([odd], permitted, excluded))


def test_a_network_is_no_address() -> None:
    with pytest.raises(PathInvalidError, match=UNREADABLE):
        judged(constrained(network("10.1.0.0/16"), permitted=network("10.0.0.0/8")))


def test_names_of_other_forms_are_free() -> None:
    judged(constrained(uri("https://evil.example"), permitted=dns("agent.example")))
    judged(constrained(dns("*.evil.example"), permitted=uri("agent.example")))
    judged(constrained([], permitted=dns("agent.example")))
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00")
    judged(constrained([other, x509.RegisteredID(x509.ObjectIdentifier("2.999"))], permitted=dns("agent.example")))


@pytest.mark.parametrize(
    "form",
    [
        x509.RegisteredID(x509.ObjectIdentifier("2.999")),
        x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), b"\x05\x00"),
    ],
    ids=["registeredID", "otherName"],
)
def test_refuses_constraints_on_forms_that_are_not_supported(form: x509.GeneralName) -> None:
    for permitted, excluded in (([form], None), (None, [form]), ([*dns(""), form], None)):
        with pytest.raises(PathInvalidError, match="not supported"):
            judged(constrained([], permitted, excluded))


def with_subject(subject: x509.Name, permitted: Names | None, excluded: Names | None) -> Pki:
    top = root()
    constraints = x509.NameConstraints(permitted, excluded)
    ca = authority(top, "ca", Says(ca=True, usage=CA_USAGE, extensions=[(constraints, True)]))
    key = new_key()
    return Pki(top, ca, Entity(key, built(subject, key, ca.key, ca.certificate.subject, Says())))


@pytest.mark.parametrize(
    ("base", "holds"),
    [
        (("US",), True),
        (("US", "Org"), True),
        (("us", "  ORG "), True),
        (("US", "Org", "Unit", "agent"), True),
        (("DE",), False),
        (("US", "Organisation"), False),
        (("US", "Org", "Unit", "agent 2"), False),
        (("US", "\u2066O\u00adr\u200bg\ufe0f\x00"), True),
        (("US", "\uff2frg"), True),
        (("US", "O rg"), False),
    ],
)
def test_a_subject_lies_below_the_directory_name_that_it_begins_with(base: tuple[str, ...], *, holds: bool) -> None:
    subject = distinguished("US", "Org", "Unit", "agent")
    permitted = with_subject(subject, directory(*base), None)
    excluded = with_subject(subject, None, directory(*base))
    judged(permitted if holds else excluded)
    with pytest.raises(PathInvalidError, match=OUTSIDE):
        judged(excluded if holds else permitted)


def test_another_kind_of_string_is_no_way_out_of_an_exclusion() -> None:
    printable = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Org", x509.name._ASN1Type.PrintableString)
    utf8 = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "oRG", x509.name._ASN1Type.UTF8String)
    with pytest.raises(PathInvalidError, match="excludes"):
        judged(with_subject(x509.Name([utf8]), None, [x509.DirectoryName(x509.Name([printable]))]))


def test_alternative_directory_names_are_constrained_as_subjects_are() -> None:
    top = root()
    constraints = x509.NameConstraints(directory("US"), None)
    ca = authority(top, "ca", Says(ca=True, usage=CA_USAGE, extensions=[(constraints, True)]))
    key = new_key()
    for values, holds in ((("US", "Org"), True), (("DE", "Org"), False)):
        alternative = Says(extensions=[(x509.SubjectAlternativeName(directory(*values)), False)])
        leaf = Entity(key, built(distinguished("US", "x"), key, ca.key, ca.certificate.subject, alternative))
        if holds:
            judged(Pki(top, ca, leaf))
        else:
            with pytest.raises(PathInvalidError, match="outside"):
                judged(Pki(top, ca, leaf))


def test_an_address_in_the_subject_counts_as_one() -> None:
    for value, holds in (("a@agent.example", True), ("a@evil.example", False)):
        subject = x509.Name([x509.NameAttribute(NameOID.EMAIL_ADDRESS, value)])
        made = with_subject(subject, email("agent.example"), None)
        if holds:
            judged(made)
        else:
            with pytest.raises(PathInvalidError, match="outside"):
                judged(made)


def test_a_letter_that_becomes_ours_in_lower_case_is_not_ours() -> None:
    kelvin = x509.NameAttribute(NameOID.EMAIL_ADDRESS, "a@ban\u212a.example", x509.name._ASN1Type.UTF8String)
    with pytest.raises(PathInvalidError, match=UNREADABLE):
        judged(with_subject(x509.Name([kelvin]), email("bank.example"), None))


def test_constraints_bind_every_certificate_below_and_each_ca_narrows_them() -> None:
    top = root("root", Says(ca=True, usage=CA_USAGE, extensions=[(x509.NameConstraints(dns("example"), None), True)]))
    narrow = x509.NameConstraints(dns("agent.example"), dns("x.agent.example"))
    for ca_names, leaf_names, holds in (
        ((), ("a.agent.example",), True),
        (("b.example",), ("a.agent.example",), True),
        (("evil.org",), ("a.agent.example",), False),
        ((), ("b.example",), False),
        ((), ("y.x.agent.example",), False),
    ):
        extensions: list[tuple[x509.ExtensionType, bool]] = [(narrow, True)]
        if ca_names:
            extensions.append((x509.SubjectAlternativeName(dns(*ca_names)), False))
        ca = authority(top, "ca", Says(ca=True, usage=CA_USAGE, extensions=extensions))
        leaf = issued(ca, "leaf", Says(extensions=[(x509.SubjectAlternativeName(dns(*leaf_names)), False)]))
        if holds:
            judged(Pki(top, ca, leaf))
        else:
            with pytest.raises(PathInvalidError, match=OUTSIDE):
                judged(Pki(top, ca, leaf))


def test_a_self_issued_ca_is_exempt_and_what_it_issues_is_not() -> None:
    excluded = x509.NameConstraints(
        None, [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")]))]
    )
    top = root()
    ca = authority(top, "ca", Says(ca=True, usage=CA_USAGE, extensions=[(excluded, True)]))
    rolled_over = authority(ca, "ca")
    below = authority(ca, "other")
    validate_path([issued(rolled_over, "leaf").der, rolled_over.der, ca.der], [top.der], AT, purpose=PURPOSE)
    validate_path([issued(below, "leaf").der, below.der, ca.der], [top.der], AT, purpose=PURPOSE)
    inner = authority(rolled_over, "x")
    named_ca = authority(inner, "ca")
    with pytest.raises(PathInvalidError, match="excludes"):
        chain = [issued(named_ca, "leaf").der, named_ca.der, inner.der, rolled_over.der, ca.der]
        validate_path(chain, [top.der], AT, purpose=PURPOSE)


def test_a_leaf_that_names_itself_is_not_exempt() -> None:
    constraints = x509.NameConstraints(None, [x509.DirectoryName(named("self"))])
    top = root("root", Says(ca=True, usage=CA_USAGE, extensions=[(constraints, True)]))
    leaf = parse_certificate(issued(top, "self", Says(issuer=named("self"))).der)
    assert leaf.is_self_issued
    with pytest.raises(PathInvalidError, match="excludes"):
        require_names([leaf, parse_certificate(top.der)], Comparisons())


def test_an_empty_subject_is_no_name_to_constrain() -> None:
    alternative = Says(extensions=[(x509.SubjectAlternativeName(dns("agent.example")), True)])
    constraints = x509.NameConstraints([*directory("US"), *dns("agent.example")], None)
    top = root("root", Says(ca=True, usage=CA_USAGE, extensions=[(constraints, True)]))
    validate_path([issued(top, "", alternative).der], [top.der], AT, purpose=PURPOSE)


def test_reading_the_names_of_a_long_certificate_counts_as_many_comparisons() -> None:
    constraints = x509.NameConstraints(None, dns("evil.example"))
    top = root("root", Says(ca=True, usage=CA_USAGE, extensions=[(constraints, True)]))
    filling = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.1"), bytes(50_000))
    path = [parse_certificate(der) for der in (issued(top, "leaf", Says(extensions=[(filling, False)])).der, top.der)]
    require_names(path, Comparisons(250))
    with pytest.raises(PathInvalidError, match="comparisons"):
        require_names(path, Comparisons(150))


def test_the_constraints_of_a_root_are_left_out_where_it_is_a_bare_key() -> None:
    made = constrained(dns("evil.example"), permitted=dns("agent.example"), on_root=True)
    bare = PathPurpose(crl_may_be_missing=True, anchors_are_bare_keys=True)
    validate_path(made.chain, made.roots, AT, purpose=bare)
    middle = constrained(dns("evil.example"), permitted=dns("agent.example"))
    with pytest.raises(PathInvalidError, match="outside"):
        validate_path(middle.chain, middle.roots, AT, purpose=bare)


@pytest.mark.timeout(60)
def test_a_bomb_of_names_and_constraints_ends() -> None:
    names = [x509.DNSName(f"{number}.example") for number in range(2500)]
    bases = [x509.DNSName(f"a{number}.example") for number in range(2500)]
    made = constrained(names, excluded=list(bases))
    with pytest.raises(PathInvalidError, match="comparisons"):
        judged(made)


@pytest.mark.timeout(60)
def test_a_bomb_of_names_in_many_paths_ends() -> None:
    """Six CAs of one name, each good for one path that fails on its names."""
    wide = x509.SubjectAlternativeName([x509.DNSName(f"a{number}.example") for number in range(3000)])
    narrow = x509.NameConstraints(None, dns("a2999.example"))
    top, key = root(), new_key()
    keys = [authority(top, "ca", Says(ca=True, usage=CA_USAGE, extensions=[(narrow, True)]), key) for _ in range(9)]
    leaf = issued(keys[0], "leaf", Says(extensions=[(wide, False)]))
    with pytest.raises(PathInvalidError):
        validate_path([leaf.der, *(entity.der for entity in keys)], [top.der], AT, purpose=PURPOSE)
