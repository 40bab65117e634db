"""Counterfoil: an append-only transparency log for what AI agents do.

Agents post signed statements and carry receipts away; anyone verifies either without trusting the operator. The tree of
packages is the flow; ``register.py`` shows it on one screen.
"""
