"""What the log hands back: tree heads, receipts, Transparent Statements and checkpoints."""
