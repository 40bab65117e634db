"""``python -m counterfoil.cli``."""

from counterfoil.cli import main

# A worker process imports this module again, and is no second command line.
if __name__ == "__main__":
    main()
