"""Repeating every registration decision offline, from what the log gives out alone (RFC 9943, section 5.1.1)."""
