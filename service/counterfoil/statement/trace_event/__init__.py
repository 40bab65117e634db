"""The trace event profile: the nine events of an engagement, from FORMATION to SETTLEMENT."""
