/* SPDX-License-Identifier: MIT */
/*
 * Log lines: levels, cutting, no forged lines.
 */
#include "support/log.h"

#include "testing.h"

typedef struct recorder {
    phx_log port;
    int lines;
    phx_log_level level;
    char component[16];
    char message[2 * PHXI_LOG_MAX_BYTES];
} recorder;

static void record(void *user_data, phx_log_level level, const char *component, const char *message)
{
    recorder *log = user_data;
    log->lines++;
    log->level = level;
    assert_true(strlen(component) < sizeof log->component);
    assert_true(strlen(message) < sizeof log->message);
    strcpy(log->component, component);
    strcpy(log->message, message);
}

static void make_recorder(recorder *log, phx_log_level level)
{
    *log = (recorder){.port = {.struct_size = (uint32_t)sizeof log->port,
                               .user_data = log,
                               .level = level,
                               .write = record}};
}

static void levels_above_the_wanted_one_are_dropped(void **state)
{
    (void)state;
    for (phx_log_level wanted = 0; wanted <= PHX_LOG_DEBUG; wanted++) {
        phx_log_level effective = wanted == 0 ? PHX_LOG_WARNING : wanted;
        for (phx_log_level level = PHX_LOG_ERROR; level <= PHX_LOG_DEBUG; level++) {
            recorder log;
            make_recorder(&log, wanted);
            phxi_log(&log.port, level, "phx", "line");
            assert_int_equal(log.lines, level <= effective ? 1 : 0);
            assert_int_equal(phxi_log_is_on(&log.port, level), level <= effective);
        }
    }
}

static void no_log_is_no_line(void **state)
{
    (void)state;
    phx_log without_write = {.struct_size = (uint32_t)sizeof without_write, .level = PHX_LOG_DEBUG};
    assert_false(phxi_log_is_on(NULL, PHX_LOG_ERROR));
    assert_false(phxi_log_is_on(&without_write, PHX_LOG_ERROR));
    phxi_log(NULL, PHX_LOG_ERROR, "phx", "line");
    phxi_log(&without_write, PHX_LOG_ERROR, "phx", "line");
}

static void a_line_is_formatted(void **state)
{
    (void)state;
    recorder log;
    make_recorder(&log, PHX_LOG_INFO);
    phxi_log(&log.port, PHX_LOG_INFO, "phx", "joined %s in %d ms", "room:1", 12);
    assert_int_equal(log.level, PHX_LOG_INFO);
    assert_string_equal(log.component, "phx");
    assert_string_equal(log.message, "joined room:1 in 12 ms");
}

static void control_characters_do_not_forge_lines(void **state)
{
    (void)state;
    recorder log;
    make_recorder(&log, PHX_LOG_INFO);
    phxi_log(&log.port, PHX_LOG_INFO, "phx", "%s",
             "a\nERROR b\r\t\x1b[2J\x7f\xc2\x9b\xc2\xa0 Gr\xc3\xbc\xc3\x9f");
    assert_string_equal(log.message, "a?ERROR b???[2J???\xc2\xa0 Gr\xc3\xbc\xc3\x9f");
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    char text[3 * PHXI_LOG_MAX_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    recorder log;
    make_recorder(&log, PHX_LOG_INFO);
    phxi_log(&log.port, PHX_LOG_INFO, "phx", "%s", text);
    assert_int_equal(strlen(log.message), PHXI_LOG_MAX_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_above_the_wanted_one_are_dropped),
        cmocka_unit_test(no_log_is_no_line),
        cmocka_unit_test(a_line_is_formatted),
        cmocka_unit_test(control_characters_do_not_forge_lines),
        cmocka_unit_test(a_long_line_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
