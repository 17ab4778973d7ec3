/* SPDX-License-Identifier: MIT */
/*
 * Reads the command line with getopt_long, then the environment; see options.h.
 */
#include "options.h"

#include "help.h"

#include <phx/phx.h>

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_code {
    OPTION_URL = 1000,
    OPTION_API,
    OPTION_KEYCHAIN,
    OPTION_CA,
    OPTION_TRANSPORT,
    OPTION_FOR,
    OPTION_LIMIT,
    OPTION_HEARTBEAT,
    OPTION_ALLOW_INSECURE,
    OPTION_JSON,
    OPTION_DELETE,
    OPTION_RECORD,
    OPTION_FROM,
    OPTION_TO,
    OPTION_VERBOSE,
    OPTION_VERSION,
    OPTION_HELP = 'h',
};

static const struct option known[] = {
    {"url", required_argument, NULL, OPTION_URL},
    {"api", required_argument, NULL, OPTION_API},
    {"keychain", required_argument, NULL, OPTION_KEYCHAIN},
    {"ca", required_argument, NULL, OPTION_CA},
    {"transport", required_argument, NULL, OPTION_TRANSPORT},
    {"for", required_argument, NULL, OPTION_FOR},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"heartbeat", required_argument, NULL, OPTION_HEARTBEAT},
    {"allow-insecure", no_argument, NULL, OPTION_ALLOW_INSECURE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"delete", no_argument, NULL, OPTION_DELETE},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

__attribute__((format(printf, 1, 2))) static bool misused(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("community: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\n  Try: community --help\n", stderr);
    va_end(arguments);
    return false;
}

static bool read_number(const char *name, const char *text, double largest, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !(*out > 0) || *out > largest) {
        return misused("--%s takes a number above 0 and up to %.0f, not \"%s\"", name, largest,
                       text);
    }
    return true;
}

static bool take_whole(const char *name, const char *text, uint32_t *out)
{
    double number;
    if (!read_number(name, text, 1000000000, &number)) {
        return false;
    }
    *out = (uint32_t)number;
    return *out == number || misused("--%s takes a whole number, not \"%s\"", name, text);
}

static bool take_seconds(const char *name, const char *text, double largest, uint32_t *out_ms)
{
    double number;
    if (!read_number(name, text, largest, &number)) {
        return false;
    }
    *out_ms = number < 0.001 ? 1 : (uint32_t)(number * 1000);
    return true;
}

static bool take_transport(struct options *out, const char *text)
{
    static const char *const names[] = {"auto", "lws", "curl"}; /* as phx_transport_kind counts */
    char name[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            out->transport = (phx_transport_kind)i;
            phx_platform_transport_name(out->transport, name, sizeof name);
            return i == 0 || strcmp(name, "none") != 0 ||
                   misused("this program was built without --transport %s", text);
        }
    }
    return misused("--transport takes auto, lws or curl, not \"%s\"", text);
}

/* And what it is that takes the messages: which library, in which version, is half of most bugs. */
static int print_version(void)
{
    char name[64];
    phx_platform_transport_name(phx_platform_transport_kind(NULL), name, sizeof name);
    return printf("community %s (%s)\n", phx_version(), name) < 0 ? EXIT_LOCAL : EXIT_OK;
}

static bool take_option(struct options *out, int code, const char *text, unsigned *takes)
{
    switch (code) {
    case OPTION_URL:
        out->url = text;
        return true;
    case OPTION_API:
        out->api = text;
        return true;
    case OPTION_KEYCHAIN:
        out->keychain = text;
        return true;
    case OPTION_CA:
        out->ca = text;
        return true;
    case OPTION_TRANSPORT:
        return take_transport(out, text);
    case OPTION_FOR:
        *takes |= TAKES_FOR;
        return take_seconds("for", text, 4000000, &out->for_ms);
    case OPTION_LIMIT:
        *takes |= TAKES_LIMIT;
        return take_whole("limit", text, &out->limit);
    case OPTION_FROM:
        *takes |= TAKES_FROM;
        return take_whole("from", text, &out->from);
    case OPTION_TO:
        *takes |= TAKES_TO;
        return take_whole("to", text, &out->to);
    case OPTION_RECORD:
        *takes |= TAKES_RECORD;
        out->record = text;
        return true;
    case OPTION_HEARTBEAT:
        *takes |= TAKES_HEARTBEAT;
        return take_seconds("heartbeat", text, 4000, &out->heartbeat_ms);
    case OPTION_JSON:
        *takes |= TAKES_JSON;
        out->is_json = true;
        return true;
    case OPTION_DELETE:
        *takes |= TAKES_DELETE;
        out->is_delete = true;
        return true;
    case OPTION_ALLOW_INSECURE:
        out->allow_insecure = true;
        return true;
    case OPTION_VERBOSE:
        out->is_verbose = true;
        return true;
    default:
        return false;
    }
}

