"""Where a statement goes: the head, the batch, the append and its checks."""
