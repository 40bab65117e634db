"""Whether a statement is admitted: the policy document, the rules in force and the decision."""
