# SPDX-License-Identifier: MIT
"""
Compiles one changed file at a time and runs the tests that reach it. All of sdk/ and platform/ becomes
one shared library, which the test programs load: a change costs one compilation and one link, and none
of the programs is built again. Takes commands and tests from a configured meson build; writes only into
its own folder. Knows nothing of what is changed or why.
"""
import collections
import hashlib
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

SUITES = {"unit", "sync", "conformance", "sim", "torture"}
LIBRARY = "libphxall.so"
# The ways to build in which .ci/run runs the tests: what is noticed in one of them is noticed.
WAYS = {
    "plain": [],
    "address,undefined": ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    "thread": ["-fsanitize=thread"],
}
SLOW_CPU_SECONDS = 5  # a test that takes longer with a sanitizer is not run with it
MEMORY_BYTES = 2 << 30

Test = collections.namedtuple("Test", "name command environment")
Outcome = collections.namedtuple("Outcome", "status seconds cpu_seconds output")


def run(command, cwd=None):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise SystemExit("%s\nfailed:\n%s" % (shlex.join(command), done.stdout.decode(errors="replace")))
    return done.stdout.decode(errors="replace")


def is_possible(command, cwd=None):
    return subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def digest(*parts):
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class Flavour:
    """One way to compile everything, with the library and the programs that it gave."""

    def __init__(self, workshop, name, flags):
        self.workshop, self.name, self.flags = workshop, name, flags
        self.folder = os.path.join(workshop.folder, name)
        # The thread sanitizer needs the addresses where it expects them.
        self.prefix = ["setarch", "-R"] if name == "thread" and is_possible(["setarch", "-R", "true"]) else []
        self.objects = {}
        self.programs = {}
        self.times = {}
        for part in ("objects", "lib", "bin"):
            os.makedirs(os.path.join(self.folder, part), exist_ok=True)

    def compile(self, file, source, target):
        """Whether `source`, in the place of `file`, compiles."""
        command = self.workshop.commands[file] + self.flags + ["-o", target, "-c", source]
        return is_possible(command, self.workshop.build)

    def compile_all(self, pool):
        """Unless the last run did, of the same sources."""
        key_file = os.path.join(self.folder, "objects", "key")
        key = digest(self.workshop.sources_key, repr(self.flags).encode()).encode()
        is_done = os.path.exists(key_file) and contents(key_file) == key

        def one(file):
            target = os.path.join(self.folder, "objects", file.replace("/", "_")[:-2] + ".o")
            if not is_done and not self.compile(file, os.path.join(self.workshop.root, file), target):
                raise SystemExit("%s does not compile" % file)
            return file, target
        self.objects = dict(pool.map(one, self.workshop.commands))
        with open(key_file, "wb") as file:
            file.write(key)
        self.link(os.path.join(self.folder, "lib"), {})

    def link(self, folder, instead):
        objects = [instead.get(file, path) for file, path in self.objects.items()]
        run(["cc", "-shared", "-Wl,-soname," + LIBRARY, "-o", os.path.join(folder, LIBRARY)] + self.flags + objects
            + ["-Wl,--as-needed"] + self.workshop.libraries)

    def link_programs(self, pool):
        def one(test):
            program = os.path.join(self.folder, "bin", os.path.basename(test.command[0]))
            words = [word for word in self.workshop.link_words(test.command[0])]
            words[words.index("-o") + 1] = program
            run(words + self.flags + [os.path.join(self.folder, "lib", LIBRARY)], self.workshop.build)
            return test.name, program
        self.programs = dict(pool.map(one, self.workshop.tests.values()))

    def measure(self, pool):
        """Each test passes when nothing is changed; how long it takes. With a sanitizer, those that take long
        are left out."""
        def one(test):
            limits = (SLOW_CPU_SECONDS, 120) if self.flags else (120, 600)
            outcome = self.run(test, os.path.join(self.folder, "lib"), *limits, {})
            if outcome.status != 0 and self.flags and outcome.cpu_seconds >= SLOW_CPU_SECONDS - 1:
                return test.name, None
            if outcome.status != 0:
                raise SystemExit("%s (%s) fails with nothing changed:\n%s"
                                 % (test.name, self.name, outcome.output))
            without = self.run(test, os.path.join(self.folder, "bin"), 120, 600, {})
            if without.status == 0:
                raise SystemExit("%s does not use %s" % (test.name, LIBRARY))
            return test.name, outcome
        times = pool.map(one, self.workshop.tests.values())
        self.times = {name: outcome for name, outcome in times if outcome is not None}

    def run(self, test, library, cpu_seconds, seconds, environment):
        def limit():
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
            if not self.flags:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        values = dict(os.environ)
        values.update(test.environment)
        values.update(environment, LD_LIBRARY_PATH=library, MALLOC_PERTURB_="165",
                      ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1",
                      TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1")
        begin = time.monotonic()
        # A log as a file: a pipe that nobody empties would stop a talkative test.
        with open(os.path.join(library, "output-%d" % threading.get_ident()), "w+b") as log:
            process = subprocess.Popen(self.prefix + [self.programs[test.name]] + test.command[1:],
                                       cwd=library, env=values, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, preexec_fn=limit,
                                       start_new_session=True)
            timer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = status
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - 3000))
            output = log.read().decode(errors="replace")
        return Outcome(status, time.monotonic() - begin, usage.ru_utime + usage.ru_stime, output)

    def notices(self, name, library):
        """Whether the test fails with what is in `library`; endless is a failure too."""
        normal = self.times[name]
        cpu_seconds = int(10 * normal.cpu_seconds) + 2
        outcome = self.run(self.workshop.tests[name], library, cpu_seconds,
                           20 + 20 * normal.seconds, {})
        return outcome.status != 0


