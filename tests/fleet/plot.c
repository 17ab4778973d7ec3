/* SPDX-License-Identifier: MIT */
/*
 * The plot, as SVG: a row for each scenario, attempts a second on a logarithmic axis to the left,
 * the share that is joined to the right. Colours are Okabe and Ito's, which colour-blind people
 * tell apart; lines differ in dashes and width too, since two of the policies nearly coincide.
 */
#include <inttypes.h>
#include <math.h>

#include "fleet.h"

enum {
    WIDTH = 1000,
    HEAD = 84,
    ROW = 208,
    PANEL_TOP = 30,
    PANEL_HEIGHT = 132,
    PANEL_WIDTH = 412,
    LEFT_X = 62,
    RIGHT_X = 562,
    BEFORE_S = 10, /* shown before the server goes away */
    EVENT_S = FLEET_EVENT_MS / 1000,
};

typedef struct axes {
    double x;
    double y;
    double seconds; /* of the axis, from -BEFORE_S */
    double decades; /* of the logarithmic axis */
} axes;

static const char style[] =
    "<style>\n"
    "svg{--paper:#fff;--ink:#1f2328;--dim:#59636e;--grid:#d1d9e0;"
    "--c0:#0072b2;--c1:#d55e00;--c2:#009e73}\n"
    "@media (prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#f0f6fc;--dim:#9198a1;"
    "--grid:#3d444d;--c0:#56b4e9;--c1:#e69f00;--c2:#2ec79a}}\n"
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#59636e;fill:var(--dim)}\n"
    ".t{font-size:14px;font-weight:600;fill:#1f2328;fill:var(--ink)}\n"
    ".h{font-size:18px;font-weight:600;fill:#1f2328;fill:var(--ink)}\n"
    ".e{text-anchor:end}.m{text-anchor:middle}\n"
    ".paper{fill:#fff;fill:var(--paper)}\n"
    ".g{stroke:#d1d9e0;stroke:var(--grid);fill:none}\n"
    ".k{stroke:#59636e;stroke:var(--dim);fill:none;stroke-dasharray:2 3}\n"
    ".c{fill:none;stroke-linejoin:round}\n"
    ".c0{stroke:#0072b2;stroke:var(--c0);stroke-width:2.6}\n"
    ".c1{stroke:#d55e00;stroke:var(--c1);stroke-width:1.8}\n"
    ".c2{stroke:#009e73;stroke:var(--c2);stroke-width:1.8;stroke-dasharray:6 4}\n"
    "</style>\n";

static double at_x(const axes *panel, double second)
{
    return panel->x + PANEL_WIDTH * (second + BEFORE_S) / panel->seconds;
}

/* share: 0 at the bottom, 1 at the top. */
static double at_y(const axes *panel, double share)
{
    return panel->y + PANEL_HEIGHT * (1.0 - share);
}

static double log_share(const axes *panel, double value)
{
    return value > 1.0 ? log10(value) / panel->decades : 0.0;
}

static void write_text(FILE *file, double x, double y, const char *class, const char *text)
{
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y, class, text);
}

static void write_line(FILE *file, const char *class, double x, double y, double to_x, double to_y)
{
    fprintf(file, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x, y, to_x, to_y);
}

static void write_time_axis(FILE *file, const axes *panel)
{
    int step = panel->seconds > 200 ? 60 : panel->seconds > 130 ? 30 : 20;
    for (int second = 0; second <= (int)panel->seconds - BEFORE_S; second += step) {
        char text[24];
        double x = at_x(panel, second);
        (void)snprintf(text, sizeof text, second == 0 ? "%d s" : "%d", second);
        write_line(file, "g", x, panel->y, x, panel->y + PANEL_HEIGHT);
        write_text(file, x, panel->y + PANEL_HEIGHT + 16, "m", text);
    }
}

static void write_level(FILE *file, const axes *panel, double share, const char *text)
{
    double y = at_y(panel, share);
    write_line(file, "g", panel->x, y, panel->x + PANEL_WIDTH, y);
    write_text(file, panel->x - 6, y + 4, "e", text);
}

static void write_attempts_axis(FILE *file, const axes *panel, uint32_t rate)
{
    static const char *const labels[] = {"1", "10", "100", "1,000", "10,000", "100,000", "1 M"};
    for (int i = 0; i <= (int)panel->decades; i++) {
        write_level(file, panel, i / panel->decades, labels[i]);
    }
    double y = at_y(panel, log_share(panel, rate));
    write_line(file, "k", panel->x, y, panel->x + PANEL_WIDTH, y);
    write_text(file, panel->x, panel->y - 6, "", "attempts a second");
}

