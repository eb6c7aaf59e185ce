"""How long `import lossbook` takes, beside `import numpy`: medians over fresh interpreters.

python benchmarks/import_time.py [RUNS]
"""

import statistics
import subprocess
import sys

TIMED = "from time import perf_counter as t; s = t(); import {}; print(t() - s)"


def seconds(module):
    """Import a module in a fresh interpreter; return the seconds that the import took."""
    command = [sys.executable, "-c", TIMED.format(module)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main(runs=15):
    """Time both in turn, so that a busy moment of the machine hits both."""
    for module in ("numpy", "lossbook"):
        seconds(module)  # write the byte code, warm the disk cache
    pairs = [(seconds("numpy"), seconds("lossbook")) for _ in range(runs)]
    numpy, lossbook = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"import numpy     {numpy:.3f} s   (median of {runs})")
    print(f"import lossbook  {lossbook:.3f} s")
    print(f"difference       {lossbook - numpy:.3f} s")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
