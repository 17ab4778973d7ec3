# SPDX-License-Identifier: MIT
"""Makes a table, the verdict on the targets and a JSON file out of samples, for run.sh.

report.py SAMPLES JSON ROUNDS
"""
import json
import platform
import statistics
import subprocess
import sys

# The table: a heading, then rows of a figure, what it is, and the figure that it is compared with.
TABLE = [
    ("An event, the whole client over loopback: CPU", [
        ("client_curl.cpu", "community_client on libcurl", "phoenix_js.cpu"),
        ("client_lws.cpu", "community_client on libwebsockets", "phoenix_js.cpu"),
        ("phoenix_js.cpu", "phoenix.js on Node, 500 posts", None),
        ("lws.cpu", "bare libwebsockets, counting", "phoenix_js.cpu"),
        ("read_loop.cpu", "a loop of read(2)", "phoenix_js.cpu"),
    ]),
    ("The same: events a second", [
        ("client_curl.rate", "community_client on libcurl", "phoenix_js.rate"),
        ("client_lws.rate", "community_client on libwebsockets", "phoenix_js.rate"),
        ("phoenix_js.rate", "phoenix.js", None),
        ("lws.rate", "bare libwebsockets", "phoenix_js.rate"),
        ("read_loop.rate", "a loop of read(2)", "phoenix_js.rate"),
    ]),
    ("The same: time in which the blaster waited for the client", [
        ("client_curl.blaster_waited", "community_client on libcurl", None),
        ("client_lws.blaster_waited", "community_client on libwebsockets", None),
        ("phoenix_js.blaster_waited", "phoenix.js", None),
        ("lws.blaster_waited", "bare libwebsockets", None),
        ("read_loop.blaster_waited", "a loop of read(2)", None),
        ("read_loop.blaster_cpu", "what a frame costs the blaster", None),
    ]),
    ("Resident memory, the feed full", [
        ("client_curl.resident", "community_client on libcurl, 1,000 posts", "phoenix_js.resident"),
        ("client_lws.resident", "community_client on libwebsockets", "phoenix_js.resident"),
        ("phoenix_js.resident", "phoenix.js, 500 posts", None),
    ]),
    ("The SDK's own part of an event", [
        ("own.event_in_burst", "frame in to callback out, 64 a turn", "cjson.frame"),
        ("own.event", "the same, each in a turn and batch of its own", "cjson.frame"),
        ("decode.envelope", "of that: the envelope", "cjson.frame"),
        ("decode.post", "of that: the post", "cjson.frame"),
        ("cjson.frame", "cJSON: the frame's tree, built and freed", None),
    ]),
    ("A page of 200 posts over REST", [
        ("page.whole", "body in to callback out", "cjson.page"),
        ("page.decode", "of that: its decoding", "cjson.page"),
        ("cjson.page", "cJSON: the page's tree, built and freed", None),
    ]),
    ("Memory", [
        ("allocations.event_in_burst", "allocations of an event, 64 a turn", None),
        ("allocations.event", "the same, each in a turn and batch of its own", None),
        ("endurance.heap_growth", "heap, growth over the run", None),
        ("endurance.resident_growth", "resident, growth over the run", None),
        ("heap_curl.own", "heap, joined, idle, on libcurl: the SDK's and cJSON's", None),
        ("heap_curl.transport", "the same, libcurl's, for WebSocket and REST", None),
        ("heap_curl.beyond", "the same, all but libcurl's and TLS's", None),
        ("heap_lws.own", "heap, joined, idle, on libwebsockets: the SDK's, cJSON's", None),
        ("heap_lws.transport", "the same, libwebsockets'", None),
        ("heap_lws.beyond", "the same, all but libwebsockets' and TLS's", None),
    ]),
    ("Scale", [
        ("feed.event_at_1000", "an event, 1,000 posts, 64 a turn", None),
        ("feed.event_at_1000000", "an event, 1,000,000 posts", "feed.event_at_1000"),
        ("feed.batch_at_1000", "a batch of one, 1,000 posts", None),
        ("feed.batch_at_1000000", "a batch of one, 1,000,000 posts", "feed.batch_at_1000"),
        ("feed.snapshot_at_1000", "a snapshot and its top, 1,000 posts", None),
        ("feed.snapshot_at_1000000", "a snapshot and its top, 1,000,000 posts",
         "feed.snapshot_at_1000"),
        ("channels.event_of_1", "an event, one channel", None),
        ("channels.event_of_1000", "an event, 1,000 channels", "channels.event_of_1"),
    ]),
    ("Connection", [
        ("connect_curl", "connect to joined on libcurl", "connect_curl.bare_lws"),
        ("connect_curl.bare_lws", "bare libwebsockets, in turn with it", None),
        ("connect_lws", "connect to joined on libwebsockets", "connect_lws.bare_lws"),
        ("connect_lws.bare_lws", "bare libwebsockets, in turn with it", None),
        ("background_curl.closed", "background to closed on libcurl", None),
        ("background_curl.closed_worst", "the worst of them", None),
        ("background_lws.closed", "background to closed on libwebsockets", None),
        ("background_lws.closed_worst", "the worst of them", None),
        ("idle_curl.wake_ups", "wake-ups while idle on libcurl", None),
        ("idle_curl.heartbeats", "heartbeats in that time", None),
        ("idle_curl.switches", "times that a thread went to sleep", None),
        ("idle_lws.wake_ups", "wake-ups while idle on libwebsockets", None),
        ("idle_lws.heartbeats", "heartbeats in that time", None),
        ("idle_lws.switches", "times that a thread went to sleep", None),
    ]),
    ("Size at -Os, text as size(1) counts it", [
        ("size.libphx", "libphx", None),
        ("size.libphx_code", "of that: code", None),
        ("size.libcommunity", "libcommunity", None),
        ("size.libcommunity_code", "of that: code", None),
    ]),
]


