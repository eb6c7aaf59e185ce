"""Carry the repository's address from `_config.yml` to every file that names it: `make home`.

`_config.yml` holds the address; CITATION.cff remembers the one that the other files still use. The
package names none before: there the book's first home is written in.
"""

import re
import subprocess
from pathlib import Path

NOBODY = "your_github_name"
PACKAGE = "lossbook/_core/home.py"
ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+)")


def address(file: Path, key: str) -> tuple[str, str]:
    """The (owner, repository) in the line of `file` that starts with `key`."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip().startswith(f"{key}:") and (match := ADDRESS.search(line)):
            return match.group(1), match.group(2)
    raise SystemExit(f"{file.name}: no line `{key}: https://github.com/OWNER/REPOSITORY`")


def move(text: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """`text` with the repository's and the site's address replaced."""
    for pair in "{}/{}", "{}.github.io/{}":
        text = re.sub(rf"(?<![\w.-]){re.escape(pair.format(*old))}\b", pair.format(*new), text)
    return text


def move_package(text: str, new: tuple[str, str]) -> str:
    """`text` of lossbook/_core/home.py with the site's address where it had none."""
    return text.replace('SITE = ""', 'SITE = "https://{}.github.io/{}/"'.format(*new))


def files(root: Path) -> list[Path]:
    """The files that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [root / name for name in sorted(set(names.split("\0"))) if (root / name).is_file()]


def main(root: Path) -> None:
    """Rewrite every file that still has the old address, and name it."""
    old = address(root / "CITATION.cff", "repository-code")
    new = address(root / "_config.yml", "url")
    for file in files(root):
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # an image
        moved = move(text, old, new)
        if file == root / PACKAGE and new[0] != NOBODY:
            moved = move_package(moved, new)
        if moved != text:
            file.write_text(moved, encoding="utf-8", newline="\n")
            print(file.relative_to(root))
    print(f"The book lives at https://github.com/{'/'.join(new)}")


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[1])
