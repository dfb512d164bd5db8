"""`python -m ltxdsl` is the command `ltx`."""

from ltxdsl.cli import main

if __name__ == "__main__":
    main()
