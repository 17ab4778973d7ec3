/* SPDX-License-Identifier: MIT */
/*
 * The envelope as JSON text: serializer 2.0.0's array of five, and 1.0.0's object. Both gather the
 * same tokens first and make the envelope of them in one step, so that the scratch buffer is sized
 * once and the slices into it stay.
 */
#include "wire/envelope.h"

#include <string.h>

#include "wire/json.h"
#include "wire/json_reader.h"

enum {
    TEXT_JOIN_REF,
    TEXT_REF,
    TEXT_TOPIC,
    TEXT_EVENT,
    TEXT_STATUS,
    TEXT_COUNT
};

typedef struct message_parts {
    phxi_json_token texts[TEXT_COUNT]; /* kind NULL or ERROR: absent */
    phx_slice payload;
} message_parts;

static const char not_json[] = "not JSON";

static bool is_ref(const phxi_json_token *token)
{
    return token->kind == PHXI_JSON_STRING || token->kind == PHXI_JSON_NUMBER ||
           token->kind == PHXI_JSON_NULL;
}

/* The readers below return the reason why the message is malformed; NULL: it is not. */

static const char *check_texts(const message_parts *message)
{
    if (!is_ref(&message->texts[TEXT_JOIN_REF]) || !is_ref(&message->texts[TEXT_REF])) {
        return "join_ref or ref is neither text, number nor null";
    }
    if (message->texts[TEXT_TOPIC].kind != PHXI_JSON_STRING) {
        return "the topic is not a text";
    }
    if (message->texts[TEXT_EVENT].kind != PHXI_JSON_STRING) {
        return "the event is not a text";
    }
    return NULL;
}

/* One element of the array that has to be a single token. */
static const char *read_element(phxi_json_reader *reader, phxi_json_token *token)
{
    switch (phxi_json_next(reader, token)) {
    case PHXI_JSON_ERROR:
        return not_json;
    case PHXI_JSON_ARRAY_END:
        return "the array has fewer than five elements";
    default:
        return NULL;
    }
}

static const char *read_end(phxi_json_reader *reader)
{
    phxi_json_token token;
    return phxi_json_next(reader, &token) == PHXI_JSON_END ? NULL : not_json;
}

static const char *read_array(phxi_json_reader *reader, message_parts *message)
{
    phxi_json_token token;
    const char *fault = NULL;
    for (int i = TEXT_JOIN_REF; i <= TEXT_EVENT && fault == NULL; i++) {
        fault = read_element(reader, &message->texts[i]);
        if (fault == NULL && message->texts[i].kind < PHXI_JSON_STRING) {
            fault = "an array or object stands where a ref, topic or event should";
        }
    }
    if (fault == NULL) {
        fault = read_element(reader, &token);
    }
    if (fault == NULL && !phxi_json_skip(reader, &token, &message->payload)) {
        fault = not_json;
    }
    if (fault == NULL && phxi_json_next(reader, &token) != PHXI_JSON_ARRAY_END) {
        fault = token.kind == PHXI_JSON_ERROR ? not_json : "the array has more than five elements";
    }
    return fault == NULL ? read_end(reader) : fault;
}

/* The token of the member that `key` names; NULL: the payload, or one that we do not know. */
static phxi_json_token *text_named(message_parts *message, const phxi_json_token *key)
{
    static const char *const names[] = {
        [TEXT_JOIN_REF] = "join_ref",
        [TEXT_REF] = "ref",
        [TEXT_TOPIC] = "topic",
        [TEXT_EVENT] = "event",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (phxi_json_text_is(key, names[i])) {
            return &message->texts[i];
        }
    }
    return NULL;
}

static const char *read_object(phxi_json_reader *reader, message_parts *message)
{
    phxi_json_token key;
    while (phxi_json_next(reader, &key) == PHXI_JSON_KEY) {
        phxi_json_token value;
        phx_slice raw;
        (void)phxi_json_next(reader, &value);
        if (!phxi_json_skip(reader, &value, &raw)) {
            return not_json;
        }
        phxi_json_token *text = text_named(message, &key);
        if (text != NULL) {
            *text = value;
        } else if (phxi_json_text_is(&key, "payload")) {
            message->payload = raw;
        }
    }
    if (key.kind != PHXI_JSON_OBJECT_END) {
        return not_json;
    }
    return message->payload.data == NULL ? "the payload is missing" : read_end(reader);
}

/* Takes status and response out of a reply's payload, which is known to be JSON. */
static const char *read_reply(message_parts *message)
{
    phxi_json_reader reader;
    phxi_json_token token;
    phx_slice payload = message->payload;
    message->payload = (phx_slice){"null", 4};
    phxi_json_reader_init_checked(&reader, payload.data, payload.length);
    if (phxi_json_next(&reader, &token) != PHXI_JSON_OBJECT_BEGIN) {
        return "a reply's payload is not an object";
    }
    while (phxi_json_next(&reader, &token) == PHXI_JSON_KEY) {
        bool is_status = phxi_json_text_is(&token, "status");
        bool is_response = phxi_json_text_is(&token, "response");
        phx_slice raw;
        if (is_status) {
            (void)phxi_json_next(&reader, &message->texts[TEXT_STATUS]);
            token = message->texts[TEXT_STATUS];
        }
        (void)phxi_json_skip(&reader, &token, &raw);
        if (is_response) {
            message->payload = raw;
        }
    }
    return message->texts[TEXT_STATUS].kind == PHXI_JSON_STRING ? NULL
                                                                : "a reply's status is not a text";
}

