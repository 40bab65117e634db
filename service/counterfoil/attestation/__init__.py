"""What the hardware says: evidence in, claims out, and whether they satisfy an appraisal policy (RFC 9334)."""
