#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the fuzz targets, two at a time: replays their corpora, or with --seconds fuzzes each for so long.

A corpus is never written to; what is found lands in artifacts/ of the build folder. The last line is
"fuzz: N targets, N corpus inputs, N executions, N failures".
"""
import argparse
import base64
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


class Target:
    def __init__(self, text):
        self.name, _, words = text.partition(":")
        self.words = [word for word in words.split(",") if word]
        self.corpus = HERE / "corpus" / self.name
        self.inputs = len(list(self.corpus.glob("*"))) if self.corpus.is_dir() else 0
        self.executions = 0
        self.has_failed = False
        self.report = []

    def fail(self, fault, output="", artifact=None):
        self.has_failed = True
        self.report += output.splitlines()[-60:] + [f"FAILED {self.name}: {fault}"]
        if artifact is not None and artifact.is_file():
            self.report.append(f"  the input: {artifact}")
            self.report.append(f"  in base64: {base64.b64encode(artifact.read_bytes()).decode()}")


def run(command, timeout):
    """(exit code, output); a process that hangs counts as failed."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=timeout,
            check=False,
        )
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as expired:
        return -1, (expired.stdout or b"").decode(errors="replace") + "\nit did not end in time"


def replay(target, program, more):
    code, output = run([program, target.corpus] + more, 600)
    lines = output.splitlines()
    last = re.fullmatch(r"(\d+) inputs", lines[-1]) if lines else None
    if code == 0 and last:
        target.executions = int(last.group(1))
        return
    paths = [pathlib.Path(line) for line in lines if pathlib.Path(line[:4000]).is_file()]
    target.executions = len(paths)
    target.fail(f"exit code {code}", output, paths[-1] if paths else None)


def fuzz(target, program, more, seconds, artifacts):
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder) / "corpus"
        shutil.copytree(target.corpus, work)
        command = [program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048"]
        command += ["-max_len=4096", "-print_final_stats=1", f"-artifact_prefix={artifacts}/{target.name}-"]
        if target.words:
            words = pathlib.Path(folder) / "words"
            words.write_text("".join((HERE / "words" / f"{word}.dict").read_text() for word in target.words))
            command.append(f"-dict={words}")
        code, output = run(command + [work] + more, seconds + 120)
    found = re.search(r"stat::number_of_executed_units: (\d+)", output)
    target.executions = int(found.group(1)) if found else 0
    written = re.search(r"Test unit written to (\S+)", output)
    artifact = pathlib.Path(written.group(1)) if written else None
    if code != 0:
        target.fail(f"exit code {code}", output, artifact)
    elif target.executions == 0:
        target.fail("it executed nothing", output)


def run_target(target, options, artifacts):
    program = options.binaries / f"fuzz_{target.name}"
    suite = options.json_test_suite
    more = [suite] if target.name == "json_reader" and suite.is_dir() else []
    if target.inputs == 0:
        target.fail("it has no corpus")
    elif options.seconds == 0:
        replay(target, program, more)
    else:
        fuzz(target, program, more, options.seconds, artifacts)
    target.report.append(f"{target.name}: {target.inputs} corpus inputs, {target.executions} executions")
    return target.report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", type=pathlib.Path, required=True)
    parser.add_argument("--json-test-suite", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("targets", nargs="+", metavar="TARGET:WORDS,...")
    options = parser.parse_args()
    artifacts = options.binaries / "artifacts"
    artifacts.mkdir(exist_ok=True)
    if not options.json_test_suite.is_dir():
        print("json_reader: no copy of JSONTestSuite beside the sources, its files are left out")
    targets = [Target(text) for text in options.targets]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for report in pool.map(lambda target: run_target(target, options, artifacts), targets):
            print("\n".join(report), flush=True)
    failures = sum(1 for target in targets if target.has_failed)
    inputs = sum(target.inputs for target in targets)
    executions = sum(target.executions for target in targets)
    print(f"fuzz: {len(targets)} targets, {inputs} corpus inputs, {executions} executions, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
