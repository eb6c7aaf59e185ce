"""The pictures of the site that move: what each shows before its script runs, by lossbook.

A module here has `html()`, which fills the template of its name in `templates`: a picture, what
moves it, and the same as a table. Its script is tools/theme/static/islands/NAME.js.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def fill(name, **values):
    """Return the HTML of an island without an empty line, as Markdown wants it."""
    text = TEMPLATES.get_template(f"{name}.html.j2").render(**values)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
