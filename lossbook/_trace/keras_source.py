"""Keras's own lines for a stage: read from the installed version, linked to its tag on GitHub."""

import ast
import importlib.util
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lossbook._core import active_backend, described, installed_keras

_LOSS = "losses/loss.py"
_LOSSES = "losses/losses.py"
_BACKEND = "backend/{backend}/nn.py"
_COMPILE = "trainers/compile_utils.py"
_TRAINER = "trainers/trainer.py"
_DATA = "trainers/data_adapters/data_adapter_utils.py"

# name -> file below keras/src, and the function in it (by backend, where they have their own).
# Keras 3.16 renames classes, and moves nn.py into the folder ops beside it: `source` looks there.
WHERE: dict[str, tuple[str, Any]] = {
    "binary_crossentropy": (_LOSSES, "binary_crossentropy"),
    "categorical_crossentropy": (_LOSSES, "categorical_crossentropy"),
    "sparse_categorical_crossentropy": (_LOSSES, "sparse_categorical_crossentropy"),
    "mean_squared_error": (_LOSSES, "mean_squared_error"),
    "mean_absolute_error": (_LOSSES, "mean_absolute_error"),
    "backend.binary_crossentropy": (_BACKEND, "binary_crossentropy"),
    "backend.categorical_crossentropy": (_BACKEND, "categorical_crossentropy"),
    "backend.sparse_categorical_crossentropy": (_BACKEND, "sparse_categorical_crossentropy"),
    "backend.get_logits": ("backend/tensorflow/nn.py", "_get_logits"),
    "activations.sigmoid": ("activations/activations.py", "sigmoid"),
    "activations.softmax": ("activations/activations.py", "softmax"),
    "Loss.__call__": (_LOSS, "Loss.__call__"),
    "LossFunctionWrapper.call": (_LOSSES, "LossFunctionWrapper.call"),
    "squeeze_or_expand_to_same_rank": (_LOSS, "squeeze_or_expand_to_same_rank"),
    "apply_mask": (_LOSS, "apply_mask"),
    "reduce_values": (_LOSS, "reduce_values"),
    "reduce_weighted_values": (_LOSS, "reduce_weighted_values"),
    "standardize_reduction": (_LOSS, "standardize_reduction"),
    "CompileLoss.call": (_COMPILE, "CompileLoss.call"),
    "Trainer.compute_loss": (_TRAINER, "Trainer.compute_loss"),
    "Trainer.additional_loss": (_TRAINER, "Trainer._aggregate_additional_loss"),
    "Trainer.evaluate": (
        "backend/{backend}/trainer.py",
        {
            "tensorflow": "TensorFlowTrainer.evaluate",
            "jax": "JAXTrainer.evaluate",
            "torch": "TorchTrainer.evaluate",
        },
    ),
    "Trainer.test_step": (
        "backend/{backend}/trainer.py",
        {
            "tensorflow": "TensorFlowTrainer.test_step",
            "jax": "JAXTrainer._update_metrics_variables",
            "torch": "TorchTrainer.test_step",
        },
    ),
    "class_weight_to_sample_weights": (_DATA, "class_weight_to_sample_weights"),
    "Layer.add_loss": ("layers/layer.py", "Layer.add_loss"),
}


@dataclass(frozen=True)
class Source:
    """Some lines of Keras: where they stand, and the lines themselves without the docstring."""

    file: str
    function: str
    version: str
    first_line: int
    last_line: int
    code: str

    @property
    def permalink(self) -> str | None:
        """The lines at the release's tag on GitHub; None for a nightly, which has no tag."""
        if not re.fullmatch(r"\d+\.\d+\.\d+(\.post\d+)?", self.version):
            return None
        return (
            f"https://github.com/keras-team/keras/blob/v{self.version}/{self.file}"
            f"#L{self.first_line}-L{self.last_line}"
        )

    def __repr__(self) -> str:
        where = f"{self.file}::{self.function}, Keras {self.version}"
        link = f"\n# {self.permalink}" if self.permalink else ""
        return f"# {where}{link}\n{self.code}"

    def _repr_markdown_(self):
        where = f"`{self.file}::{self.function}`, Keras {self.version}"
        where = f"[{where}]({self.permalink})" if self.permalink else where
        return f"{where}\n\n```python\n{self.code}\n```"


def source(name: str) -> Source:
    """Show Keras's own lines for a stage, from the installed version, with a permalink.

    Surprise: this reads the file that Python would run; Keras is not imported for it.

    Args:
        name: a function of Keras's loss path, such as "reduce_weighted_values", "apply_mask",
            "binary_crossentropy" or "backend.binary_crossentropy" (of the active backend).

    Returns:
        Source: prints as code with its place; in a notebook it shows as highlighted code. The
        docstring is left out.

    Raises:
        ValueError: for an unknown name; the message lists close matches or all names.
        ModuleNotFoundError: if Keras is not installed.
        LookupError: if the installed Keras has moved the function.

    Examples:
        >>> import lossbook as lb
        >>> s = lb.source("apply_mask")
        >>> s.file, s.function
        ('keras/src/losses/loss.py', 'apply_mask')
    """
    if not isinstance(name, str) or name not in WHERE:
        names = get_close_matches(str(name), WHERE, n=3, cutoff=0.6) or sorted(WHERE)
        raise ValueError(f"Unknown source {described(name)}. Known: {', '.join(names)}.")
    spec = importlib.util.find_spec("keras")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("Keras is not installed: pip install keras tensorflow.")
    file, function = WHERE[name]
    backend = active_backend()
    file = "src/" + file.format(backend=backend)
    function = function if isinstance(function, str) else function[backend]
    folder = Path(spec.origin).parent
    if not (folder / file).exists():
        file = file.replace("/nn.py", "/ops/nn.py")
    version = installed_keras()
    text = (folder / file).read_text(encoding="utf-8") if (folder / file).exists() else ""
    function, node = _find(ast.parse(text), function)
    if node is None:
        raise LookupError(
            f"keras/{file} of Keras {version} has no {function}: this release has moved it. "
            "Please report it, with the version."
        )
    return Source(
        file=f"keras/{file}",
        function=function,
        version=version,
        first_line=node.lineno,
        last_line=node.end_lineno,
        code=_without_docstring(text.splitlines(), node),
    )


def _find(module, name):
    """Return (name, node) of a function, or of a method even where its class has a new name."""
    owner, _, function = name.rpartition(".")
    if not owner:
        return name, _function(module, function)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    classes.sort(key=lambda node: node.name != owner)
    having = [node for node in classes if _function(node, function)]
    if not having:
        return name, None
    return f"{having[0].name}.{function}", _function(having[0], function)


def _function(node, name):
    functions = (child for child in node.body if isinstance(child, ast.FunctionDef))
    return next((function for function in functions if function.name == name), None)


def _without_docstring(lines, node):
    kept = list(range(node.lineno, node.end_lineno + 1))
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
        kept = [n for n in kept if not first.lineno <= n <= first.end_lineno]
    indent = len(lines[node.lineno - 1]) - len(lines[node.lineno - 1].lstrip())
    return "\n".join(lines[n - 1][indent:].rstrip() for n in kept).strip("\n")
