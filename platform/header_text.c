/* SPDX-License-Identifier: MIT */
/*
 * Checking header names and values.
 */
#include "header_text.h"

#include <string.h>

bool phxi_is_header_name(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (const char *c = name; *c != '\0'; c++) {
        bool is_alphanumeric =
            (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z');
        if (!is_alphanumeric && strchr(others, *c) == NULL) {
            return false;
        }
    }
    return name[0] != '\0';
}

bool phxi_is_header_value(const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}
