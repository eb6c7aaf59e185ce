"""What learners get wrong: a module a chapter, named like its module of lossbook._exercises.

WRONG[exercise][what the checker says, from its first word] = the code that a learner would write in
place of `answer = ...` (see `answer_of`).
"""

import importlib
import pkgutil

WRONG = {}
for module in pkgutil.iter_modules(__path__):
    WRONG |= importlib.import_module(f"{__name__}.{module.name}").WRONG
