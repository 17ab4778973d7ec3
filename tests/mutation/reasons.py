# SPDX-License-Identifier: MIT
"""
The survivors that are accepted, each with its reason. An entry names the change by what it does to the
text, so that it holds when lines move:

    sdk/folder/file.c function
    - the line as it is
    + the line as it would be
    why no test can notice, on as many lines as it takes

Entries are parted by empty lines; a line that begins with # is a comment.
"""


def read(path):
    """{key of a site: reason}"""
    found = {}
    with open(path, encoding="utf-8") as file:
        text = "".join(line for line in file if not line.startswith("#"))
    for block in text.split("\n\n"):
        lines = [line.strip() for line in block.strip().splitlines()]
        if not lines:
            continue
        if len(lines) < 4 or not lines[1].startswith("- ") or not lines[2].startswith("+"):
            raise SystemExit("%s: not an entry with a reason:\n%s" % (path, block))
        file_name, _, function = lines[0].partition(" ")
        key = (file_name, function, lines[1][2:], lines[2][2:])
        if key in found:
            raise SystemExit("%s: twice:\n%s" % (path, block))
        found[key] = " ".join(lines[3:])
    return found


def entry(key):
    """How a site is written there, without its reason."""
    file, function, before, after = key
    return "%s %s\n- %s\n+ %s" % (file, function, before, after)
