/* SPDX-License-Identifier: MIT */
/*
 * Composing log lines.
 */
#include "support/log.h"

#include <stdarg.h>
#include <stdio.h>

bool phxi_log_is_on(const phx_log *log, phx_log_level level)
{
    if (log == NULL || log->write == NULL) {
        return false;
    }
    return level <= (log->level == 0 ? PHX_LOG_WARNING : log->level);
}

/* C0, DEL, and C1, which is two bytes in UTF-8 and which terminals obey too. */
static void disarm_control_characters(char *line)
{
    for (; *line != '\0'; line++) {
        unsigned char byte = (unsigned char)line[0];
        unsigned char next = (unsigned char)line[1];
        if (byte < 0x20 || byte == 0x7f) {
            line[0] = '?';
        } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {
            line[0] = '?';
            line[1] = '?';
        }
    }
}

void phxi_log(const phx_log *log, phx_log_level level, const char *component, const char *format,
              ...)
{
    if (!phxi_log_is_on(log, level)) {
        return;
    }
    char line[PHXI_LOG_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return;
    }
    disarm_control_characters(line);
    log->write(log->user_data, level, component, line);
}
