"""The case file: one engagement as one ZIP that is evidence, and its reading again."""
