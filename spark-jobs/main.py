"""The step's entry: `spark-submit --py-files log_analysis.zip main.py --inputs … --output … --run …`."""

from __future__ import annotations

import sys

from log_analysis.job import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
