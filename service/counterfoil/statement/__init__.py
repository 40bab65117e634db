"""What arrived, and what the log's own records mean: signed statements, their issuers, links and pages."""
