"""Certificates that come with evidence and collateral: how they are written, judged in order, and remembered."""
