# SPDX-License-Identifier: MIT
"""Compares figures with a list, for tests/checks/instructions.sh.

ratchet.py LIST COMPILER [--write] < lines of "FIGURE NUMBER"
LIST: lines of "COMPILER FIGURE NUMBER". More than 3 % above fails; more than 3 % below asks to
tighten. --write puts what was counted in place of the compiler's lines.
"""
import sys

SLACK = 0.03
FIGURES = 6


def read(lines):
    return dict((words[:-1], int(words[-1])) for words in map(tuple, map(str.split, lines)))


def judge(compiler, known, counted):
    """Prints a line a figure; says whether all are within their limits."""
    is_good = True
    for figure, number in counted.items():
        limit = known.get((compiler, figure))
        verdict = "no limit for this compiler"
        if limit is not None:
            change = number / limit - 1
            verdict = f"{change:+.1%} of {limit}"
            if change > SLACK:
                is_good = False
                verdict += ": TOO MUCH"
            elif change < -SLACK:
                verdict += ": tighten with tests/checks/instructions.sh --write"
        print(f"{figure:24} {number:9} {verdict}")
    missing = [figure for (of, figure) in known if of == compiler and figure not in counted]
    for figure in missing:
        print(f"{figure}: not counted")
    return is_good and not missing


def write(path, compiler, known, counted):
    lines = [f"{of} {figure} {number}" for (of, figure), number in known.items() if of != compiler]
    lines += [f"{compiler} {figure} {number}" for figure, number in counted.items()]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(sorted(lines)) + "\n")


def main():
    path, compiler = sys.argv[1:3]
    counted = {figure: number for (figure,), number in read(sys.stdin).items()}
    if len(counted) != FIGURES:
        sys.exit(f"{len(counted)} figures instead of {FIGURES}")
    try:
        with open(path, encoding="utf-8") as file:
            known = read(file)
    except FileNotFoundError:
        known = {}
    is_good = judge(compiler, known, counted)
    if "--write" in sys.argv[3:]:
        write(path, compiler, known, counted)
    elif not is_good:
        sys.exit(1)


main()