static void write_joined_axis(FILE *file, const axes *panel)
{
    write_level(file, panel, 0.0, "0");
    write_level(file, panel, 0.5, "50 %");
    write_level(file, panel, 1.0, "100 %");
    write_text(file, panel->x, panel->y - 6, "", "joined");
}

static double share_of(const axes *panel, const fleet_result *result, uint32_t second,
                       uint32_t clients)
{
    /* The last second that was simulated was calm, and those after it would be. */
    const fleet_second *at =
        &result->second[second < result->seconds ? second : result->seconds - 1];
    return panel->decades > 0 ? log_share(panel, at->attempts) : (double)at->joined / clients;
}

static void write_curve(FILE *file, const axes *panel, uint32_t policy, const fleet_result *result,
                        uint32_t clients)
{
    fprintf(file, "<path class=\"c c%" PRIu32 "\" d=\"", policy);
    uint32_t first = EVENT_S - BEFORE_S;
    for (uint32_t i = first; i < first + (uint32_t)panel->seconds; i++) {
        /* Attempts belong to the second that they were counted in, shares to its end. */
        double second = (double)i - EVENT_S + (panel->decades > 0 ? 0.5 : 1.0);
        fprintf(file, "%c%.1f %.1f", i == first ? 'M' : 'L', at_x(panel, second),
                at_y(panel, share_of(panel, result, i, clients)));
    }
    fprintf(file, "\"/>\n");
}

/* Until all are back whatever the policy, to the next ten seconds. */
static double seconds_shown(const fleet_result *row)
{
    uint64_t latest_ms = 0;
    for (uint32_t k = 0; k < fleet_policy_count; k++) {
        uint64_t back_ms = row[k].back_all_ms;
        latest_ms = back_ms != UINT64_MAX && back_ms > latest_ms ? back_ms : latest_ms;
    }
    double seconds = ceil((double)latest_ms / 10000.0) * 10.0 + BEFORE_S;
    return seconds < FLEET_MAX_SECONDS - EVENT_S ? seconds : FLEET_MAX_SECONDS - EVENT_S;
}

static void write_row(FILE *file, const fleet_options *options, uint32_t scenario,
                      const fleet_result *row)
{
    double top = HEAD + (double)ROW * scenario;
    double seconds = seconds_shown(row);
    axes attempts = {LEFT_X, top + PANEL_TOP + 8, seconds, ceil(log10(options->clients) + 0.5)};
    axes joined = {RIGHT_X, top + PANEL_TOP + 8, seconds, 0};
    write_text(file, LEFT_X, top + 12, "t", fleet_scenarios[scenario].title);
    write_time_axis(file, &attempts);
    write_attempts_axis(file, &attempts, options->handshakes_per_second);
    write_time_axis(file, &joined);
    write_joined_axis(file, &joined);
    for (uint32_t k = fleet_policy_count; k-- > 0;) {
        /* Ours last, dashes over the line that they may hide. */
        uint32_t policy = k == 0 ? 0 : fleet_policy_count - k;
        write_curve(file, &attempts, policy, &row[policy], options->clients);
        write_curve(file, &joined, policy, &row[policy], options->clients);
    }
}

static void write_legend(FILE *file)
{
    for (uint32_t k = 0; k < fleet_policy_count; k++) {
        char class[16];
        double x = LEFT_X + 150.0 * k;
        (void)snprintf(class, sizeof class, "c c%" PRIu32, k);
        write_line(file, class, x, 58, x + 30, 58);
        write_text(file, x + 38, 62, "", fleet_policies[k].name);
    }
    double x = LEFT_X + 150.0 * fleet_policy_count + 30;
    write_line(file, "k", x, 58, x + 30, 58);
    write_text(file, x + 38, 62, "", "what the server can take");
}

void fleet_write_plot(FILE *file, const fleet_options *options, const fleet_result *results)
{
    uint32_t height = HEAD + ROW * fleet_scenario_count;
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %" PRIu32
            "\" width=\"%d\" height=\"%" PRIu32 "\" role=\"img\">\n"
            "<title>%" PRIu32 " clients reconnect</title>\n%s"
            "<rect class=\"paper\" width=\"%d\" height=\"%" PRIu32 "\"/>\n",
            WIDTH, height, WIDTH, height, options->clients, style, WIDTH, height);
    char head[120];
    (void)snprintf(head, sizeof head,
                   "%" PRIu32 " clients, a server that takes %" PRIu32 " handshakes a second",
                   options->clients, options->handshakes_per_second);
    write_text(file, LEFT_X, 32, "h", head);
    write_legend(file);
    for (uint32_t i = 0; i < fleet_scenario_count; i++) {
        write_row(file, options, i, &results[i * fleet_policy_count]);
    }
    fprintf(file, "</svg>\n");
}
