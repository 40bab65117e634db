"""``python -m counterfoil.cli``."""

from counterfoil.cli import main

main()