def ratio(a, b):
    """Of each round, in which both were measured one after the other, and the median of those."""
    return lambda get: statistics.median(
        one / other for one, other in zip(get(a, list), get(b, list)))


def total(*figures):
    return lambda get: sum(get(figure) for figure in figures)


def one(figure):
    return lambda get: get(figure)


# Each: what, how to get it, "<=" or ">=", the limit, its unit. {t} is the transport that a client
# takes by itself. MB and kB are decimal, which is the stricter reading. The read loop, which does nothing
# but what the blaster does, may wait for it: that is the kernel's limit.
TARGETS = [
    ("0. The measurement", [
        ("least time in which the blaster waited for a client",
         lambda get: min(get(f"{client}.blaster_waited", min)
                         for client in ("client_{t}", "phoenix_js", "lws")),
         ">=", 10, "%"),
    ]),
    ("1. The whole client", [
        ("CPU of an event", one("client_{t}.cpu"), "<=", 2000, "ns"),
        ("phoenix.js's CPU in ours", ratio("phoenix_js.cpu", "client_{t}.cpu"), ">=", 6, "x"),
        ("events a second", one("client_{t}.rate"), ">=", 400000, "/s"),
        ("resident with 1,000 posts", lambda get: get("client_{t}.resident") * 1.024 / 1000, "<=",
         14, "MB"),
    ]),
    ("2. The SDK's own part", [
        ("frame in to callback out", one("own.event_in_burst"), "<=", 1200, "ns"),
        ("a page of 200 posts", one("page.whole"), "<=", 200, "us"),
        ("allocations of an event", one("allocations.event_in_burst"), "<=", 2, ""),
        ("heap growth in the endurance run", one("endurance.heap_growth"), "<=", 65536, "B"),
        ("resident growth in it", one("endurance.resident_growth"), "<=", 256, "kB"),
    ]),
    ("3. Scale", [
        ("an event at 1,000,000 posts to one at 1,000",
         ratio("feed.event_at_1000000", "feed.event_at_1000"), "<=", 2, "x"),
        ("a batch of one, the same", ratio("feed.batch_at_1000000", "feed.batch_at_1000"), "<=", 2,
         "x"),
        ("a snapshot, the same", ratio("feed.snapshot_at_1000000", "feed.snapshot_at_1000"), "<=",
         1.25, "x"),
        ("an event of 1,000 channels to one of one",
         ratio("channels.event_of_1000", "channels.event_of_1"), "<=", 1.5, "x"),
    ]),
    ("4. The connection", [
        ("connect to joined to bare libwebsockets", ratio("connect_{t}", "connect_{t}.bare_lws"),
         "<=", 1.1, "x"),
        ("wake-ups in two minutes beyond the heartbeats",
         lambda get: get("idle_{t}.wake_ups") - get("idle_{t}.heartbeats"), "<=", 0, ""),
        ("background to closed, the worst", one("background_{t}.closed_worst"), "<=", 50, "ms"),
    ]),
    ("5. Size", [
        ("text of both libraries", lambda get: total("size.libphx", "size.libcommunity")(get) / 1000,
         "<=", 150, "kB"),
        ("heap of an idle joined client", lambda get: get("heap_{t}.beyond") / 1000, "<=", 64,
         "kB"),
    ]),
]


