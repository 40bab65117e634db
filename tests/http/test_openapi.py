"""The committed description is the one the code gives, and it is valid."""

from pathlib import Path

import yaml
from openapi_spec_validator import validate

from counterfoil.http.openapi import openapi_yaml

COMMITTED = Path(__file__).resolve().parents[2] / "openapi" / "openapi.yaml"


def test_the_committed_document_is_the_exported_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == openapi_yaml(), "run make openapi"


def test_the_export_is_the_same_each_time() -> None:
    assert openapi_yaml() == openapi_yaml()


def test_the_document_is_valid_and_names_every_route() -> None:
    document = yaml.safe_load(openapi_yaml())
    validate(document)
    assert set(document["paths"]) == {
        "/entries",
        "/entries/{entry_id}",
        "/entries/{entry_id}/statement",
        "/entries/{entry_id}/decision",
        "/entries/{entry_id}/appraisal",
        "/entries/{entry_id}/chain",
        "/challenge-response/v1/newSession",
        "/challenge-response/v1/session/{session_id}",
        "/events",
        "/.well-known/scitt-keys",
        "/.well-known/scitt-keys/{kid}",
        "/log",
        "/chains",
        "/chains/{chain_id}",
        "/chains/{chain_id}/completeness",
        "/chains/{chain_id}/bundle",
        "/chains/{chain_id}/events",
        "/tile/entries/{tile}",
        "/tile/{level}/{tile}",
        "/consistency",
        "/checkpoint",
        "/livez",
        "/readyz",
        "/metrics",
    }


def test_every_operation_describes_problems_and_none_a_framework_error() -> None:
    document = yaml.safe_load(openapi_yaml())
    components = document["components"]
    for operations in document["paths"].values():
        for operation in operations.values():
            failures = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
            assert failures == {status: {"$ref": f"#/components/responses/Problem{status}"} for status in failures}
            assert {f"Problem{status}" for status in failures} <= set(components["responses"])
            assert {"422", "default"}.isdisjoint(operation["responses"])
    assert not any("ValidationError" in name for name in components["schemas"])
