"""What stands to be decided about the next policy: proposals, and who approved which."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from counterfoil.cose.keys import PublicKey
from counterfoil.errors import PolicyUnapprovedError, ProposalUnknownError
from counterfoil.policy.anchors import Approved, Operators
from counterfoil.statement.signed_statement import StatementHash

PROPOSAL_CONTENT_TYPE: Final = "application/vnd.counterfoil.policy-proposal+json"
APPROVAL_CONTENT_TYPE: Final = "application/vnd.counterfoil.policy-approval"
"""Its payload is the entry id of the proposal, 32 bytes."""

MAX_PROPOSALS: Final = 64
"""Each may name operators, whose keys are then looked at with every statement of the log about itself."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A policy that was proposed to follow the one in force: its document as proposed, and its operators."""

    document: bytes
    operators: Operators


@dataclass(frozen=True, slots=True)
class Approval:
    """The proposal that an operator approved, and the thumbprint of his key."""

    proposal: StatementHash
    operator: bytes


@dataclass(frozen=True, slots=True)
class Ballot:
    """The proposals to replace the policy in force by entry id, and the approvals of them by entry number."""

    proposals: Mapping[StatementHash, Proposal] = field(default_factory=dict)
    approvals: Mapping[int, Approval] = field(default_factory=dict)

    def propose(self, entry_id: StatementHash, proposal: Proposal) -> "Ballot":
        """With one proposal more.

        Raises:
            PolicyUnapprovedError: So many wait already that one of them is to be committed first.
        """
        if len(self.proposals) >= MAX_PROPOSALS:
            raise PolicyUnapprovedError(f"{MAX_PROPOSALS} proposals wait for approval already")
        return replace(self, proposals={**self.proposals, entry_id: proposal})

    def approve(self, number: int, approval: Approval) -> "Ballot":
        """With one approval more.

        Raises:
            ProposalUnknownError: No such proposal waits.
        """
        self.proposal(approval.proposal)
        return replace(self, approvals={**self.approvals, number: approval})

    def proposal(self, entry_id: StatementHash) -> Proposal:
        """The proposal of that entry id.

        Raises:
            ProposalUnknownError: None of that id waits to replace the policy in force.
        """
        found = self.proposals.get(entry_id)
        if found is None:
            raise ProposalUnknownError("no proposal of that entry id waits to replace the policy in force")
        return found

    def candidates(self) -> dict[bytes, PublicKey]:
        """The keys of those who would be operators under a proposal, by thumbprint."""
        return {key.thumbprint: key for one in self.proposals.values() for key in one.operators.keys}

    def approvers(self, approved: Approved) -> frozenset[bytes]:
        """Who approved a proposal in the entries that are named: the thumbprints of their keys.

        Raises:
            PolicyUnapprovedError: One of the entries is no approval of that proposal.
        """
        named = [self.approvals.get(entry) for entry in approved.entries]
        for entry, approval in zip(approved.entries, named, strict=True):
            if approval is None or approval.proposal != approved.proposal:
                raise PolicyUnapprovedError(f"entry {entry} is no approval of the proposal")
        return frozenset(approval.operator for approval in named if approval is not None)


def require_approvers(approvers: Iterable[bytes], in_force: Operators, new: Operators) -> None:
    """Check that enough of the operators in force and of those of the new policy approve of it.

    That the new ones do shows that their keys are in somebody's hands, so that nobody is locked out.

    Raises:
        PolicyUnapprovedError: Not enough of them do.
    """
    for operators, whose in ((in_force, "in force"), (new, "of the new policy")):
        count = len({key.thumbprint for key in operators.keys} & frozenset(approvers))
        if count < operators.approvals:
            raise PolicyUnapprovedError(f"{count} of the operators {whose} approved, of {operators.approvals}")
