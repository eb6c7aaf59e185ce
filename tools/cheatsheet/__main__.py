"""Draw the cheat sheet alone.

.venv/bin/python -m tools.cheatsheet [FOLDER]      # FOLDER: _build/cheatsheet
"""

import sys

from tools.cheatsheet.sheet import save

if __name__ == "__main__":
    for file in save(sys.argv[1] if len(sys.argv) > 1 else "_build/cheatsheet"):
        print(f"{file}: {file.stat().st_size / 1024:.0f} KiB")
