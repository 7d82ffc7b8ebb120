"""`python -m forecast` is the command `forecast`."""

from forecast.cli.app import main

if __name__ == "__main__":
    main()
