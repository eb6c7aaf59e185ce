"""Take every step of the gallery apart and print a table.

python -m tests.real_keras.own_steps
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main():
    from tests.real_keras.own_steps import STEPS
    from tests.real_keras.own_steps.step import outcome

    print(f"{'step':40} parts  marks  unmarked without  unmarked  residual  not linear")
    for name in STEPS:
        got = outcome(name)
        bent = any("not linear" in note for note in got.with_marks.notes)
        print(
            f"{name:40} {len(got.parts):5}  {got.marks:5}  {got.unmarked_without:16.1%}  "
            f"{got.unmarked:8.1%}  {got.residual:8.0e}  {'said' if bent else ''}".rstrip()
        )


if __name__ == "__main__":
    main()
