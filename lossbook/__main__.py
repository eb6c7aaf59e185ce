"""`python -m lossbook`: the findings of audit by symptom; with a code, all about that one."""

import argparse
from difflib import get_close_matches

from lossbook._audit import HAZARDS, index, section


def main() -> None:
    """Print the index or a section; end with 2 where there is no such code."""
    parser = argparse.ArgumentParser(prog="python -m lossbook", description=__doc__)
    parser.add_argument("code", nargs="?", help="of a finding, such as mask-lost")
    code = parser.parse_args().code
    if code is not None and code not in HAZARDS:
        near = [known for known in HAZARDS if code.lower() in known]
        near = near or get_close_matches(code.lower(), HAZARDS, 5)
        parser.error(
            f"audit has no finding {code!r}. "
            + (f"Near it: {', '.join(near)}." if near else "`python -m lossbook` lists all codes.")
        )
    print(index() if code is None else section(code))


if __name__ == "__main__":
    main()
