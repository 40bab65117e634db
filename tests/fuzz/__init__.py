"""Garbage for every parser: only errors of our own may come out, and none may take long."""
