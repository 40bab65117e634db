"""A draft of the certification that courts of the United States ask for, filled with the facts of a case."""

from collections.abc import Iterator
from typing import Final

from counterfoil.case.facts import CaseFacts
from counterfoil.case.views.exhibit import Row
from counterfoil.case.views.moments import utc
from counterfoil.case.views.plain_text import bullets, facts_list, heading, paragraph, title

_BLANK: Final = "_" * 40
_DRAFT: Final = "DRAFT - NOT SIGNED - NOT LEGAL ADVICE"
_WARNING: Final = (
    "Software filled this draft from the facts of a case file, and nobody has reviewed it. A qualified person has to "
    "check each sentence against what he or she knows, strike what he or she cannot state, and fill the blanks. A "
    "lawyer has to say whether it meets the rules, among them the written notice of Rule 902(11)."
)
_PERSON: Final = (
    f"My name is {_BLANK}. I am {_BLANK} (title) at {_BLANK}. What I know of the process described here rests on "
    f"{_BLANK} (position, training, documents read, tests made)."
)
_PROCESS: Final = (
    (
        "Writers, which are computer programs or those who run them, sign statements with keys of their own "
        "(COSE_Sign1, RFC 9052) and submit them to the log named above."
    ),
    (
        "The log checks the signature of a statement with a key that its registration policy gives to the issuer "
        "that the statement names. It keeps the signed bytes. It does not examine whether what they say is so."
    ),
    (
        "SHA-256 of the statement as it is kept is its entry id. The log puts the entry id as a leaf into a Merkle "
        "tree (RFC 9162) and records its decision in a decision record."
    ),
    (
        "The log signs the root of the tree together with the time by its own clock. A receipt (RFC 9942) consists "
        "of that signature and of the hashes that lead from the entry to the root."
    ),
    (
        "For each engagement the log computes a chain hash: SHA-256 over the chain hash before, the entry id and the "
        "digest of the decision record, entry by entry. It signs, for a tree, how many entries the engagement has and "
        "their chain hash."
    ),
    (
        "The case file is made from what the log keeps. Its manifest names each file of the folder evidence/ with its "
        "SHA-256. The software named below made the other files, this draft among them, from the same facts."
    ),
)
_CHECKS: Final = (
    "SHA-256 of each file is computed and compared with the manifest.",
    (
        "SHA-256 of each statement is computed, the hashes of its receipt are followed to the root, and the "
        "signature over the root is verified with the log's public key. With one byte of the statement changed, "
        "another SHA-256 and so another root results."
    ),
    "The chain hash is computed from the entries in their order and compared with the one above.",
)
_IDENTIFIED: Final = (
    f"On {_BLANK} (date), with {_BLANK} (software and version), I computed SHA-256 of the file evidence/manifest.json "
    f"in the copy that is offered and obtained {_BLANK}{_BLANK}. The value recorded with the case file is the one "
    "below. They are [ ] the same [ ] not the same."
)
_VERIFIED: Final = (
    f"On {_BLANK} (date) I ran {_BLANK} (program and version) on the case file, with the log's keys obtained from "
    f"{_BLANK}. Its whole output is attached as Exhibit {_BLANK}."
)
_CUSTODY: Final[tuple[Row, ...]] = (
    ("Obtained from, and by what means", _BLANK),
    ("Date and time", _BLANK),
    ("Kept where, and who could change it", _BLANK),
    ("Copied or handed on, when and to whom", _BLANK),
)
_SCOPE: Final = (
    "This certification concerns where the records come from and whether they are as they were registered, and says "
    "how that was found out. I do not state that what they say is true, nor that they are admissible in other "
    "respects; an objection to hearsay is not answered by it. It does not establish:"
)
_WITHIN: Final = "Within the United States: I declare under penalty of perjury that the foregoing is true and correct."
_WITHOUT: Final = (
    "Outside of the United States: I declare under penalty of perjury under the laws of the United States of America "
    "that the foregoing is true and correct."
)
_SIGNED: Final[tuple[Row, ...]] = (
    ("Executed on (date)", _BLANK),
    ("Signature", _BLANK),
    ("Name", _BLANK),
    ("Title", _BLANK),
)


def draft_certificate(facts: CaseFacts) -> bytes:
    """The draft in UTF-8, in lines of at most 76 columns, to be completed and signed by a qualified person.

    It describes how the records are made and checked and draws no conclusion. Nothing in it is signed or dated, and it
    certifies no more than that the records are authentic. The same facts give the same bytes.

    Spec: Federal Rules of Evidence 902(11), 902(13) and 902(14); 28 U.S.C. 1746.
    """
    return "".join(_text(facts)).encode()


def _text(facts: CaseFacts) -> Iterator[str]:
    yield _DRAFT + "\n\n" + title("Certification of records under Rules 902(13) and 902(14)")
    yield "\n" + paragraph("Federal Rules of Evidence 902(11), 902(13), 902(14); 28 U.S.C. 1746") + paragraph(_WARNING)
    yield heading("1. Who certifies") + paragraph(_PERSON)
    yield heading("2. The records") + facts_list(_records(facts))
    yield heading("3. The process that made them") + bullets(_PROCESS)
    yield heading("4. How such records are checked") + bullets(_CHECKS)
    yield heading("5. Identification of the copy, Rule 902(14)") + paragraph(_IDENTIFIED)
    yield facts_list((("SHA-256 of evidence/manifest.json, as recorded", facts.evidence_digest),))
    yield heading("6. Verification") + paragraph(_VERIFIED)
    yield heading("7. Software")
    yield facts_list(
        (
            ("Made the views of the case file, and this draft", facts.software),
            ("Ran the log when the records were made", _BLANK),
            ("Checked the case file", _BLANK),
        )
    )
    yield heading("8. Custody") + facts_list(_CUSTODY)
    yield heading("9. What is not certified") + paragraph(_SCOPE) + bullets(facts.not_established)
    yield heading("10. Declaration, 28 U.S.C. 1746") + paragraph("Strike the one that does not apply.")
    yield paragraph(_WITHIN) + paragraph(_WITHOUT) + facts_list(_SIGNED) + _DRAFT + "\n"


def _records(facts: CaseFacts) -> tuple[Row, ...]:
    erased = sum(entry.kind == "erased" for entry in facts.timeline)
    return (
        ("Engagement (rootTraceId)", facts.root_trace_id),
        ("Log", facts.origin),
        ("Entries of the engagement", str(facts.entries)),
        ("Of these, entries of which only the hash is left", str(erased)),
        ("Chain id (SHA-256 of the rootTraceId)", facts.chain_id),
        ("Chain hash", facts.chain_hash),
        ("Size of the log's tree", str(facts.tree_size)),
        ("Root of the log's tree", facts.tree_root),
        ("Time of the tree head, by the log's clock", utc(facts.head_time)),
    )