/* What getopt_long did not take, and why. `word` is the last that it read; what stands behind its
 * "=" may be a secret. */
static bool refuse_option(int code, const char *word)
{
    const int length = (int)strcspn(word, "=");
    if (code == ':') {
        return misused("%.*s takes a value", length, word);
    }
    if (optopt == 0) {
        return misused("there is no option %.*s", length, word);
    }
    if (optopt == OPTION_HELP || optopt >= OPTION_URL) {
        return misused("%.*s takes no value", length, word);
    }
    return misused("there is no option -%c", optopt);
}

static const struct command *find_command(const struct command *commands, const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

static void take_environment(struct options *out)
{
    const struct {
        const char *name;
        const char **value;
    } variables[] = {
        {"COMMUNITY_URL", &out->url},
        {"COMMUNITY_API", &out->api},
        {"COMMUNITY_KEYCHAIN", &out->keychain},
    };
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i].name);
        if (*variables[i].value == NULL && value != NULL && value[0] != '\0') {
            *variables[i].value = value;
        }
    }
}

static bool check_needs(const struct options *options)
{
    unsigned needs = options->command->needs;
    const char *name = options->command->name;
    if ((needs & NEED_URL) != 0 && options->url == NULL) {
        return misused("%s needs --url wss://HOST/community, or COMMUNITY_URL", name);
    }
    if ((needs & NEED_API) != 0 && options->api == NULL) {
        return misused("%s needs --api https://HOST/api/community, or COMMUNITY_API", name);
    }
    if ((needs & NEED_KEYCHAIN) != 0 && options->keychain == NULL) {
        return misused("%s needs to know where the token is: --keychain env:VARIABLE or file:PATH, "
                       "or COMMUNITY_KEYCHAIN",
                       name);
    }
    return true;
}

static bool check(const struct options *options, unsigned takes)
{
    static const char *const names[] = {"json",   "for",  "limit", "delete",
                                        "record", "from", "to",    "heartbeat"};
    const struct command *command = options->command;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((takes & ~command->takes & 1u << i) != 0) {
            return misused("%s does not take --%s", command->name, names[i]);
        }
    }
    if (options->argument_count != command->arguments) {
        return misused("usage: community %s %s", command->name, command->synopsis);
    }
    return check_needs(options);
}

bool options_read(struct options *out, const struct command *commands, int argc, char **argv,
                  int *out_exit)
{
    memset(out, 0, sizeof *out);
    *out_exit = EXIT_USAGE;
    unsigned takes = 0;
    int code;
    while ((code = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return refuse_option(code, argv[optind - 1]);
        }
        if (code == OPTION_HELP) {
            *out_exit = help_print(commands);
            return false;
        }
        if (code == OPTION_VERSION) {
            *out_exit = print_version();
            return false;
        }
        if (!take_option(out, code, optarg, &takes)) {
            return false;
        }
    }
    if (optind >= argc) {
        return misused("which command?");
    }
    const char *name = argv[optind];
    out->arguments = argv + optind + 1;
    out->argument_count = argc - optind - 1;
    if (strcmp(name, "help") == 0) {
        *out_exit = help_print(commands);
        return false;
    }
    out->command = find_command(commands, name);
    if (out->command == NULL) {
        return misused("there is no command \"%s\"", name);
    }
    take_environment(out);
    return check(out, takes);
}
