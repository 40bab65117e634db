"""NVIDIA GPUs: their SPDM reports, and the certificates of the firmware that signs them."""