class Workshop:
    def __init__(self, root, build, folder, jobs):
        self.root, self.build, self.folder = root, build, folder
        self.pool = ThreadPoolExecutor(jobs)
        os.makedirs(folder, exist_ok=True)
        self.commands = self.compile_commands()
        self.sources_key = self.key_of_sources()
        self.libraries = self.platform_libraries()
        self.tests = self.find_tests()
        run(["ninja", "-C", build] + sorted({os.path.relpath(test.command[0], build)
                                             for test in self.tests.values()}))
        self.ways = {}

    # --- what meson knows ---

    def compile_commands(self):
        """The words that compile each C file of the two libraries, without input, output and warnings."""
        commands = {}
        with open(os.path.join(self.build, "compile_commands.json"), encoding="utf-8") as file:
            for entry in json.load(file):
                if not re.match(r"sdk/lib(?!community-sqlite)", entry["output"]):
                    continue
                name = os.path.relpath(os.path.join(entry["directory"], entry["file"]), self.root)
                words = shlex.split(entry["command"])
                words = words[1:] if os.path.basename(words[0]) == "ccache" else words
                kept, skip = [], False
                for word in words:
                    if skip or word in ("-o", "-c", "-MF", "-MQ"):
                        skip = not skip and word != "-c"
                    elif not re.match(r"-(W|g|MD|MMD|O|fvisibility|fdiagnostics|fsanitize)", word) and (
                            word != entry["file"]):
                        kept.append(word)
                commands[name] = kept + ["-w", "-fPIC", "-O2"]
        return commands

    def key_of_sources(self):
        """Changes with whatever the compiler may read, and how it is called."""
        files = sorted(os.path.join(folder, name) for top in ("include", "platform", "sdk")
                       for folder, _, names in os.walk(os.path.join(self.root, top)) for name in names)
        return digest(repr(sorted(self.commands.items())).encode(), *map(contents, files)).encode()

    def last_command(self, target):
        return shlex.split(run(["ninja", "-C", self.build, "-t", "commands", target]).splitlines()[-1])

    def platform_libraries(self):
        shared = [os.path.basename(p) for p in os.listdir(os.path.join(self.build, "sdk"))
                  if re.fullmatch(r"libphx\.so\.\d+\.\d+\.\d+", p)]
        words = self.last_command("sdk/" + shared[0])
        return [word for word in words if word.startswith("-l") or word == "-pthread"
                or re.search(r"^/.*\.(so|a)$", word)]

    def find_tests(self):
        """Those of the suites in virtual time that are programs of this build."""
        tests = {}
        for entry in json.loads(run(["meson", "introspect", "--tests", self.build])):
            suites = {suite.split(":")[-1] for suite in entry["suite"]}
            if suites & SUITES and "long" not in suites and (
                    os.path.realpath(entry["cmd"][0]).startswith(os.path.realpath(self.build) + os.sep)):
                tests[entry["name"]] = Test(entry["name"], entry["cmd"], entry["env"])
        return tests

    def link_words(self, program):
        """What links a test program, without sdk/'s libraries and objects."""
        words = self.last_command(os.path.relpath(program, self.build))
        words = words[1:] if os.path.basename(words[0]) == "ccache" else words
        return [word for word in words
                if not re.match(r"sdk/lib", word) and not re.search(r"\.p/(\.\._)+sdk_", word)
                and not word.startswith(("-Wl,-rpath", "-fsanitize"))]

    # --- building ---

    def prepare(self, name, flags):
        flavour = Flavour(self, name, flags)
        flavour.compile_all(self.pool)
        flavour.link_programs(self.pool)
        flavour.measure(self.pool)
        return flavour

    def way(self, name):
        """The flavour of this name; not to be called by two jobs before the first call has returned."""
        if name not in self.ways:
            self.ways[name] = self.prepare(name, WAYS[name])
        return self.ways[name]

    # --- which test runs which line ---

    def coverage(self, files):
        """{file: {line: set of tests}} and, for lines that hold code, an empty set at least."""
        flavour = Flavour(self, "coverage", ["--coverage", "-O0"])
        flavour.compile_all(self.pool)
        flavour.link_programs(self.pool)
        key = digest(self.sources_key, repr(sorted(files)).encode())
        lines = {file: collections.defaultdict(set) for file in files}

        def one(test):
            mine = digest(key.encode(), contents(flavour.programs[test.name]), repr(test.command).encode())
            cache = os.path.join(flavour.folder, test.name + ".json")
            if os.path.exists(cache):
                with open(cache, encoding="utf-8") as file:
                    saved = json.load(file)
                if saved["key"] == mine:
                    return test.name, saved["lines"]
            found = self.cover(flavour, test, files)
            with open(cache, "w", encoding="utf-8") as file:
                json.dump({"key": mine, "lines": found}, file)
            return test.name, found
        for name, found in self.pool.map(one, self.tests.values()):
            for file, counts in found.items():
                for line, is_run in counts:
                    lines[file][line].update([name] if is_run else [])
        return lines

    def cover(self, flavour, test, files):
        folder = os.path.join(flavour.folder, "runs", test.name)
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        flavour.run(test, os.path.join(flavour.folder, "lib"), 120, 600,
                    {"GCOV_PREFIX": folder, "GCOV_PREFIX_STRIP": "99"})
        found = {}
        for file in files:
            stem = os.path.basename(flavour.objects[file])[:-2]
            if os.path.exists(os.path.join(folder, stem + ".gcda")):
                os.symlink(flavour.objects[file][:-2] + ".gcno", os.path.join(folder, stem + ".gcno"))
        data = sorted(name for name in os.listdir(folder) if name.endswith(".gcno"))
        if not data:
            return found
        for text in run(["gcov", "--json-format", "--stdout"] + data, folder).splitlines():
            for entry in json.loads(text)["files"]:
                name = os.path.relpath(os.path.join(self.build, entry["file"]), self.root)
                if name in files:
                    found[name] = [(line["line_number"], line["count"] > 0) for line in entry["lines"]]
        return found
