/* SPDX-License-Identifier: MIT */
/*
 * The queue of lines.h.
 */
#include "longpoll/lines.h"

#include "support/alloc.h"
#include "wire/base64.h"

/* Half of what Phoenix reads of a request's body; a longer line goes alone. */
enum {
    MAX_BATCH_BYTES = 4000000
};

typedef struct phxi_line {
    struct phxi_line *next;
    size_t payload_bytes;
    phxi_buffer text;
} phxi_line;

void phxi_lines_init(phxi_lines *lines, const phx_allocator *allocator, size_t max_bytes)
{
    *lines = (phxi_lines){.allocator = allocator, .max_bytes = max_bytes};
}

static void free_first(phxi_lines *lines)
{
    phxi_line *line = lines->first;
    lines->first = line->next;
    lines->last = line->next != NULL ? lines->last : NULL;
    lines->bytes -= line->text.length;
    phxi_buffer_free(&line->text);
    phxi_free(lines->allocator, line);
}

void phxi_lines_free(phxi_lines *lines)
{
    while (lines->first != NULL) {
        free_first(lines);
    }
}

/* In valid JSON a raw line break is white space only, and would cut the line in two. */
static void join_lines(phxi_buffer *text)
{
    for (size_t i = 0; i < text->length; i++) {
        if (text->data[i] == '\n' || text->data[i] == '\r') {
            text->data[i] = ' ';
        }
    }
}

static phx_status fill(phxi_line *line, phx_frame_kind kind, const uint8_t *data, size_t length)
{
    if (kind == PHX_FRAME_BINARY) {
        return phxi_base64_append(&line->text, data, length, true);
    }
    phx_status status = phxi_buffer_append(&line->text, data, length);
    join_lines(&line->text);
    return status;
}

phx_status phxi_lines_add(phxi_lines *lines, phx_frame_kind kind, const uint8_t *data,
                          size_t length)
{
    phxi_line *line = phxi_alloc_zero(lines->allocator, sizeof *line);
    if (line == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    phxi_buffer_init(&line->text, lines->allocator, lines->max_bytes - lines->bytes);
    line->text.is_secret = true;
    line->payload_bytes = length;
    phx_status status = fill(line, kind, data, length);
    if (status != PHX_OK) {
        phxi_buffer_free(&line->text);
        phxi_free(lines->allocator, line);
        return status == PHX_ERROR_TOO_LARGE ? PHX_ERROR_QUEUE_FULL : status;
    }
    if (lines->last != NULL) {
        lines->last->next = line;
    } else {
        lines->first = line;
    }
    lines->last = line;
    lines->bytes += line->text.length;
    return PHX_OK;
}

/* How many lines the next batch has, and how many bytes with the newlines between. */
static size_t measure(const phxi_lines *lines, size_t *out_bytes)
{
    size_t count = 0;
    *out_bytes = 0;
    for (const phxi_line *line = lines->first; line != NULL && count < PHXI_LONGPOLL_BATCH_LINES;
         line = line->next) {
        size_t more = line->text.length + (count > 0 ? 1 : 0);
        if (count > 0 && *out_bytes + more > MAX_BATCH_BYTES) {
            break;
        }
        *out_bytes += more;
        count++;
    }
    return count;
}

phx_status phxi_lines_take(phxi_lines *lines, phxi_buffer *out, size_t *out_payload_bytes)
{
    size_t bytes = 0;
    size_t count = measure(lines, &bytes);
    *out_payload_bytes = 0;
    phx_status status = phxi_buffer_reserve(out, bytes);
    for (size_t i = 0; i < count && status == PHX_OK; i++) {
        const phxi_buffer *text = &lines->first->text;
        if (i > 0) {
            status = phxi_buffer_append_byte(out, '\n');
        }
        if (status == PHX_OK) {
            status = phxi_buffer_append(out, text->data, text->length);
        }
        *out_payload_bytes += lines->first->payload_bytes;
        free_first(lines);
    }
    return status;
}