def read(path):
    """The figures, and the reasons why some are missing."""
    figures = {}
    skipped = set()
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("{"):
                sample = json.loads(line)
                entry = figures.setdefault(sample["figure"], {
                    "unit": sample["unit"], "n": sample["n"], "samples": []})
                entry["samples"].append(sample["value"])
            elif line.startswith("skipped"):
                skipped.add(line.strip())
    for entry in figures.values():
        entry["median"] = statistics.median(entry["samples"])
    return figures, sorted(skipped)


def number(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def print_table(figures):
    for heading, rows in TABLE:
        present = [row for row in rows if row[0] in figures]
        if not present:
            continue
        print(f"\n{heading:58} {'median':>10} {'least':>10} {'most':>10}")
        for name, what, reference in present:
            entry = figures[name]
            line = (f"  {what:56} {number(entry['median']):>10} {number(min(entry['samples'])):>10}"
                    f" {number(max(entry['samples'])):>10} {entry['unit']:9}")
            if reference in figures and figures[reference]["median"] != 0:
                line += f"{entry['median'] / figures[reference]['median']:.2f} x"
            print(line.rstrip())


def judge(figures, transport):
    """Prints the verdicts; a target whose figures are missing is not met."""
    def get(name, choose=statistics.median):
        return choose(figures[name.format(t=transport)]["samples"])
    verdicts = []
    for heading, checks in TARGETS:
        print(f"\n{heading}")
        for what, value_of, relation, limit, unit in checks:
            try:
                value = value_of(get)
                is_met = value <= limit if relation == "<=" else value >= limit
                shown = number(value)
            except KeyError as missing:
                value, is_met, shown = None, False, f"no {missing}"
            verdict = "met" if is_met else "NOT MET"
            print(f"  {verdict:8} {what:48} {shown:>12} {unit:3} ({relation} {number(limit)})")
            verdicts.append({"target": heading, "what": what, "value": value, "unit": unit,
                             "relation": relation, "limit": limit, "is_met": is_met})
    return verdicts


def command(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.processor()


def main():
    samples, json_path, rounds = sys.argv[1:4]
    figures, skipped = read(samples)
    default = figures.get("client_curl.is_default", {"median": 0})["median"]
    transport = "curl" if default else "lws"
    about = {
        "date": command("date", "-u", "+%Y-%m-%d"),
        "commit": command("git", "describe", "--always", "--dirty"),
        "compiler": command("sh", "-c", "${CC:-cc} --version | head -n 1"),
        "processor": processor(),
        "node": command("node", "--version"),
        "rounds": int(rounds),
        "transport": transport,
    }
    print("  ".join(f"{key}: {value}" for key, value in about.items()))
    print_table(figures)
    verdicts = judge(figures, transport)
    for reason in skipped:
        print(reason)
    with open(json_path, "w", encoding="utf-8") as file:
        json.dump({**about, "figures": figures, "targets": verdicts, "skipped": skipped}, file,
                  indent=1)
        file.write("\n")
    missed = sum(not verdict["is_met"] for verdict in verdicts)
    print(f"\n{len(verdicts) - missed} met, {missed} not met")
    sys.exit(1 if missed else 0)


main()
