# SPDX-License-Identifier: MIT
"""
Finds every place in a C file where a small change makes sense, by walking clang's syntax tree: what is
changed is an operator, a literal or a statement as the compiler sees it, never a comment, a string, a
declaration or what a macro hides. Knows nothing of building or testing.
"""
import dataclasses
import hashlib
import re

from clang import cindex
from clang.cindex import CursorKind

KINDS = ("operator", "constant", "statement", "branch", "result", "jump")

BINARY = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<",
    "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|=", "^=": "&=", "<<=": ">>=",
    ">>=": "<<=",
}
UNARY = {"!": "", "~": "", "-": "", "++": "--", "--": "++"}
INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)$")
WORDS = {"true": "false", "false": "true"}
EXPRESSIONS = (
    CursorKind.CALL_EXPR, CursorKind.BINARY_OPERATOR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR,
    CursorKind.UNARY_OPERATOR, CursorKind.CSTYLE_CAST_EXPR, CursorKind.UNEXPOSED_EXPR,
)


@dataclasses.dataclass
class Site:
    """One change: bytes [start, end) of the file become `text`."""

    file: str
    function: str  # "" outside of any
    kind: str
    start: int
    end: int
    text: bytes
    line: int
    covered_first: int  # the lines of which one must run for the change to matter
    covered_last: int
    before: str = ""  # the lines that it changes, in one
    after: str = ""

    @property
    def key(self):
        return (self.file, self.function, self.before, self.after)

    def rank(self, seed):
        """A number that this site has whatever else is in the file: samples stay as files change."""
        return hashlib.sha256(repr((seed, self.kind) + self.key).encode()).digest()


def words(text):
    return " ".join(text.decode().split())


