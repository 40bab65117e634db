"""Who can register what under a policy, as far as the policy alone says."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from counterfoil.cose.algorithms import Algorithm, algorithm_named
from counterfoil.cose.fit import is_fit
from counterfoil.cose.keys import PublicKey
from counterfoil.policy.document import ContentTypeRule, Issuer, PolicyDocument
from counterfoil.statement.trace_event.event import TRACE_EVENT_CONTENT_TYPE, Role

_EVENT_ROLES: Final = frozenset(role.value for role in Role)
_SEVERAL: Final = 2


@dataclass(frozen=True)
class Admissible:
    """What the issuers of a policy have in common with its content types and algorithms.

    An issuer is able when an admitted algorithm fits one of its keys, or when it has a pin and there are roots and
    algorithms: of certificates to come no key is known, and neither of attested hardware to come. Only able ones can
    register anything.
    """

    policy: PolicyDocument

    def is_usable(self, key: PublicKey) -> bool:
        """Whether an admitted algorithm fits the key."""
        return any(is_fit(algorithm, key) for algorithm in self._algorithms)

    def is_able(self, issuer: Issuer) -> bool:
        """Whether the issuer can sign anything that is admitted."""
        return issuer.name in self._able

    def is_certifiable(self, issuer: Issuer) -> bool:
        """Whether a certificate can speak for the issuer."""
        return bool(issuer.pins and self.policy.roots and self.policy.algorithms)

    def is_attestable(self, issuer: Issuer) -> bool:
        """Whether a key that is bound to attested hardware can speak for the issuer."""
        return bool(issuer.attested_by and self.policy.algorithms)

    def may_register(self, issuer: Issuer) -> bool:
        """Whether there is a content type for the issuer's roles."""
        return self._is_anybodys or bool(issuer.roles & self._asked_roles)

    def is_apart(self, issuer: Issuer) -> bool:
        """Whether there are other able issuers, and none of them can register what this one can."""
        return len(self._able) > 1 and not self._is_anybodys and not issuer.roles & self._shared_roles

    def is_open(self, rule: ContentTypeRule) -> bool:
        """Whether some able issuer can register that content type."""
        return bool(self._able) if not rule.roles else any(role in self._by_role for role in rule.roles)

    def has_writers(self, rule: ContentTypeRule) -> bool:
        """Whether an able issuer that can register it holds a role in which trace events are written."""
        return bool(self._roles_of(rule) & _EVENT_ROLES)

    def roles_acted_in(self, rule: ContentTypeRule) -> frozenset[str]:
        """The roles in which able issuers register that content type: all they hold, or that of a trace event."""
        roles = self._roles_of(rule)
        return roles & _EVENT_ROLES if rule.content_type == TRACE_EVENT_CONTENT_TYPE else roles

    @cached_property
    def named_roles(self) -> frozenset[str]:
        """The roles that a content type or a demand on it asks for; trace events ask for the role of their actor."""
        demanded = _union(demand.roles for rule in self.policy.content_types for demand in rule.demands)
        events = self.policy.content_type(TRACE_EVENT_CONTENT_TYPE) is not None
        return self._asked_roles | demanded | (_EVENT_ROLES if events else frozenset())

    @cached_property
    def held_roles(self) -> frozenset[str]:
        """The roles of any issuer, able or not."""
        return _union(issuer.roles for issuer in self.policy.issuers)

    def _roles_of(self, rule: ContentTypeRule) -> frozenset[str]:
        """The roles of the able issuers that can register that content type."""
        if not rule.roles:
            return frozenset(self._by_role)
        able = (issuer.roles for issuer in self.policy.issuers if issuer.name in self._able)
        return _union(roles for roles in able if roles & rule.roles)

    @cached_property
    def _algorithms(self) -> tuple[Algorithm, ...]:
        return tuple(map(algorithm_named, sorted(self.policy.algorithms)))

    @cached_property
    def _able(self) -> frozenset[str]:
        return frozenset(
            one.name
            for one in self.policy.issuers
            if self.is_certifiable(one) or self.is_attestable(one) or any(self.is_usable(key.key) for key in one.keys)
        )

    @cached_property
    def _by_role(self) -> dict[str, list[str]]:
        """The able issuers by role."""
        found: dict[str, list[str]] = {}
        for issuer in self.policy.issuers:
            for role in issuer.roles if issuer.name in self._able else ():
                found.setdefault(role, []).append(issuer.name)
        return found

    @cached_property
    def _asked_roles(self) -> frozenset[str]:
        return _union(rule.roles for rule in self.policy.content_types)

    @cached_property
    def _is_anybodys(self) -> bool:
        return any(not rule.roles for rule in self.policy.content_types)

    @cached_property
    def _shared_roles(self) -> frozenset[str]:
        """The roles that open a content type which several able issuers can register."""
        return _union(rule.roles for rule in self.policy.content_types if self._is_shared(rule))

    def _is_shared(self, rule: ContentTypeRule) -> bool:
        # Two of each role are enough to tell, however many hold it.
        some = {name for role in rule.roles for name in self._by_role.get(role, [])[:_SEVERAL]}
        return len(some) >= _SEVERAL


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets)
