"""The frame: the Makefile, the lock, the documents, and the address that they all name."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import lossbook

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")


def read(name):
    """The text of a file of this repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def repository_files():
    """Path and text of every text file that git tracks or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file() and not name.endswith((".png", ".woff2")):
            yield name, read(name)


# --- make -----------------------------------------------------------------------------------------


def make(folder, *arguments, **environment):
    """Run make in `folder`, as a reader would: nothing inherited from a make around us."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "PYTHON"))}
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def clone(tmp_path):
    """A folder, with a space in its name, that holds what `make setup` reads."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def targets():
    """The targets of the Makefile that a reader may ask for."""
    phony = re.search(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)[1].split()
    return [name for name in phony if name != "FORCE"]


def test_make_alone_lists_every_target():
    done = make(ROOT).stdout
    for name in targets():
        assert re.search(rf"^  {name} +[A-Z].{{9}}", done, re.MULTILINE), name
    assert {"setup", "book", "serve", "test", "lint", "refresh", "clean"} <= set(targets())


def test_what_cannot_be_set_up_is_said_in_one_line(clone):
    done = make(clone, "setup", PYTHON="python-of-nobody")
    assert "needs Python 3.11 to 3.13 with venv, and python-of-nobody is none" in done.stderr
    assert "PYTHON=python3.13 make" in done.stderr and done.returncode == 2
    assert not (clone / ".venv").exists()


def test_a_clone_is_set_up_once_and_again_after_a_move(clone):
    """With a real environment, but nothing to install: there is no uv then, and pip steps in."""
    (clone / "requirements.txt").write_text("")

    def setup(folder, **variables):
        done = make(folder, "setup", "INSTALL=--version", **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "uv could not install the packages. Trying pip" in setup(clone, PYTHON=sys.executable)
    assert (clone / ".venv/.ready").read_text() == f"{clone}\n"
    assert "Installing" not in setup(clone, PYTHON=sys.executable)
    moved = clone.rename(clone.with_name("moved"))
    anew = "-m venv --clear"
    assert anew in make(moved, "-n", "setup", PYTHON=sys.executable).stdout
    back = moved.rename(clone)
    assert "Installing" not in make(back, "-n", "setup", PYTHON=sys.executable).stdout
    os.utime(back / "requirements.txt", (2e9, 2e9))
    told = make(back, "-n", "setup", PYTHON=sys.executable).stdout
    assert "Installing" in told and anew not in told  # other pins change the environment alone


# --- the lock -------------------------------------------------------------------------------------


def direct_dependencies():
    """What pyproject.toml asks for with the extra `dev`, the package's own extras followed."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    extras, found, open_ = project["optional-dependencies"], [], ["lossbook[dev]"]
    while open_:
        requirement = Requirement(open_.pop())
        if requirement.name == project["name"]:
            open_ += [line for extra in requirement.extras for line in extras[extra]]
        else:
            found.append(requirement)
    return found + [Requirement(line) for line in project["dependencies"]]


def pins():
    """The lines of requirements.txt."""
    lines = [line for line in read("requirements.txt").splitlines() if line and "#" not in line]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_pins_every_direct_dependency_within_its_range(python, system):
    marker = {"python_version": python, "python_full_version": f"{python}.0"}
    marker |= {"sys_platform": system, "implementation_name": "cpython"}
    pinned = {r.name: r for r in pins() if r.marker is None or r.marker.evaluate(marker)}
    for asked in direct_dependencies():
        (version,) = pinned[asked.name].specifier
        assert version.operator == "==", asked.name
        assert version.version in asked.specifier, f"{asked}, but {pinned[asked.name]}"


def test_the_lock_holds_exact_pins_and_says_how_it_was_made():
    for requirement in pins():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
    assert read("requirements.txt").splitlines()[1].split() == ["#", "make", "lock"]


def test_everything_that_names_the_pythons_names_the_same():
    jobs = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]
    assert tuple(jobs["test"]["strategy"]["matrix"]["python"]) == PYTHONS
    first, last = (int(python.partition(".")[2]) for python in (PYTHONS[0], PYTHONS[-1]))
    assert f"(3, {first}) <= sys.version_info < (3, {last + 1})" in read("Makefile")
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    for name in ("Makefile", "README.md"):
        assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in read(name), name


# --- documents and addresses ----------------------------------------------------------------------