class Finder:
    def __init__(self, file, path, arguments):
        self.file = file
        self.source = open(path, "rb").read()
        self.sites = []
        self.function = None
        options = cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
        self.unit = cindex.Index.create().parse(path, args=arguments, options=options)
        errors = [d.spelling for d in self.unit.diagnostics if d.severity >= cindex.Diagnostic.Error]
        if errors:
            raise SystemExit("%s: clang does not take it: %s" % (path, errors[0]))
        self.path = path
        self.macros = []

    # --- places ---

    def is_here(self, cursor):
        return cursor.location.file is not None and cursor.location.file.name == self.path

    def span(self, cursor):
        return cursor.extent.start.offset, cursor.extent.end.offset

    def find_macros(self):
        """Where macros with arguments are used."""
        for cursor in self.unit.cursor.get_children():
            if cursor.kind == CursorKind.MACRO_INSTANTIATION and self.is_here(cursor):
                start, end = self.span(cursor)
                if self.source[start:end].endswith(b")"):
                    self.macros.append((start, end))

    def is_in_macro(self, start, end):
        return any(start < last and end > first and not (start <= first and last <= end)
                   or (first, last) == (start, end) for first, last in self.macros)

    def line_of(self, offset):
        return self.source.count(b"\n", 0, offset) + 1

    def add(self, kind, start, end, text, covered=None):
        if self.is_in_macro(start, end):
            return
        # "break;" alone does not say which: the line above is taken with it.
        first = self.source.rfind(b"\n", 0, start) + 1
        if kind == "jump":
            first = self.source.rfind(b"\n", 0, first - 1) + 1
        last = self.source.find(b"\n", end)
        site = Site(self.file, self.function.spelling if self.function else "", kind, start, end,
                    text, self.line_of(start), 0, 0)
        site.covered_first = self.line_of(covered[0] if covered else start)
        site.covered_last = self.line_of((covered[1] if covered else end) - 1)
        site.before = words(self.source[first:last])
        site.after = words(self.source[first:start] + text + self.source[end:last])
        self.sites.append(site)

    # --- kinds ---

    def binary(self, cursor):
        operands = list(cursor.get_children())
        if len(operands) != 2:
            return
        left_end, right_start = self.span(operands[0])[1], self.span(operands[1])[0]
        between = self.source[left_end:right_start]
        operator = between.strip().decode(errors="replace")
        if operator in BINARY:
            start = left_end + between.index(operator.encode())
            self.add("operator", start, start + len(operator), BINARY[operator].encode())

    def unary(self, cursor):
        start, end = self.span(cursor)
        for operator, text in UNARY.items():
            size = len(operator)
            if self.source[start:end].startswith(operator.encode()):
                # "-x" is not the beginning of "--x", which stands further down the table.
                if self.source[start:start + 2] in (b"++", b"--") and size == 1:
                    continue
                self.add("operator", start, start + size, text.encode())
            elif size == 2 and self.source[start:end].endswith(operator.encode()):
                self.add("operator", end - size, end, text.encode())

    def constant(self, cursor, parent):
        start, end = self.span(cursor)
        text = self.source[start:end].decode(errors="replace")
        if cursor.kind == CursorKind.CHARACTER_LITERAL:
            self.add("constant", start, end, ("(%s + 1)" % text).encode())
        elif text in WORDS:
            self.add("constant", start, end, WORDS[text].encode())
        elif match := INTEGER.match(text):
            is_size = parent.kind == CursorKind.VAR_DECL and self.source[start - 1:start] == b"["
            digits, suffix = match.groups()
            base = 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10
            value = int(digits, base)
            for other in (value + 1, value - 1):
                if other >= 0 and not is_size:
                    number = hex(other) if base == 16 else str(other)
                    self.add("constant", start, end, (number + suffix).encode())

    def statement(self, cursor):
        start, end = self.span(cursor)
        match = re.compile(rb"\s*;").match(self.source, end)
        if match and not self.source[start:end].startswith(b"assert"):
            self.add("statement", start, match.end(), b";")

    def condition(self, cursor, kind_of_end):
        """The condition of an if or ?: turned around."""
        parts = list(cursor.get_children())
        start, end = self.span(parts[0])
        if end > start:
            old = self.source[start:end]
            self.add("branch", start, end, b"!(" + old + b")" if kind_of_end else b"(!(" + old + b"))")

    def otherwise(self, cursor):
        parts = list(cursor.get_children())
        if len(parts) == 3:
            then_end = self.span(parts[1])[1]
            body = self.span(parts[2])
            self.add("branch", then_end, body[1], b"", covered=body)

    def result(self, cursor):
        parts = list(cursor.get_children())
        if not parts or self.function is None:
            return
        start, end = self.span(parts[0])
        old = self.source[start:end]
        declared = self.function.result_type
        kind = declared.get_canonical().kind
        if declared.spelling == "phx_status":
            new = b"PHX_ERROR_NO_MEMORY" if old == b"PHX_OK" else b"PHX_OK"
        elif kind == cindex.TypeKind.BOOL:
            new = WORDS[old.decode()].encode() if old.decode() in WORDS else b"!(" + old + b")"
        elif kind == cindex.TypeKind.POINTER:
            new = b"NULL"
        elif kind in (cindex.TypeKind.RECORD, cindex.TypeKind.ENUM):
            return
        else:
            new = b"1" if old == b"0" else b"0"
        if old != new:
            self.add("result", start, end, new)

    def jump(self, cursor):
        start, end = self.span(cursor)
        match = re.compile(rb"\s*;").match(self.source, end)
        if match:
            self.add("jump", start, match.end(), b";")

    # --- the walk ---

    def visit(self, cursor, parent):
        kind = cursor.kind
        if kind in (CursorKind.BINARY_OPERATOR, CursorKind.COMPOUND_ASSIGNMENT_OPERATOR):
            self.binary(cursor)
        elif kind == CursorKind.UNARY_OPERATOR:
            self.unary(cursor)
        elif kind in (CursorKind.INTEGER_LITERAL, CursorKind.CHARACTER_LITERAL):
            self.constant(cursor, parent)
        elif kind == CursorKind.IF_STMT:
            self.condition(cursor, True)
            self.otherwise(cursor)
        elif kind == CursorKind.CONDITIONAL_OPERATOR:
            self.condition(cursor, False)
        elif kind == CursorKind.RETURN_STMT:
            self.result(cursor)
        elif kind in (CursorKind.BREAK_STMT, CursorKind.CONTINUE_STMT):
            self.jump(cursor)
        is_statement = parent.kind in (CursorKind.COMPOUND_STMT, CursorKind.DEFAULT_STMT) or (
            parent.kind == CursorKind.CASE_STMT and cursor != next(parent.get_children()))
        if is_statement and kind in EXPRESSIONS:
            self.statement(cursor)
        for child in cursor.get_children():
            self.visit(child, cursor)

    def find(self):
        self.find_macros()
        for cursor in self.unit.cursor.get_children():
            if not self.is_here(cursor):
                continue
            if cursor.kind == CursorKind.FUNCTION_DECL and cursor.is_definition():
                self.function = cursor
                body = list(cursor.get_children())[-1]
                self.visit(body, cursor)
                self.function = None
            elif cursor.kind == CursorKind.VAR_DECL:
                self.visit(cursor, self.unit.cursor)
        # A literal can be reached twice, through what it is and what it initializes.
        unique = {(s.start, s.end, s.text): s for s in self.sites}
        return sorted(unique.values(), key=lambda s: (s.start, s.end, s.text))


def find(file, path, arguments):
    """Every site of the C file `path`, to be called `file`."""
    return Finder(file, path, arguments).find()
