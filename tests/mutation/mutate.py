#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Mutation testing of sdk/: makes small changes, one at a time, and lists those that no test notices. The
same seed makes the same changes. See README.md beside it.
"""
import argparse
import collections
import hashlib
import json
import math
import os
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reasons  # noqa: E402
import sites  # noqa: E402
import workshop  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LEAST_PERCENT = 90


# --- which changes ---

def quotas(sizes, count, seed):
    """How many of `count` each file gets: by its size, one at least (largest remainders). If there are
    more files than that, some get one, the larger ones more likely."""
    if count < len(sizes):
        def late(file):
            chance = int.from_bytes(hashlib.sha256(repr((seed, file)).encode()).digest()[:7], "big") + 1
            return -math.log(chance / 2 ** 56) / sizes[file]
        return {file: 1 for file in sorted(sizes, key=late)[:count]}
    total = sum(sizes.values())
    exact = {file: max(1.0, count * size / total) for file, size in sizes.items()}
    scale = count / sum(exact.values())
    exact = {file: max(1.0, share * scale) for file, share in exact.items()}
    given = {file: int(share) for file, share in exact.items()}
    by_remainder = sorted(exact, key=lambda file: (given[file] - exact[file], file))
    for file in by_remainder[:max(0, count - sum(given.values()))]:
        given[file] += 1
    return given


def in_turn(found, seed):
    """The sites of a file in the order in which they are tried: kind after kind, at random in each."""
    ranked = sorted(found, key=lambda site: site.rank(seed))
    queues = collections.OrderedDict()
    for site in ranked:
        queues.setdefault(site.kind, []).append(site)
    order = []
    while queues:
        for kind in list(queues):
            order.append(queues[kind].pop(0))
            if not queues[kind]:
                del queues[kind]
    return order


# --- one change ---

class Result:
    def __init__(self, site, tests):
        self.site, self.tests = site, tests
        self.noticed_by = None
        self.seconds = 0.0


class Bench:
    """Makes the changes and runs the tests over them."""

    def __init__(self, shop, lines, sources):
        self.shop, self.lines, self.sources = shop, lines, sources
        self.lock = threading.Lock()

    def folder(self):
        folder = os.path.join(self.shop.folder, "job-%d" % threading.get_ident())
        os.makedirs(folder, exist_ok=True)
        return folder

    def compile(self, file, text, flavour):
        """The object file, or None if it does not compile."""
        source, target = (os.path.join(self.folder(), name) for name in ("mutant.c", "mutant.o"))
        with open(source, "wb") as out:
            out.write(text)
        return target if flavour.compile(file, source, target) else None

    def changed(self, site):
        source = self.sources[site.file]
        return source[:site.start] + site.text + source[site.end:]

    def tests_over(self, site):
        """Those that run one of the site's lines, or where those hold no code, the line before."""
        lines = self.lines[site.file]
        if not site.function:
            return set().union(*lines.values()) if lines else set()
        here = range(site.covered_first, site.covered_last + 1)
        known = [line for line in here if line in lines]
        if not known:
            known = [max((line for line in lines if line < here[0]), default=None)]
        return set().union(*(lines.get(line, set()) for line in known))

    def try_on(self, result, flavour, target):
        """Runs the tests over it, the quick ones first, until one fails."""
        folder = self.folder()
        flavour.link(folder, {result.site.file: target})
        able = [name for name in result.tests if name in flavour.times]
        for name in sorted(able, key=lambda name: flavour.times[name].seconds):
            if flavour.notices(name, folder):
                result.noticed_by = name if not flavour.flags else "%s (%s)" % (name, flavour.name)
                return

    def file(self, order, count):
        """Results of the first `count` of `order` that are changes at all."""
        flavour = self.shop.way("plain")
        file = order[0].file
        seen = {workshop.contents(self.compile(file, self.sources[file], flavour))}
        results = []
        for site in order:
            if len(results) == count:
                break
            target = self.compile(file, self.changed(site), flavour)
            if target is None or workshop.contents(target) in seen:
                continue
            seen.add(workshop.contents(target))
            results.append(self.one(site, flavour, target))
        return results

    def one(self, site, flavour, target):
        begin = time.monotonic()
        result = Result(site, self.tests_over(site))
        self.try_on(result, flavour, target)
        result.seconds = time.monotonic() - begin
        self.say(result)
        return result

    def say(self, result):
        site = result.site
        with self.lock:
            print("%-8s %4.1f s  %s:%d %s  %s" % (
                "noticed" if result.noticed_by else "survived", result.seconds, site.file, site.line,
                site.kind, result.noticed_by or "%d tests ran over it" % len(result.tests)))
            if not result.noticed_by:
                print("    - %s\n    + %s" % (site.before, site.after))
            sys.stdout.flush()

    def sanitize(self, results):
        """Survivors, with one sanitizer after the other."""
        for name in list(workshop.WAYS)[1:]:
            left = [result for result in results if not result.noticed_by]
            if left:
                flavour = self.shop.way(name)
                list(self.shop.pool.map(lambda result: self.again(result, flavour), left))

    def retry(self, result):
        """A survivor of the last run, with the tests of today."""
        target = self.compile(result.site.file, self.changed(result.site), self.shop.way("plain"))
        result.tests = self.tests_over(result.site)
        if target is not None:
            self.try_on(result, self.shop.way("plain"), target)
        self.say(result)

    def again(self, result, flavour):
        target = self.compile(result.site.file, self.changed(result.site), flavour)
        if target is not None:
            self.try_on(result, flavour, target)
        if result.noticed_by:
            self.say(result)


# --- the report ---