def test_no_file_names_a_machine_path_or_a_registry():
    private = re.compile(
        r"(?<![\w.])/(?:root|work|home|Users|opt|tmp(?!/ipykernel))/\w\S*"
        r"|pypi[.]org|pythonhosted[.]org|--(?:extra-)?index-(?:url) |--find-(?:links) "
    )
    found = [f"{n}: {m[0]}" for n, text in repository_files() for m in private.finditer(text)]
    assert not found


def test_the_readme_names_the_two_commands_and_only_real_targets():
    assert re.search(r"^make book\b", read("README.md"), re.MULTILINE)
    assert re.search(r"^make test\b", read("README.md"), re.MULTILINE)
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"(?:^|[`\d] ?)make ([a-z]+)", read(name), re.MULTILINE):
            assert target in targets(), f"{name}: make {target}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_local_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", read(name)):
        assert (ROOT / target).exists(), f"{name}: {target}"


def test_the_readmes_example_prints_what_the_readme_says():
    code, output = re.search(
        r"```python\n(.*?)```\n+```text\n(.*?)```", read("README.md"), re.DOTALL
    ).groups()
    command = [sys.executable, "-W", "error", "-c", code]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == output


def test_one_version_everywhere():
    citation = yaml.safe_load(read("CITATION.cff"))
    newest = re.search(r"^## \[([^]]+)\]", read("CHANGELOG.md"), re.MULTILINE)[1]
    assert str(citation["version"]) == newest == lossbook.__version__


ADDRESS = re.compile(r"(?:github\.com|research\.google\.com/github)/([\w.-]+)/(lossbook)\b")
SITE = re.compile(r"([\w.-]+)\.github\.io/(lossbook)\b")


def test_every_address_follows_the_one_in_the_configuration():
    """Mended by `make home`."""
    url = yaml.safe_load(read("_config.yml"))["repository"]["url"]
    home = tuple(url.removeprefix("https://github.com/").split("/"))
    assert yaml.safe_load(read("CITATION.cff"))["repository-code"] == url
    named = 0
    for name, text in repository_files():
        if name.startswith("tests/"):
            continue
        for match in (*ADDRESS.finditer(text), *SITE.finditer(text)):
            assert match.groups() == home, f"{name}: {match[0]}"
            named += 1
    assert named > 3
    if home[0] != "your_github_name":
        assert not [n for n, text in repository_files() if "your_github_name" in text]


def test_the_package_names_no_address_that_leads_nowhere():
    """A wheel holds the package's files and what pyproject.toml says; no README before a home."""
    shipped = [path for path in (ROOT / "lossbook").rglob("*") if path.suffix in (".py", ".js")]
    shipped += [ROOT / "pyproject.toml"]
    project = tomllib.loads(read("pyproject.toml"))["project"]
    shipped += [ROOT / project["readme"]] if "readme" in project else []
    assert not [path for path in shipped if "your_github_name" in path.read_text("utf8")]


def test_make_home_carries_the_address_everywhere(tmp_path):
    files = {
        "_config.yml": "repository:\n  url: https://github.com/new-owner/the-book\n",
        "CITATION.cff": "repository-code: https://github.com/old/lossbook\n",
        "a.ipynb": '"%pip install git+https://github.com/old/lossbook@main"',
        "b.md": "[x](https://colab.research.google.com/github/old/lossbook/blob/main/x.ipynb)\n"
        "https://old.github.io/lossbook/ https://github.com/very-old/lossbook\n",
        "unchanged.md": "old news of lossbook\n",
        "lossbook/_core/home.py": 'SITE = ""\n',
        "logo.png": b"\x89PNG\xff",
    }
    (tmp_path / "lossbook/_core").mkdir(parents=True)
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/home.py", tmp_path / "tools")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    command = [sys.executable, str(tmp_path / "tools/home.py")]
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert done.split() == [
        *("CITATION.cff", "a.ipynb", "b.md", "lossbook/_core/home.py"),
        *["The", "book", "lives", "at", "https://github.com/new-owner/the-book"],
    ]
    assert "github.com/new-owner/the-book@main" in (tmp_path / "a.ipynb").read_text()
    assert (tmp_path / "lossbook/_core/home.py").read_text() == (
        'SITE = "https://new-owner.github.io/the-book/"\n'
    )
    assert (tmp_path / "b.md").read_text() == (
        "[x](https://colab.research.google.com/github/new-owner/the-book/blob/main/x.ipynb)\n"
        "https://new-owner.github.io/the-book/ https://github.com/very-old/lossbook\n"
    )
