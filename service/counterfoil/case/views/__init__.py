"""What people read beside the evidence: timeline, README and certificate, drawn from the facts of a case."""