static phx_slice text_of(const phxi_json_token *token, phxi_buffer *scratch)
{
    if (token->kind != PHXI_JSON_STRING && token->kind != PHXI_JSON_NUMBER) {
        return (phx_slice){0};
    }
    if (!token->has_escapes) {
        return token->text;
    }
    char *start = (char *)scratch->data + scratch->length;
    size_t length = phxi_json_unescape(token, start);
    scratch->length += length;
    return (phx_slice){start, length};
}

static phx_status make_envelope(const message_parts *message, phxi_buffer *scratch,
                                phxi_envelope *out)
{
    size_t escaped = 0;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        escaped += message->texts[i].has_escapes ? message->texts[i].text.length : 0;
    }
    phx_status status = phxi_buffer_reserve(scratch, escaped);
    if (status != PHX_OK) {
        return status;
    }
    *out = (phxi_envelope){
        .join_ref = text_of(&message->texts[TEXT_JOIN_REF], scratch),
        .ref = text_of(&message->texts[TEXT_REF], scratch),
        .topic = text_of(&message->texts[TEXT_TOPIC], scratch),
        .event = text_of(&message->texts[TEXT_EVENT], scratch),
        .status = text_of(&message->texts[TEXT_STATUS], scratch),
        .is_reply = message->texts[TEXT_STATUS].kind == PHXI_JSON_STRING,
        .payload = message->payload,
    };
    return PHX_OK;
}

static phx_status finish(message_parts *message, const char *fault, phxi_buffer *scratch,
                         phxi_envelope *out, const char **out_reason)
{
    if (fault == NULL) {
        fault = check_texts(message);
    }
    if (fault == NULL && phxi_json_text_is(&message->texts[TEXT_EVENT], "phx_reply")) {
        fault = read_reply(message);
    }
    *out_reason = fault;
    return fault == NULL ? make_envelope(message, scratch, out) : PHX_ERROR_MALFORMED_FRAME;
}

static void begin(const void *data, size_t length, phxi_json_reader *reader, phxi_buffer *scratch,
                  phxi_envelope *out)
{
    *out = (phxi_envelope){0};
    scratch->length = 0;
    phxi_json_reader_init(reader, data, length);
}

phx_status phxi_envelope_decode_text(const void *data, size_t length, phxi_buffer *scratch,
                                     phxi_envelope *out, const char **out_reason)
{
    message_parts message = {0};
    phxi_json_reader reader;
    phxi_json_token token;
    begin(data, length, &reader, scratch, out);
    phxi_json_kind kind = phxi_json_next(&reader, &token);
    const char *fault = kind == PHXI_JSON_ARRAY_BEGIN ? read_array(&reader, &message)
                        : kind == PHXI_JSON_ERROR     ? not_json
                                                      : "not an array";
    return finish(&message, fault, scratch, out, out_reason);
}

phx_status phxi_envelope_decode_v1(const void *data, size_t length, phxi_buffer *scratch,
                                   phxi_envelope *out, const char **out_reason)
{
    /* Refs may be missing: a 1.0.0 server sends no join_ref. */
    message_parts message = {.texts[TEXT_JOIN_REF].kind = PHXI_JSON_NULL,
                             .texts[TEXT_REF].kind = PHXI_JSON_NULL};
    phxi_json_reader reader;
    phxi_json_token token;
    begin(data, length, &reader, scratch, out);
    phxi_json_kind kind = phxi_json_next(&reader, &token);
    const char *fault = kind == PHXI_JSON_OBJECT_BEGIN ? read_object(&reader, &message)
                        : kind == PHXI_JSON_ERROR      ? not_json
                                                       : "not an object";
    return finish(&message, fault, scratch, out, out_reason);
}

static phx_status append_element(phxi_buffer *out, const phx_slice *text)
{
    phx_status status = text->data == NULL ? phxi_buffer_append_text(out, "null")
                                           : phxi_json_append_string(out, text->data, text->length);
    return status == PHX_OK ? phxi_buffer_append_byte(out, ',') : status;
}

phx_status phxi_envelope_encode_text(const phxi_envelope *envelope, phxi_buffer *out)
{
    const phx_slice *const texts[] = {&envelope->join_ref, &envelope->ref, &envelope->topic,
                                      &envelope->event};
    size_t start = out->length;
    phx_status status = phxi_buffer_append_byte(out, '[');
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == PHX_OK; i++) {
        status = append_element(out, texts[i]);
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append(out, envelope->payload.data, envelope->payload.length);
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append_byte(out, ']');
    }
    if (status != PHX_OK) {
        out->length = start;
    }
    return status;
}
