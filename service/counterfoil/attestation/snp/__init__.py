"""AMD SEV-SNP: attestation reports, the certificates of their chips, and endorsements."""
