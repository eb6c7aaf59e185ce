"""Where the book lives: the address of its site, and of the section on a finding."""

SITE = ""  # ends in a slash; empty until the book has a home (`make home` writes it here)


def site_page(name: str) -> str:
    """Return the address of a page of the book, "" as long as the book has no home."""
    return f"{SITE}book/{name}" if SITE else ""


def section_on(code: str) -> str:
    """Return where the finding of this code is explained: an address, or what prints it."""
    return site_page(f"findings.html#{code}") or f"python -m lossbook {code}"


def with_section(message: str, code: str) -> str:
    """Return the message of a warning or an error with the place that explains its finding."""
    return f"{message} See: {section_on(code)}"