def table(title, results, name_of):
    groups = collections.defaultdict(list)
    for result in results:
        groups[name_of(result.site)].append(result)
    print("\n%-40s %5s %8s %9s" % (title, "made", "noticed", "survivors"))
    for name, group in sorted(groups.items()):
        noticed = sum(1 for result in group if result.noticed_by)
        print("%-40s %5d %8d %9d" % (name, len(group), noticed, len(group) - noticed))


def report(results, accepted, known):
    table("file", results, lambda site: site.file)
    table("kind", results, lambda site: site.kind)
    survivors = [result for result in results if not result.noticed_by]
    with_reason = [result for result in survivors if result.site.key in accepted]
    for result in survivors:
        reason = accepted.get(result.site.key)
        print("\nsurvivor %s:%d (%s), run over by: %s\n%s\n%s" % (
            result.site.file, result.site.line, result.site.kind,
            " ".join(sorted(result.tests)) or "none, or not run", reasons.entry(result.site.key),
            reason or "NO REASON"))
    noticed = {result.site.key for result in results if result.noticed_by}
    for key in accepted:
        if key not in known:
            print("\nstale reason, there is no such change:\n%s" % reasons.entry(key))
        elif key in noticed:
            print("\nstale reason, a test notices it:\n%s" % reasons.entry(key))
    percent = 100.0 * (len(results) - len(survivors)) / max(1, len(results))
    print("\nmutations: %d made, %d noticed (%.1f %%), %d survivors: %d with a reason" % (
        len(results), len(results) - len(survivors), percent, len(survivors), len(with_reason)))
    return percent >= LEAST_PERCENT and len(with_reason) == len(survivors)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="how many changes (400)")
    parser.add_argument("--seed", default="1", help="which ones ('1')")
    parser.add_argument("--jobs", type=int, default=1, help="at a time (1)")
    parser.add_argument("--files", default="", help="only files whose name holds this; all their sites"
                        " count as one sample")
    parser.add_argument("--again", action="store_true", help="try what survived the last run and has no"
                        " reason again, and report on all of that run")
    parser.add_argument("--no-sanitizers", action="store_true",
                        help="do not try survivors that have no reason under the sanitizers")
    parser.add_argument("--build", default="build", help="a configured build with tests (build)")
    parser.add_argument("--work", default="build-mutation", help="a folder of its own (build-mutation)")
    return parser.parse_args()


def save(path, results):
    """What --again tries."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump([(result.site.key, result.noticed_by) for result in results], file)


def find_sites(shop, pattern):
    found = {}
    for file in sorted(shop.commands):
        if file.startswith("sdk/") and pattern in file:
            flags = [word for word in shop.commands[file] if word.startswith(("-I", "-D", "-std"))]
            flags = ["-I" + os.path.normpath(os.path.join(shop.build, word[2:]))
                     if word.startswith("-I") else word for word in flags]
            found[file] = sites.find(file, os.path.join(ROOT, file), flags)
    return found


def run_sample(options, bench, found, given):
    """The results of a new sample: `given` changes of each file."""
    done = bench.shop.pool.map(
        lambda file: bench.file(in_turn(found[file], options.seed), given[file]), sorted(given))
    return [result for of_file in done for result in of_file]


def run_again(bench, found, saved, accepted):
    """The last run's results, with its survivors that have no reason tried again; what the sources no longer
    hold is gone."""
    by_key = collections.defaultdict(list)
    for site in (site for file_sites in found.values() for site in file_sites):
        by_key[site.key].append(site)
    results = []
    for key, noticed_by in saved:
        if by_key[tuple(key)]:
            results.append(Result(by_key[tuple(key)].pop(0), set()))
            results[-1].noticed_by = noticed_by
    left = [r for r in results if not r.noticed_by and r.site.key not in accepted]
    list(bench.shop.pool.map(bench.retry, left))
    return results


def main():
    options = arguments()
    shop = workshop.Workshop(ROOT, os.path.abspath(options.build), os.path.abspath(options.work),
                             options.jobs)
    found = find_sites(shop, options.files)
    accepted = reasons.read(os.path.join(HERE, "reasons.txt"))
    if options.files:
        accepted = {key: reason for key, reason in accepted.items() if options.files in key[0]}
    last = os.path.join(shop.folder, "results.json")
    saved = []
    if options.again:
        with open(last, encoding="utf-8") as file:
            saved = json.load(file)
    print("%d places to change in %d files" % (sum(map(len, found.values())), len(found)), flush=True)
    begin = time.monotonic()
    sizes = {file: len(file_sites) for file, file_sites in found.items() if file_sites}
    given = quotas(sizes, min(options.count, sum(sizes.values())), options.seed)
    if options.again:
        given = {key[0] for key, noticed in saved if not noticed and tuple(key) not in accepted}
    touched = sorted(given)
    lines = shop.coverage(touched)
    shop.way("plain")
    print("%d tests, their coverage and programs: %.0f s" % (len(shop.tests), time.monotonic() - begin),
          flush=True)
    sources = {file: workshop.contents(os.path.join(ROOT, file)) for file in found}
    bench = Bench(shop, lines, sources)
    if options.again:
        results = run_again(bench, found, saved, accepted)
    else:
        results = run_sample(options, bench, found, given)
    save(last, results)
    unknown = [r for r in results if not r.noticed_by and r.site.key not in accepted]
    if unknown and not options.no_sanitizers:
        bench.sanitize(unknown)
        save(last, results)
    print("%.0f s" % (time.monotonic() - begin))
    known = {site.key for file_sites in found.values() for site in file_sites}
    return 0 if report(results, accepted, known) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.SubprocessError as error:
        sys.exit(str(error))
