"""Microsoft Azure: confidential VMs, whose CPU vouches for a vTPM that signs, and the attested signing service."""
