"""Derivatives with respect to marks, on PyTorch."""

from dataclasses import replace
from functools import cache


class Tape:
    """Autograd from the scalar to the marks; what comes after a mark is recorded in any mode."""

    def reaches(self):
        """Say whether we are where the function runs, not in a torch.func transform."""
        from torch._C import _functorch

        return _functorch.peek_interpreter_stack() is None

    def watch(self, given):
        import torch

        with torch.enable_grad():
            if given.grad_fn is None:
                given = given.detach().requires_grad_()
            self.watched.append(given.clone())
            return self.watched[-1].clone()  # may be changed in place

    def run(self, fn, recording, undo, first_order):
        import torch

        self.watched = []
        undo.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        undo.enter_context(_following()())
        scalar = fn()
        with torch.enable_grad():
            given = [mark.given for mark in recording.found]
            first, sums = first_order(scalar, given, self.pull, self.along)
            bends = [self.pull(total, None) for total in sums]
        for tensors in (
            first.values,
            first.coefficients,
            *first.inside.values(),
            *first.replaced.values(),
            *bends,
        ):
            each = tensors if isinstance(tensors, dict) else range(len(tensors))
            for i in each:
                tensors[i] = None if tensors[i] is None else tensors[i].detach()
        found = [replace(mark, given=mark.given.detach(), marked=None) for mark in recording.found]
        return scalar.detach(), found, first, bends

    def pull(self, target, weights):
        import torch

        if not self.watched or getattr(target, "grad_fn", None) is None:
            return [None] * len(self.watched)
        return list(
            torch.autograd.grad(target, self.watched, weights, create_graph=True, allow_unused=True)
        )

    def along(self, target, directions):
        import torch

        weights = torch.zeros_like(target, requires_grad=True)
        pulled = self.pull(target, weights)
        total = sum((pulled[i] * d).sum().float() for i, d in directions.items())
        (found,) = torch.autograd.grad(total, weights, allow_unused=True, retain_graph=True)
        return torch.zeros_like(target) if found is None else found

    def leave(self):
        del self.watched


@cache
def _following():
    """Return the mode in which the function runs; a class of PyTorch's, made when it is there."""
    import torch
    from torch.overrides import TorchFunctionMode

    backward = (torch.Tensor.backward, torch.autograd.backward, torch.autograd.grad)
    to_numpy = (torch.Tensor.numpy, torch.Tensor.__array__)

    class Following(TorchFunctionMode):
        """Record what is made of marks under `torch.no_grad()`, too; keep graphs that are used."""

        def __torch_function__(self, func, types, args=(), kwargs=None):
            kwargs = dict(kwargs or {})
            if func in backward:
                kwargs["retain_graph"] = True
            if func in to_numpy:
                args = (args[0].detach(), *args[1:])
            if torch.is_grad_enabled() or not _follows(func, args, kwargs):
                return func(*args, **kwargs)
            with torch.enable_grad():
                return func(*args, **kwargs)

    def _follows(func, args, kwargs):
        """Say whether a mark goes into a call that does not write it into something else."""
        name = getattr(func, "__name__", "")
        changes = (name.endswith("_") and not name.endswith("__")) or name == "__setitem__"
        if changes and not any(map(_made_of_marks, _tensors(args[:1]))):
            return False
        return any(map(_made_of_marks, _tensors([*args, *kwargs.values()])))

    def _made_of_marks(tensor):
        return tensor.grad_fn is not None

    def _tensors(values):
        for value in values:
            if isinstance(value, torch.Tensor):
                yield value
            elif isinstance(value, (list, tuple)):
                yield from _tensors(value)

    return Following
