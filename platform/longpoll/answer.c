/* SPDX-License-Identifier: MIT */
/*
 * Reading answer.h's object; members that it does not know are passed over.
 */
#include "longpoll/answer.h"

static void take_member(const phxi_json_token *key, const phxi_json_token *value, phx_slice raw,
                        phxi_longpoll_answer *out)
{
    int64_t number = 0;
    if (phxi_json_text_is(key, "status") && value->kind == PHXI_JSON_NUMBER &&
        phxi_json_int64(value, &number) && number >= 100 && number <= 999) {
        out->status = (int32_t)number;
    } else if (phxi_json_text_is(key, "token")) {
        out->token = *value;
    } else if (phxi_json_text_is(key, "messages") && value->kind == PHXI_JSON_ARRAY_BEGIN) {
        out->messages = raw;
    }
}

static bool read_object(phxi_json_reader *reader, phxi_longpoll_answer *out)
{
    phxi_json_token key;
    phxi_json_token value;
    if (phxi_json_next(reader, &key) != PHXI_JSON_OBJECT_BEGIN) {
        return false;
    }
    while (phxi_json_next(reader, &key) == PHXI_JSON_KEY) {
        phx_slice raw;
        (void)phxi_json_next(reader, &value);
        if (!phxi_json_skip(reader, &value, &raw)) {
            return false;
        }
        take_member(&key, &value, raw, out);
    }
    return key.kind == PHXI_JSON_OBJECT_END && phxi_json_next(reader, &key) == PHXI_JSON_END;
}

void phxi_longpoll_answer_read(const uint8_t *body, size_t length, phxi_longpoll_answer *out)
{
    phxi_json_reader reader;
    phxi_json_reader_init(&reader, body, length);
    *out = (phxi_longpoll_answer){.status = 0};
    if (!read_object(&reader, out)) {
        *out = (phxi_longpoll_answer){.status = 0};
    }
}
