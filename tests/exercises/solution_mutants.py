"""Small random changes of a solution: another operator, number, name, axis, argument."""

import ast
import copy

OPERATORS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
}
COMPARISONS = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}  # fmt: skip
FUNCTIONS = {
    "sum": ("mean", "max"), "mean": ("sum", "max"), "max": ("min",), "min": ("max",),
    "log": ("log1p",), "maximum": ("minimum",), "minimum": ("maximum",), "argmax": ("argmin",),
}  # fmt: skip


def mutants(source):
    """Yield versions of a piece of code, each with one change."""
    tree = ast.parse(source)
    for i, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[i])
            yield ast.unparse(ast.fix_missing_locations(mutant))


def _changes(node):
    """Yield functions, each of which changes one node of a copy of the tree."""
    match node:
        case ast.BinOp(op=op):
            for other in OPERATORS.get(type(op), ()):
                yield lambda n, other=other: setattr(n, "op", other())
            yield lambda n: _become(n, n.left)
            yield lambda n: _become(n, n.right)
        case ast.UnaryOp():
            yield lambda n: _become(n, n.operand)
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            yield lambda n: setattr(n, "ops", [COMPARISONS[type(n.ops[0])]()])
        case ast.Constant(value=bool(value)):
            yield lambda n: setattr(n, "value", not value)
        case ast.Constant(value=int() | float() as value):
            yield lambda n: setattr(n, "value", value + 1)
            if value:
                yield lambda n: setattr(n, "value", -value)
        case ast.Attribute(attr=name) if name in FUNCTIONS:
            for other in FUNCTIONS[name]:
                yield lambda n, other=other: setattr(n, "attr", other)
        case ast.Call(args=args, keywords=keywords):
            if args:
                yield lambda n: _become(n, n.args[0])
            if len(args) > 1:
                yield lambda n: n.args.reverse()
                yield lambda n: n.args.pop()
            if keywords:
                yield lambda n: n.keywords.pop()
        case ast.Tuple(elts=[_, _, *_], ctx=ast.Load()):
            yield lambda n: n.elts.reverse()
            yield lambda n: n.elts.pop()
        case ast.FunctionDef(args=ast.arguments(args=[_, _, *_])):
            yield lambda n: n.args.args.reverse()


def _become(node, other):
    """Turn a node into another one, in place."""
    node.__class__ = other.__class__
    node.__dict__ = other.__dict__
