"""Every mistake in a policy document, each with its place: the same rules as reading it, none of them the last."""

from collections.abc import Mapping
from functools import partial

from counterfoil.cose.keys import certificate_key
from counterfoil.encoding.jcs import JsonValue
from counterfoil.errors import PolicyUnsafeError
from counterfoil.policy.appraisal_members import read_appraisal, require_few_appraisals
from counterfoil.policy.members import (
    APPROVED_MEMBERS,
    DEMAND_MEMBERS,
    ISSUER_MEMBERS,
    KEY_MEMBERS,
    LATER_MEMBERS,
    NUMBERS,
    OPERATORS_MEMBERS,
    OPTIONAL_DEMAND_MEMBERS,
    OPTIONAL_ISSUER_MEMBERS,
    OPTIONAL_KEY_MEMBERS,
    OPTIONAL_ROOT_MEMBERS,
    OPTIONAL_RULE_MEMBERS,
    POLICY_MEMBERS,
    REPLACED_MEMBERS,
    ROOT_MEMBERS,
    RULE_MEMBERS,
    read_algorithm,
    read_appraised_by,
    read_attestation,
    read_content_type,
    read_entry,
    read_entry_id,
    read_finding,
    read_flag,
    read_format,
    read_issuer_name,
    read_kid,
    read_number,
    read_pin,
    read_public_key,
    read_required_claim,
    read_root_certificate,
    read_text,
    read_visibility,
    require_approvals,
    require_known_appraisals,
    require_own_key,
    require_own_kid,
    require_quorum,
)
from counterfoil.policy.remark import PolicyRemark
from counterfoil.policy.safety import OWN_CONTENT_TYPES
from counterfoil.policy.walk import Walk
from counterfoil.statement.issuer import IssuerKey


def find_mistakes(value: JsonValue) -> tuple[PolicyRemark, ...]:
    """Everything that keeps a JSON value from being a policy document, and what stands in a list twice to no effect."""
    walk = _PolicyWalk()
    walk.document(value)
    return tuple(walk.found)


