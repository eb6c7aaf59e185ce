"""The signs that formulas.py knows, by their names in LaTeX; spaces are parts of an em."""

THIN = 3 / 18
SPACES = {",": THIN, ":": 4 / 18, ">": 4 / 18, ";": 5 / 18, "!": -THIN, " ": 0.3}
SPACES |= {"quad": 1, "qquad": 2}
LETTERS = dict(
    alpha="α", beta="β", gamma="γ", delta="δ", varepsilon="ε", epsilon="ϵ", eta="η", theta="θ",
    kappa="κ", lambda_="λ", mu="μ", nu="ν", pi="π", rho="ρ", sigma="σ", tau="τ", phi="φ",
    omega="ω", ell="ℓ", partial="∂", infty="∞", nabla="∇",
)  # fmt: skip
LETTERS["lambda"] = LETTERS.pop("lambda_")
UPRIGHT = dict(Delta="Δ", Sigma="Σ", Omega="Ω", ldots="…", dots="…", cdots="⋯")
BINARY = {"+": "+", "-": "−", "*": "*", "cdot": "·", "times": "×", "pm": "±"}
RELATIONS = {"=": "=", "<": "&lt;", ">": "&gt;", ":": ":", "neq": "≠", "ne": "≠", "le": "≤"}
RELATIONS |= {"leq": "≤", "ge": "≥", "geq": "≥", "approx": "≈", "sim": "∼", "in": "∈", "to": "→"}
OPEN = {"(": "(", "[": "[", "{": "{", "lfloor": "⌊", "lceil": "⌈"}
CLOSE = {")": ")", "]": "]", "}": "}", "rfloor": "⌋", "rceil": "⌉"}
BIG = {"sum": "∑", "prod": "∏"}
FUNCTIONS = ("log", "exp", "max", "min", "tanh", "ln")
ACCENTS = {"bar": "¯", "hat": "ˆ"}
SIZES = {"big": 1.2, "Big": 1.8, "bigg": 2.4}
