"""What an operator watches: metrics and logs. Imported by the edges only."""
