# SPDX-License-Identifier: MIT
# Adds up what meson recorded of its last run: summary.py TESTLOG.JSON. A program that reports its cases
# (cmocka's summary, or TAP) counts with them, any other as one. Says why what was skipped was skipped.
import json
import re
import sys


def cases(text):
    """(passed, failed, skipped) as the program itself reported them, or None."""
    counts = [0, 0, 0]
    for index, word in enumerate(("PASSED", "FAILED", "SKIPPED")):
        counts[index] = sum(
            int(number) for number in re.findall(r"^\[  %s ?\] (\d+) test" % word, text, re.M)
        )
    if any(counts):
        return counts
    lines = re.findall(r"^(not )?ok\b[^#\n]*(# *skip)?", text, re.M | re.I)
    for bad, skip in lines:
        counts[1 if bad else 2 if skip else 0] += 1
    return counts if lines else None


def reasons(text):
    """Why something was skipped: what TAP says of each, or what the program said last."""
    said = re.findall(r"^ok\b[^#\n]*# *skip\b *(.*)", text, re.M | re.I)
    if said:
        return sorted(set(said))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"\[|\d+ SKIPPED", line)]
    return [line.removeprefix("skipped: ") for line in lines[-1:]] or ["it does not say why"]


def main():
    total = [0, 0, 0]
    with open(sys.argv[1], encoding="utf-8") as log:
        for test in map(json.loads, log):
            text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
            passed, failed, skipped = cases(text) or (0, 0, 0)
            if test["result"] == "SKIP":
                passed, failed, skipped = 0, 0, 1
            elif test["result"] in ("OK", "EXPECTEDFAIL"):
                passed, failed = (passed, 0) if passed + skipped else (1, 0)
            else:
                failed = max(1, failed)
                print("failed: %s (%s)" % (test["name"], test["result"]))
            if skipped:
                for reason in reasons(text):
                    print("skipped: %s: %s" % (test["name"], reason))
            total = [total[0] + passed, total[1] + failed, total[2] + skipped]
    print("%d passed, %d failed, %d skipped" % tuple(total))
    return 1 if total[1] or not total[0] else 0


sys.exit(main())
