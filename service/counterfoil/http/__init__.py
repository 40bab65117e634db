"""The service over HTTP: SCRAPI and what this log offers beyond it."""
