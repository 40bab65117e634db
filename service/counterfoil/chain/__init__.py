"""Reading back by root trace id."""
