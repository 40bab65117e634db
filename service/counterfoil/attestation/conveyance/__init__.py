"""How evidence reaches a log: the challenge it answers, and the statement that carries it (RFC 9334, section 10)."""
