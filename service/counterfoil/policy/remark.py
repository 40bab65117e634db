"""What linting says of a policy document."""

from dataclasses import dataclass
from enum import StrEnum

from counterfoil.encoding.jcs import JsonValue


class Severity(StrEnum):
    """An error keeps a policy from coming into force; a warning is what nobody may have meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class PolicyRemark:
    """One thing about a policy document, with the place it is about, such as ``issuers[2].keys[0]``.

    ``path`` is empty where it is about the whole document. ``code`` is that of the error with which the document is
    refused, or the name of the warning; it never changes once released.
    """

    severity: Severity
    code: str
    path: str
    detail: str

    def as_json(self) -> dict[str, JsonValue]:
        """The remark for machines."""
        return {"severity": self.severity.value, "code": self.code, "path": self.path, "detail": self.detail}


def warning(code: str, path: str, detail: str) -> PolicyRemark:
    """A remark that is no error."""
    return PolicyRemark(Severity.WARNING, code, path, detail)
