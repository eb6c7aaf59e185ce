"""Write every mutant that mutmut makes of a function: its code, and how it differs.

python -m tools.mutants.write   in the copied tree, with a Python that has mutmut
"""

import difflib
import json
from pathlib import Path

from tools.mutants import MODULES, MUTANTS


def mutants():
    """Yield every mutant of the modules once."""
    from mutmut.mutation.file_mutation import create_mutations, deep_replace

    seen = set()
    for name in MODULES:
        file = Path("lossbook", f"{name}.py")
        module, mutations, *_ = create_mutations(str(file), file.read_text())
        for mutation in mutations:
            function = mutation.contained_by_top_level_function
            if function not in module.body:  # mutmut leaves the rest of a module alone, too
                continue
            changed = deep_replace(function, mutation.original_node, mutation.mutated_node)
            was, now = (module.code_for_node(node).strip("\n") for node in (function, changed))
            if (name, now) in seen:  # two operators, one result
                continue
            seen.add((name, now))
            mutant = {"module": name, "function": function.name.value, "code": now}
            yield mutant | difference(was, now)


def difference(was, now):
    """Return the lines that a mutant replaces, and what stands there instead.

    They reach up to a line that occurs once in the function: none is taken for another's.
    """
    old, new = ([line.strip() for line in code.splitlines()] for code in (was, now))
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [block for block in blocks if block[0] != "equal"]
    (_, i1, _, j1, _), (_, _, i2, _, j2) = changed[0], changed[-1]
    while old.count(old[i1]) > 1:
        i1, j1 = i1 - 1, j1 - 1
    return {"was": "\n".join(old[i1:i2]), "now": "\n".join(new[j1:j2])}


if __name__ == "__main__":
    Path("..", MUTANTS).write_text(json.dumps(list(mutants())))
