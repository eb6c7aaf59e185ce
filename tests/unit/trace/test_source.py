"""Keras's own lines: the right ones, without the docstring, and where they stand."""

import ast
import importlib
import inspect
import textwrap
import urllib.parse
from pathlib import Path
from types import SimpleNamespace

import keras
import pytest

import lossbook as lb
from lossbook._trace import WHERE, keras_source


def real(name):
    """Return the live object of Keras that a name of ours stands for."""
    file, path = WHERE[name]
    backend = keras.backend.backend()
    path = path if isinstance(path, str) else path[backend]
    file = file.format(backend=backend).removesuffix(".py").replace("/", ".")
    found = importlib.import_module(f"keras.src.{file}")
    for part in path.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", WHERE)
def test_the_lines_are_those_of_the_function_that_runs(name):
    if "tensorflow" in WHERE[name][0] and keras.backend.backend() != "tensorflow":
        pytest.skip("a function of Keras on TensorFlow")
    source, function = lb.source(name), real(name)
    lines, first = inspect.getsourcelines(function)
    decorators = next(i for i, line in enumerate(lines) if line.lstrip().startswith("def "))
    assert (source.first_line, source.last_line) == (first + decorators, first + len(lines) - 1)

    expected = ast.parse(textwrap.dedent("".join(lines))).body[0]
    expected.decorator_list = []
    if ast.get_docstring(expected) is not None:
        expected.body = expected.body[1:]
    shown = ast.parse(source.code).body[0]
    assert ast.dump(shown) == ast.dump(expected)
    assert ast.get_docstring(shown) is None
    # comments stay, and every line is Keras's own
    text = "".join(lines)
    for line in source.code.splitlines():
        assert line.strip() in text


def test_the_comment_that_explains_the_mask_is_shown():
    assert "= sum(loss * sample_weight) / valid" in lb.source("apply_mask").code
    assert "Applies any mask" not in lb.source("apply_mask").code


@pytest.mark.parametrize("name", ["apply_mask", "backend.binary_crossentropy", "Loss.__call__"])
def test_the_permalink_names_the_lines_of_the_installed_release(name):
    source = lb.source(name)
    link = urllib.parse.urlparse(source.permalink)
    assert (link.scheme, link.netloc) == ("https", "github.com")
    assert link.path == f"/keras-team/keras/blob/v{keras.__version__}/{source.file}"
    first, last = (int(part.removeprefix("L")) for part in link.fragment.split("-"))
    file = Path(keras.__file__).parent.parent / source.file
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[first - 1].lstrip().startswith(f"def {source.function.rpartition('.')[2]}(")
    assert lines[last - 1].strip() == source.code.splitlines()[-1].strip()


@pytest.mark.parametrize(
    ("version", "linked"),
    [
        ("3.15.1", True),
        ("3.12.0.post1", True),
        ("3.16.0.dev2026112103", False),
        ("3.15.0rc0", False),
        ("3.16.0+local", False),
    ],
)
def test_only_a_release_has_a_tag_to_link_to(monkeypatch, version, linked):
    monkeypatch.setattr(keras_source, "installed_keras", lambda: version)
    source = lb.source("reduce_values")
    assert (source.permalink is not None) == linked
    assert ("https://" in repr(source)) == linked
    assert ("](https://" in source._repr_markdown_()) == linked


def test_the_two_ways_to_show_it():
    source = lb.source("standardize_reduction")
    lines = repr(source).splitlines()
    assert lines[0] == (
        f"# keras/src/losses/loss.py::standardize_reduction, Keras {keras.__version__}"
    )
    assert lines[1] == f"# {source.permalink}"
    assert lines[2] == "def standardize_reduction(reduction):"
    markdown = source._repr_markdown_()
    assert markdown.startswith("[`keras/src/losses/loss.py::standardize_reduction`, Keras ")
    assert markdown.endswith(f"```python\n{source.code}\n```")


def test_the_backend_is_the_active_one(monkeypatch):
    file = "keras/src/backend/{}/nn.py"
    assert lb.source("backend.binary_crossentropy").file == file.format(keras.backend.backend())
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    assert lb.source("backend.binary_crossentropy").file == file.format("numpy")


def test_a_function_that_moved_is_said_to_have_moved(monkeypatch):
    monkeypatch.setitem(WHERE, "apply_mask", ("losses/loss.py", "apply_masks"))
    with pytest.raises(LookupError) as raised:
        lb.source("apply_mask")
    assert str(raised.value) == (
        f"keras/src/losses/loss.py of Keras {keras.__version__} has no apply_masks: "
        "this release has moved it. Please report it, with the version."
    )


def another_keras(monkeypatch, folder, files):
    """Have `source` read a Keras of these files, {path below keras/src: text}."""
    for name, text in files.items():
        (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "src" / name).write_text(text, encoding="utf-8")
    spec = SimpleNamespace(origin=str(folder / "__init__.py"))
    monkeypatch.setattr(keras_source.importlib.util, "find_spec", lambda name: spec)


def test_a_class_with_a_new_name_is_found_by_its_method(monkeypatch, tmp_path):
    text = (
        "class Other:\n    pass\n\n\nclass BaseTrainer:\n    def compute_loss(self):\n        x\n"
    )
    another_keras(monkeypatch, tmp_path, {"trainers/trainer.py": text})
    found = lb.source("Trainer.compute_loss")
    assert (found.function, found.first_line) == ("BaseTrainer.compute_loss", 6)
    assert found.code == "def compute_loss(self):\n    x"


def test_the_class_of_the_old_name_comes_first(monkeypatch, tmp_path):
    text = "class {}:\n    def compute_loss(self):\n        {}\n"
    both = text.format("BaseTrainer", 1) + text.format("Trainer", 2)
    another_keras(monkeypatch, tmp_path, {"trainers/trainer.py": both})
    assert lb.source("Trainer.compute_loss").function == "Trainer.compute_loss"


def test_a_file_that_moved_into_the_folder_ops_is_found(monkeypatch, tmp_path):
    backend = keras.backend.backend()
    file, text = f"backend/{backend}/ops/nn.py", "def binary_crossentropy():\n    x\n"
    another_keras(monkeypatch, tmp_path, {file: text})
    assert lb.source("backend.binary_crossentropy").file == f"keras/src/{file}"


def test_a_file_that_is_gone_is_said_to_have_moved(monkeypatch, tmp_path):
    another_keras(monkeypatch, tmp_path, {})
    with pytest.raises(LookupError, match=r"^keras/src/losses/loss.py of Keras .* has no apply_m"):
        lb.source("apply_mask")


def test_keras_has_to_be_installed(monkeypatch):
    monkeypatch.setattr(keras_source.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install keras tensorflow"):
        lb.source("apply_mask")


def test_a_name_far_from_all_gets_the_whole_list():
    with pytest.raises(ValueError) as raised:
        lb.source(3)
    assert str(raised.value) == f"Unknown source 3. Known: {', '.join(sorted(WHERE))}."