class _PolicyWalk(Walk):
    def __init__(self) -> None:
        super().__init__()
        self._named: list[tuple[str, str]] = []
        """Where appraisal policies are named, and by which names."""

    def document(self, value: JsonValue) -> None:
        members = self.object("", value, POLICY_MEMBERS, LATER_MEMBERS)
        self.member("format", members, read_format)
        numbers = {name: self.member(name, members, partial(read_number, name)) for name in NUMBERS}
        for path, item in self.items("issuers", members):
            self._issuer(path, item)
        self.words("algorithms", members, read_algorithm)
        for path, item in self.items("contentTypes", members):
            self._content_type(path, item)
        for path, item in self.items("refusedFindings", members):
            finding = self.read(path, read_finding, item)
            if finding is not None:
                self.once("finding", finding, path)
        for path, item in self.items("roots", members):
            self._root(path, item)
        self._appraisals(members)
        for name, walk in (("operators", self._operators), ("replaces", self._replaced), ("approved", self._approved)):
            if name in members:
                walk(name, members[name])
                if numbers["version"] == 1:
                    self.error(name, PolicyUnsafeError("the first policy follows none, and has the genesis' operator"))

    def _issuer(self, path: str, value: JsonValue) -> None:
        members = self.object(path, value, ISSUER_MEMBERS, OPTIONAL_ISSUER_MEMBERS)
        name = self.member("issuer", members, read_issuer_name, path)
        if name is not None:
            self.once("issuer", name, f"{path}.issuer")
        keys = [self._issuer_key(place, item) for place, item in self.items("keys", members, path)]
        self.words("roles", members, read_text, path)
        self._names_appraisals("attestedBy", members, path)
        pins = [self._pin(path, place, item) for place, item in self.items("x509", members, path)]
        if name is not None and None not in keys and None not in pins:
            known = [key for key in keys if key is not None], [pin for pin in pins if pin is not None]
            self.read(f"{path}.issuer", lambda name: require_own_key(name, *known), name)

    def _pin(self, issuer: str, path: str, value: JsonValue) -> str | None:
        pin = self.read(path, read_pin, value)
        if pin is not None:
            self.once("did:x509 identifier", (issuer, pin), path)
        return pin

    def _issuer_key(self, path: str, value: JsonValue) -> IssuerKey | None:
        kid, key = self._key(path, value)
        if key is None or self.once("public key", key.key.thumbprint, path):
            names = {kid, None if key is None else key.key.thumbprint}
            for name in sorted(name for name in names if name is not None):
                self.once("kid", name, path)
        return key

    def _key(self, path: str, value: JsonValue) -> tuple[bytes | None, IssuerKey | None]:
        """The kid that is given, and the key with the kid that it has."""
        members = self.object(path, value, KEY_MEMBERS, OPTIONAL_KEY_MEMBERS)
        kid = self.member("kid", members, read_kid, path)
        key = self.member("publicKey", members, read_public_key, path)
        return kid, None if key is None else IssuerKey(key.thumbprint if kid is None else kid, key)

    def _content_type(self, path: str, value: JsonValue) -> None:
        members = self.object(path, value, RULE_MEMBERS, OPTIONAL_RULE_MEMBERS)
        place = f"{path}.contentType"
        content_type = self.member("contentType", members, read_content_type, path)
        if content_type is not None:
            self.once("content type", content_type, place)
        if content_type in OWN_CONTENT_TYPES:
            self.error(place, PolicyUnsafeError("the policy opens a content type that is the log's own"))
        self.member("visibility", members, read_visibility, path)
        self.words("roles", members, read_text, path)
        for place, item in self.items("demands", members, path):
            self._demand(place, item)

    def _demand(self, path: str, value: JsonValue) -> None:
        members = self.object(path, value, DEMAND_MEMBERS, OPTIONAL_DEMAND_MEMBERS)
        self.words("roles", members, read_text, path)
        self.words("requiredClaims", members, read_required_claim, path)
        self.member("attestation", members, read_attestation, path)
        if self.member("appraisedBy", members, read_appraised_by, path) is not None:
            self._names_appraisals("appraisedBy", members, path)
        for name in ("clockSkewSeconds", "maxStatementBytes"):
            self.member(name, members, partial(read_number, name), path)
        self.words("refusedFindings", members, read_finding, path)

    def _names_appraisals(self, name: str, members: Mapping[str, JsonValue], path: str) -> None:
        self.words(name, members, read_text, path)
        named = members.get(name, [])
        if isinstance(named, (list, tuple)):
            self._named += [(f"{path}.{name}", one) for one in named if isinstance(one, str)]

    def _appraisals(self, members: Mapping[str, JsonValue]) -> None:
        known: list[str] = []
        for path, item in self.items("appraisals", members):
            appraisal = self.read(path, read_appraisal, item)
            if appraisal is not None and self.once("appraisal policy", appraisal.name, path):
                known.append(appraisal.name)
        self.read("appraisals", require_few_appraisals, len(known))
        for path, name in self._named:
            self.read(path, lambda one: require_known_appraisals([one], known), name)

    def _root(self, path: str, value: JsonValue) -> None:
        members = self.object(path, value, ROOT_MEMBERS, OPTIONAL_ROOT_MEMBERS)
        certificate = self.member("certificate", members, read_root_certificate, path)
        if certificate is not None:
            self.once("root", certificate, f"{path}.certificate")
            self.note("root key", certificate_key(certificate).thumbprint, f"{path}.certificate")
        self.member("needsCrl", members, read_flag, path)

    def _operators(self, path: str, value: JsonValue) -> None:
        members = self.object(path, value, OPERATORS_MEMBERS)
        places = list(self.items("keys", members, path))
        for place, item in places:
            _, key = self._key(place, item)
            if key is not None:
                self.once("operator key", key.key.thumbprint, place)
                self.read(f"{place}.kid", require_own_kid, key)
                self._require_apart(place, key.key.thumbprint)
        approvals = self.member("approvals", members, partial(read_number, "approvals"), path)
        if approvals is not None and isinstance(members.get("keys"), (list, tuple)):
            self.read(path, partial(require_quorum, approvals), len(places))

    def _require_apart(self, path: str, thumbprint: bytes) -> None:
        for what, is_given in (("kid", "is given to an issuer"), ("root key", "is certified as a root")):
            place = self.place(what, thumbprint)
            if place is not None:
                self.error(path, PolicyUnsafeError(f"the key of an operator {is_given}, at {place}"))

    def _replaced(self, path: str, value: JsonValue) -> None:
        members = self.object(path, value, REPLACED_MEMBERS)
        self.member("entry", members, read_entry, path)
        self.member("entryId", members, read_entry_id, path)

    def _approved(self, path: str, value: JsonValue) -> None:
        members = self.object(path, value, APPROVED_MEMBERS)
        self.member("proposal", members, read_entry_id, path)
        numbers = [self.read(place, read_entry, item) for place, item in self.items("entries", members, path)]
        entries = [number for number in numbers if number is not None]
        if len(entries) == len(numbers) and isinstance(members.get("entries"), (list, tuple)):
            self.read(f"{path}.entries", require_approvals, entries)
