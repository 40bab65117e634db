"""Where signing keys live: signers chosen by URI."""
