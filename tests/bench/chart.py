#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the chart of the README: chart.py BENCH_JSON > CHART_SVG"""
import json
import sys
from html import escape

WIDTH = 790
LABEL_WIDTH = 330
BAR_WIDTH = 360
ROW = 26
BAR = 16
TITLE = 30
GAP = 18
# Readable on white and on black.
TEXT = "#7d8590"
OURS = "#2f81f7"
THEIRS = "#9a7b4f"
FLOOR = "#6e7681"

# A panel: its title, what a figure is divided by, its unit, its rows: figure, label, colour.
PANELS = [
    ("CPU of one event (918 bytes), the whole client over loopback", 1000, "µs", [
        ("phoenix_js.cpu", "phoenix.js on Node, dedup and prepend", THEIRS),
        ("client_lws.cpu", "community_client on libwebsockets", OURS),
        ("lws.cpu", "bare libwebsockets, counts only", THEIRS),
        ("client_curl.cpu", "community_client on libcurl", OURS),
        ("read_loop.cpu", "a loop of read(2), looks at nothing", FLOOR),
    ]),
    ("CPU of one event, without the network", 1000, "µs", [
        ("own.event_in_burst", "libphx and libcommunity, frame to callback", OURS),
        ("cjson.frame", "cJSON, parses the frame and no more", THEIRS),
    ]),
    ("Resident memory, feed full", 1000 / 1.024, "MB", [
        ("phoenix_js.resident", "phoenix.js on Node, 500 posts", THEIRS),
        ("client_lws.resident", "community_client on libwebsockets, 1,000 posts", OURS),
        ("client_curl.resident", "community_client on libcurl, 1,000 posts", OURS),
    ]),
]


def text(x, y, content, attributes=""):
    return f'<text x="{x}" y="{y}" fill="{TEXT}" {attributes}>{escape(content)}</text>'


def row(y, label, colour, value, largest, unit):
    width = max(1, round(BAR_WIDTH * value / largest))
    middle = y + BAR - 4
    return [
        text(LABEL_WIDTH - 8, middle, label, 'text-anchor="end"'),
        f'<rect x="{LABEL_WIDTH}" y="{y}" width="{width}" height="{BAR}" rx="2" fill="{colour}"/>',
        text(LABEL_WIDTH + width + 6, middle, f"{value:.3g} {unit}"),
    ]


def panel(y, figures, title, divisor, unit, rows):
    values = [(label, colour, figures[name]["median"] / divisor)
              for name, label, colour in rows if name in figures]
    parts = [text(0, y + 14, title, 'font-weight="600"')]
    y += TITLE
    largest = max(value for _, _, value in values)
    for label, colour, value in values:
        parts += row(y, label, colour, value, largest, unit)
        y += ROW
    return parts, y + GAP


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        bench = json.load(file)
    parts = []
    y = 4
    for title, divisor, unit, rows in PANELS:
        more, y = panel(y, bench["figures"], title, divisor, unit, rows)
        parts += more
    about = f"{bench['processor']}; medians of {bench['rounds']} runs side by side; {bench['date']}"
    parts.append(text(0, y + 4, about, 'font-size="11"'))
    y += 14
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
          f'viewBox="0 0 {WIDTH} {y}" font-family="system-ui, sans-serif" font-size="13">')
    print("<title>phx beside its peers</title>")
    print("\n".join(parts))
    print("</svg>")


main()
