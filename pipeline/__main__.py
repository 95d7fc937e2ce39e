"""`python -m pipeline`: the command `newsroom`."""

from pipeline.commands.main import main_newsroom

if __name__ == "__main__":
    main_newsroom()
