"""Make book/_static/math.woff2: what the book's formulas need of STIX Two Math (OFL 1.1).

    .venv/bin/uv run --no-project --with ziamath==0.13 --with fonttools==4.68.0 \\
        --with brotli==1.2.1 tools/formulas/font.py

ziamath brings the whole font. The file is committed, for it changes only with CHARACTERS; a test
compares these with the characters of the formulas.
"""

import hashlib
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

FONT = Path(__file__).resolve().parents[2] / "book/_static/math.woff2"


def italic(character):
    """The letter that a browser draws for a single letter of a formula."""
    if character == "h":
        return "ℎ"  # the mathematical italic alphabet leaves this place empty
    if "A" <= character <= "Z":
        return chr(0x1D434 + ord(character) - ord("A"))
    if "a" <= character <= "z":
        return chr(0x1D44E + ord(character) - ord("a"))
    if "α" <= character <= "ω":
        return chr(0x1D6FC + ord(character) - ord("α"))
    return {"∂": "\U0001d715", "ϵ": "\U0001d716", "θ": "\U0001d717"}.get(character, character)


ASCII = "".join(map(chr, range(0x20, 0x7F)))
GREEK = "αβγδεηθκλμνπρστφωϵΔΣΩ"
SIGNS = "−·×±∂∑∏√∞∇ℓ′…⋯≤≥≠≈∼∈→⌊⌋⌈⌉¯ˆ‾⏟\xa0"
MADE_FOR = "14501ace4846"  # the digest of CHARACTERS when math.woff2 was made
CHARACTERS = set(ASCII + GREEK + SIGNS) | {italic(c) for c in ASCII + GREEK + "∂"}


def digest():
    """A short name for CHARACTERS."""
    return hashlib.sha256("".join(sorted(CHARACTERS)).encode()).hexdigest()[:12]


def main():
    from fontTools import subset
    from fontTools.ttLib import TTFont

    folder = Path(find_spec("ziamath").origin).parent / "fonts"
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["kern"]
    options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14]  # the licence stays inside
    options.hinting = False
    options.notdef_outline = True
    font = TTFont(folder / "STIXTwoMath-Regular.ttf", recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=sorted(map(ord, CHARACTERS)))
    subsetter.subset(font)
    missing = {c for c in CHARACTERS if ord(c) not in font.getBestCmap()}
    assert not missing, f"the font lacks {missing}"
    font.flavor = "woff2"
    packed = BytesIO()
    font.save(packed)
    FONT.write_bytes(packed.getvalue())
    print(f"{FONT.name}: {len(packed.getvalue()):,} bytes, made for {digest()}")


if __name__ == "__main__":
    main()
