"""``python -m dmedia``: the same as ``dmedia``."""

from dmedia.cli import main

if __name__ == "__main__":
    main()
