"""COSE as this log reads and writes it: labels, keys, algorithms, COSE_Sign1 (RFC 9052, RFC 9053)."""
