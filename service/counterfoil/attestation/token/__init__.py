"""JSON Web Tokens: read strictly, with claims, times, and the keys that they are verified with (RFC 7519)."""
