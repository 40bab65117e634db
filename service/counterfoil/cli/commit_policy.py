"""Committing a new registration policy through the same append as every other statement."""

from dataclasses import replace

from counterfoil.cli.data_directory import DataDirectory
from counterfoil.cli.operator_desk import Desk, Published, desk_of_data
from counterfoil.policy.anchors import Replaced
from counterfoil.policy.document import POLICY_CONTENT_TYPE, PolicyDocument


def commit_policy(data: DataDirectory, policy: PolicyDocument) -> Published:
    """Sign a policy with the operator key and register it; it is in force for every process from then on.

    It names the policy in force as the one that it replaces, and one operator is enough for it.

    Raises:
        KeysMismatchError: The operator key at hand is not one of those in force.
        PolicyVersionError: Another policy came into force meanwhile.
        PolicyUnapprovedError: One operator is not enough.
        PolicyUnsafeError, MalformedPolicyError: The policy cannot come into force.
        UnavailableError, CorruptError, MisconfiguredError: The log cannot be opened or appended to.
    """
    with desk_of_data(data) as desk:
        return desk.publish(POLICY_CONTENT_TYPE, following(policy, desk).encode())


def following(policy: PolicyDocument, desk: Desk) -> PolicyDocument:
    """A policy as the successor of the one in force, which nobody has approved yet."""
    return replace(policy, replaces=Replaced(desk.rules.policy_entry, desk.rules.policy_id), approved=None)
