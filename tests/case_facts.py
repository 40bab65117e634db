"""Facts of a case for tests of its views: a whole engagement, an empty one, and one in which every text is hostile."""

from dataclasses import replace
from typing import Any

from counterfoil.case.facts import CaseFacts, DisputeFacts, TimelineEntry, WriterFacts

HEAD_TIME = 1_800_000_600
PLATFORM = "https://platform.example"
AGENT = "https://agent.example"

HOSTILE = (
    "<b>bold</b>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "&lt;i&gt; &#60;u&#62; &amp;",
    "<!-- ", "-->", "]]>", "</title></style></bdi></td></table>",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "zero\u200bwidth \ufeff\xad\u2028\u2029",
    "\x00\x01\x1b[31m\r\n\t\x7f\x85",
    "lone \ud800 surrogate",
    "עברית العربية",
    "\U0001f600 中文 Ж",
    "x" * 10_000,
    "(/URI (javascript:alert(1))) /JS /Launch /Annots ) Tj ET",
    "{nb} **bold** [text](https://evil.example) \\",
    "https://evil.example/?a=1&b=2",
    "",
)  # fmt: skip


def entry(number: int, **changes: Any) -> TimelineEntry:
    """An ACTION; number 7 is the third of its chain."""
    whole = TimelineEntry(
        number=number,
        sequence=number - 4,
        entry_id=f"{number:064x}",
        kind="ACTION",
        issuer=AGENT,
        role="agent",
        actor="agent-1",
        occurred_at="2027-01-15T07:59:58.500Z",
        registered_at=1_800_000_000,
        lag=1500,
        attestation="unattested",
        said=(("name", "search"), ("status", "succeeded")),
        findings=(),
        references=(),
        annotations=(),
    )
    return replace(whole, **changes)


def erased_entry(number: int) -> TimelineEntry:
    """An entry of which only the hash is left."""
    return entry(number, kind="erased", issuer=None, role=None, actor=None, occurred_at=None, lag=None, said=())


def case_facts(**changes: Any) -> CaseFacts:
    """A whole engagement, with one of everything."""
    whole = CaseFacts(
        origin="log.example/agents",
        root_trace_id="trace-7f3c2a90-4b1d",
        chain_id="c1" * 32,
        chain_hash="c2" * 32,
        entries=5,
        tree_size=4711,
        tree_root="7e" * 32,
        head_time=HEAD_TIME,
        state="suspended",
        parties=((PLATFORM, "platform"), (AGENT, "agent"), ("https://buyer.example", "buyer")),
        timeline=(
            entry(4, kind="FORMATION", issuer=PLATFORM, role="platform", actor="desk", said=(("paper", "paper-1"),)),
            entry(7, annotations=(("scores", 9),), lag=-90_000),
            entry(
                9,
                kind="RUNTIME_SUSPENDED",
                issuer="https://runtime.example",
                role="runtime",
                actor="runtime-1",
                findings=(("late", "registered 2 h 5 min after it occurred"), ("score-outside-band", "0.9 is no 0.5")),
                references=(("scores", 7),),
                lag=7_500_000,
            ),
            entry(10, kind="statement", issuer="https://stranger.example", role=None, actor=None, occurred_at=None),
            erased_entry(12),
        ),
        writers=(
            WriterFacts(AGENT, events=3, first=0, last=4, missing=2, repeats=1, claimed=5, claim_holds=False),
            WriterFacts(
                PLATFORM, events=0, first=None, last=None, missing=0, repeats=0, claimed=None, claim_holds=None
            ),
        ),
        disputes=(
            DisputeFacts(
                number=9,
                recorded_posterior=0.7,
                recorded_outcome="refund",
                recomputed_posterior=0.55,
                posterior_matches=False,
                expected_outcomes=("partial", "human-review"),
                outcome_matches=False,
            ),
        ),
        evidence_digest="ed" * 32,
        software="counterfoil 0.1.0",
        completeness_caveat="An event that was never submitted leaves no trace but a gap.",
        not_established=("That what was said is so.", "That the log shows everybody the same."),
    )
    return replace(whole, **changes)


def empty_facts() -> CaseFacts:
    """A chain that no event formed, of one entry that was erased."""
    return case_facts(state=None, parties=(), timeline=(erased_entry(4),), entries=1, writers=(), disputes=())


def no_entries() -> CaseFacts:
    """Nothing at all to show."""
    return case_facts(state=None, parties=(), timeline=(), entries=0, writers=(), disputes=(), not_established=())


def telling(text: str) -> CaseFacts:
    """The same engagement with one text in every place that a writer chooses, and in those that none does."""
    facts = case_facts()
    return replace(
        facts,
        origin=text,
        root_trace_id=text,
        parties=tuple((text, role) for _, role in facts.parties),
        timeline=tuple(
            replace(
                one,
                kind=text,
                issuer=text,
                role=text,
                actor=text,
                occurred_at=text,
                said=tuple((text, text) for _ in one.said),
                findings=tuple((text, text) for _ in one.findings),
                references=tuple((text, number) for _, number in one.references),
                annotations=tuple((text, number) for _, number in one.annotations),
            )
            for one in facts.timeline
        ),
        writers=tuple(replace(writer, issuer=text) for writer in facts.writers),
        disputes=tuple(
            replace(dispute, recorded_outcome=text, expected_outcomes=(text,)) for dispute in facts.disputes
        ),
        software=text,
        completeness_caveat=text,
        not_established=(text,),
    )
