"""Attestation results of verifiers elsewhere, each as a token of one service (RFC 9334, section 5.1)."""
