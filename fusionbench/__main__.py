"""``python -m fusionbench``: the command line."""

import sys

from fusionbench.cli import main

if __name__ == "__main__":
    sys.argv[0] = "fusionbench"  # what usages and manifests call the program
    main()
