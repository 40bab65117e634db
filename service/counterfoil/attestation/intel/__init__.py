"""Intel TDX and SGX: quotes, the chains of their platforms, and the DCAP collateral that they are judged by."""
