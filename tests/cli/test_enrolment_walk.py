"""The walk of docs/enrolment.md, with a TPM in software: its commands do what it says."""

import re
from pathlib import Path

from counterfoil.cli.exit_codes import ExitCode
from tests.cli.commands import Shell
from tests.cli.walked import walk
from tests.free_port import free_port
from tests.software_tpm import require_software_tpm

_DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "enrolment.md"
_ERROR = re.compile(r"^error\[([a-z-]+)\]", re.MULTILINE)


def test_a_key_enrols_by_a_tpm_and_no_other_key_is_taken_and_a_changed_register_is_refused(
    tmp_path: Path, shell: Shell
) -> None:
    require_software_tpm()
    walked = walk(_DOCUMENT.read_text(), tmp_path, {"8440": str(free_port())})
    assert walked.code == ExitCode.OK, walked.err
    assert _ERROR.findall(walked.err) == ["attestation-required", "measurement-not-admitted"]
    assert walked.out.count("refused, as it should be") == 2
    assert re.findall(r"^  grade +(\S+)$", walked.out, re.MULTILINE) == ["key-bound"]
    assert (tmp_path / "action.receipt").exists()
    assert shell("fsck", "--data", tmp_path / "data").code == ExitCode.OK
