"""Certification paths: from the certificate a statement carries to a root that the operator trusts (RFC 5280)."""
