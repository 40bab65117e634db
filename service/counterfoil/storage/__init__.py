"""Where the log is durable: a strict referee in memory for tests, and SQLite."""
