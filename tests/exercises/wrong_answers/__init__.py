"""What learners get wrong: a module a chapter, named like its module of lossbook._exercises.

WRONG[exercise][what the checker says, from its first word] = the code that a learner would write in
place of `answer = ...` (see `answer_of`).
"""

import importlib
import pkgutil

WRONG = {}
for module in pkgutil.walk_packages(__path__, f"{__name__}."):
    WRONG |= getattr(importlib.import_module(module.name), "WRONG", {})
