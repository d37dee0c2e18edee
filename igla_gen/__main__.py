"""`python -m igla_gen` is `igla-gen`."""

from igla_gen.cli import main

if __name__ == "__main__":
    main()
