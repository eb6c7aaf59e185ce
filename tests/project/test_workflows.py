"""What the workflows may do. `make workflows` runs a linter and a security linter over them."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def jobs(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def test_there_are_workflows():
    assert [file.stem for file in FILES] == ["colab", "fuzz", "links", "newest", "pages", "test"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_say_their_release(path):
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    for action in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


def test_an_action_has_one_pin():
    used = set(re.findall(r"uses: (\S+)@(\w+)", "".join(file.read_text() for file in FILES)))
    assert len(dict(used)) == len(used)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rights_are_few(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {}
    triggers = workflow[True]  # YAML 1.1 reads the key `on` so
    assert "pull_request_target" not in triggers
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 60
        publishes = {"pages": "write", "id-token": "write"}
        wanted = publishes if name == "deploy" else {"contents": "read"}
        assert job["permissions"] == wanted
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}
            assert "secrets." not in str(step)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_commands_are_targets_of_the_makefile(path):
    steps = [step for job in jobs(path).values() for step in job["steps"]]
    targets = [step["run"].removeprefix("make ") for step in steps if "make" in step.get("run", "")]
    assert set(targets) <= TARGETS


def test_what_is_published_has_the_slides_and_the_zip():
    workflow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8"))
    commands = [step.get("run") for step in workflow["jobs"]["build"]["steps"]]
    assert list(filter(None, commands)) == [
        "make book",
        "make slides",
        "make workshop",
        "cp _build/lossbook-workshop.zip _build/html",
    ]


def test_only_main_is_published():
    workflow = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text(encoding="utf-8"))
    assert workflow[True] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}


def test_nothing_is_published_before_the_tests_have_passed():
    deploy = jobs(ROOT / ".github/workflows/pages.yml")["deploy"]
    assert deploy["needs"] == ["build", "test"] and "if" not in deploy
    test = jobs(ROOT / ".github/workflows/pages.yml")["test"]
    assert test["steps"][-2:] == [{"run": "make lint"}, {"run": "make test"}]
    assert not {"if", "continue-on-error"} & set(test)
