"""AWS Nitro Enclaves: attestation documents, and the certificates of the module that signs them."""
