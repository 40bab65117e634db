"""TPM 2.0: quotes, the registers that they are of, and the keys that sign them (TCG TPM 2.0 Library)."""
