"""README.txt of a case file: what it is and how to check it, for a lawyer."""

from collections.abc import Iterator
from typing import Final

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.exhibit import Row
from counterfoil.case.views.finding_words import FINDING_MEANINGS
from counterfoil.case.views.plain_text import bullets, command, facts_list, heading, paragraph, terms, title
from counterfoil.case.views.six_questions import SIX_QUESTIONS
from counterfoil.case.views.summaries import engagement_rows

_WHAT: Final = (
    "This ZIP holds what one log recorded about one engagement of AI agents, up to one moment. The log takes "
    "statements that programs have signed, gives each a place and a time, and signs a hash over all that it holds. A "
    "hash, here SHA-256, is a short value that nobody knows how to get from two different things."
)
_FILES: Final[tuple[Row, ...]] = (
    ("README.txt", "This text."),
    ("timeline.html", "Every entry in order, for a browser. It loads nothing and runs nothing."),
    ("timeline.pdf", "The same for paper."),
    ("certificate-draft.txt", "The draft of a certification for courts of the United States. It is not legal advice."),
    ("verify.py", "A program in one file that checks this ZIP."),
    (
        "evidence/",
        (
            "The evidence: the signed statements as they were registered, the same decoded for reading, the log's "
            "decision on each and its receipt, the log's checkpoint, genesis statement and policies, reports on "
            "completeness, findings and disputes, and manifest.json, which names every other file of the folder with "
            "its SHA-256."
        ),
    ),
)
_ONLY_EVIDENCE: Final = (
    "Only the folder evidence/ is evidence. The other files are made from it for people to read; where they differ "
    "from it, the folder is right. E-12 in them stands for entry 12 of the log. A log may hold other engagements too, "
    "so that numbers are left out here."
)
_VERIFY_WITH_PROGRAM: Final = "With the program counterfoil:"
_VERIFY_WITH_PYTHON: Final = "With Python 3 and its packages cryptography and cbor2:"
_KEYS: Final = (
    "Neither way needs the log, an account or a network. Both are as good as what they start from. The genesis "
    "statement, genesis.cose, names the log's keys; take it from the log's operator or from somebody who kept it, and "
    "not only from whoever gave you this ZIP. The same goes for verify.py: it can be read, and fetched from elsewhere."
)
_PASS: Final = (
    "Every file in evidence/ has the SHA-256 that manifest.json gives it.",
    "Every statement is an entry of the log, in the tree of the size and root above, and the log's key signed that.",
    (
        "The entries, in their order, give the chain hash above, and the log signed that the engagement has these and "
        "no others in that tree."
    ),
)
_OWN_WORDS: Final = (
    "The program prints what it checked and what it did not, the signatures of the writers among it. Where that says "
    "less than this list, it is the program's output that counts."
)
_SAME: Final = (
    "The evidence is made from the log alone. Nothing in it depends on who asked for it. So the files of both parties "
    "have the same SHA-256 of evidence/manifest.json when they speak of the same tree size: compare the value above. "
    "If the values differ, compare the tree sizes first, and then the two manifests; they show which files are not the "
    "same. The ZIP files as a whole may differ, since the views are not part of the evidence."
)
_CLOCKS: Final = (
    "Every event has two times. When it occurred is what its writer claims, by the writer's own clock. When it was "
    "registered is the time of the tree head that the log signed with the event in it, by the log's clock, in whole "
    "seconds. The lag is what lies between the two."
)
_FINDINGS: Final = (
    "A finding marks an entry for a second look. Findings are computed from the log alone, so that everybody who "
    "computes them gets the same. They accuse nobody, and an entry without one is not thereby true."
)


def case_readme(facts: CaseFacts) -> bytes:
    """README.txt in UTF-8, in lines of at most 76 columns: the same facts give the same bytes."""
    return "".join(_text(facts)).encode()


def _text(facts: CaseFacts) -> Iterator[str]:
    yield title("Case file of an engagement")
    yield "\n" + paragraph(_WHAT) + facts_list(engagement_rows(facts))
    yield heading("What is in it") + terms(_FILES) + paragraph(_ONLY_EVIDENCE)
    yield heading("How to check it")
    yield paragraph(_VERIFY_WITH_PROGRAM) + command("counterfoil verify case.zip --keys genesis.cose")
    yield paragraph(_VERIFY_WITH_PYTHON) + command("python3 verify.py case.zip") + paragraph(_KEYS)
    yield heading("What a pass means") + bullets(_PASS) + paragraph(_OWN_WORDS)
    yield heading("What a pass does not mean") + paragraph("It does not establish:") + bullets(facts.not_established)
    yield heading("Why both parties' files have the same SHA-256") + paragraph(_SAME)
    yield heading("The two clocks") + paragraph(_CLOCKS)
    yield heading("Findings") + paragraph(_FINDINGS) + terms(FINDING_MEANINGS)
    yield heading("Completeness") + paragraph(facts.completeness_caveat)
    yield heading("Six questions") + terms(SIX_QUESTIONS)
