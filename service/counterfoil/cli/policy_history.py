"""``counterfoil policy history``: every policy that was ever in force."""

from collections.abc import Iterator
from itertools import pairwise

from counterfoil.cli.options import AsJson, Data, Database, Keys, MaybeUrl, Origin
from counterfoil.cli.output import Reply, bullets, timestamp
from counterfoil.cli.policy_chain import (
    PolicyChain,
    opened_service,
    opened_store,
    policies_of_service,
    policies_of_store,
)
from counterfoil.cli.policy_diff import change_counts
from counterfoil.encoding.jcs import JsonValue
from counterfoil.policy.difference import policy_difference
from counterfoil.policy.succession import CommittedPolicy
from counterfoil.statement.genesis import KeyPurpose


def history(
    data: Data = None,
    database: Database = None,
    url: MaybeUrl = None,
    keys: Keys = None,
    origin: Origin = None,
    as_json: AsJson = False,
) -> None:
    """List every policy that was ever in force.

    Each with its entry, when it was committed and how much it changed; 'policy diff' says what. Each is checked by the
    operator's signature and over HTTP by its receipt too, all of them together against what the log signed of their
    chain. Give --keys genesis.cose, or it is the service itself that says whose key the operator's is.

    Example:
      counterfoil policy history --url http://127.0.0.1:8440 --keys genesis.cose
    """
    if url is None:
        with opened_store(data, database) as store:
            chain = policies_of_store(store)
    else:
        with opened_service(url, keys, origin) as (client, trust):
            chain = policies_of_service(client, trust)
    _reply(chain).show(as_json=as_json)


def _reply(chain: PolicyChain) -> Reply:
    told = list(_told(chain.succession.policies))
    lines = [_line(policy, counts) for policy, counts in told]
    operator = chain.genesis.keys[KeyPurpose.OPERATOR].thumbprint.hex()
    listed: list[JsonValue] = [_json(policy, counts) for policy, counts in told]
    return Reply(
        "\n".join((*lines, f"signed with the operator key {operator}", "this does not show:"))
        + f"\n{bullets(chain.open_points)}",
        {
            "origin": chain.genesis.identity.origin,
            "policies": listed,
            "operatorKey": operator,
            "genesisPinned": chain.pinned,
            "treeSize": chain.tree_size,
            "notEstablished": list[JsonValue](chain.open_points),
        },
    )


def _told(policies: tuple[CommittedPolicy, ...]) -> Iterator[tuple[CommittedPolicy, dict[str, int] | None]]:
    yield policies[0], None
    for before, policy in pairwise(policies):
        yield policy, change_counts(policy_difference(before.document, policy.document))


def _line(policy: CommittedPolicy, counts: dict[str, int] | None) -> str:
    when = timestamp(policy.head_time)
    changed = "the first" if counts is None else ", ".join(f"{name} {count}" for name, count in counts.items())
    return (
        f"version {policy.document.version}  entry {policy.number}  {when}  {policy.entry_id.hex()}\n"
        f"  {changed or 'nothing changed'}"
    )


def _json(policy: CommittedPolicy, counts: dict[str, int] | None) -> dict[str, JsonValue]:
    return {
        "version": policy.document.version,
        "entry": policy.number,
        "entryId": policy.entry_id.hex(),
        "headTime": policy.head_time,
        "changes": None if counts is None else dict[str, JsonValue](counts),
    }
