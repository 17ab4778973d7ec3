/* SPDX-License-Identifier: MIT */
/*
 * Posts of a made-up neighbourhood, cut to one length.
 */
#include "frames.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum {
    TOPIC_AT = 12,
    TOPIC_BYTES = 14,
    TOPIC_DIGITS = 4,
    ID_DIGITS = 12,
    MAX_BODY_BYTES = 1024
};

#define HEAD "[null,null,\"%s\",\"new_post\","
#define POST                                                                        \
    "{\"author\":{\"avatar_url\":\"https://example.com/avatars/%d.png\",\"id\":%d," \
    "\"name\":\"%s\"},\"body\":\"%s\",\"comments_count\":%d,"                       \
    "\"id\":\"905371b2-c6a3-488c-a60d-000000000000\","                              \
    "\"inserted_at\":\"2026-11-23T12:46:35Z\",\"liked_by_user_ids\":[%s],"          \
    "\"likes_count\":%d,\"updated_at\":\"2026-11-23T12:46:35Z\"}"

/* As JSON text. Every sentence is ASCII or whole characters, so a body may begin at any of them. */
static const char *const sentences[] = {
    "Grüße 👋 \\\"q\\\" \\\\ / \\n\\t ",
    "Who is coming to the run on Sunday? ",
    "We meet at nine at the north gate, and whoever is late finds us on the second lap. ",
    "Für den Kuchen fehlen noch Äpfel, Butter und jemand mit einem großen Ofen.\\n",
    "The lift is working again; thanks to everybody who carried things for the third floor. ",
    "日本語でもどうぞ。 ",
    "Found the bug: it was the clock. It is always the clock. ",
    "Please bring back the long ladder, it has been away for two weeks now and I miss it. ",
    "Lost: one grey cat, answers to \\\"Minute\\\", last seen behind the bicycle shed. ",
    "Der Schlüssel liegt beim Nachbarn im Erdgeschoss, bitte leise klingeln. ",
    "Minutes of the meeting: https://example.com/minutes/2026-11 (three pages, one drawing).\\n\\n",
    "There is soup left in the shared kitchen, and bread from this morning, help yourselves. ",
};

static const char *const names[] = {"Alice", "Bob", "Carla", "Dave", "Zoë", "Jürgen"};

/* Sentences from `first` on, cut or filled up to exactly `length` bytes of JSON text. */
static void fill_body(char *out, size_t length, size_t first)
{
    size_t used = 0;
    for (size_t i = first;; i++) {
        const char *sentence = sentences[i % (sizeof sentences / sizeof sentences[0])];
        size_t more = strlen(sentence);
        if (used + more > length) {
            break;
        }
        memcpy(out + used, sentence, more);
        used += more;
    }
    memset(out + used, '.', length - used);
    out[length] = '\0';
}

static int write_frame(char *out, size_t capacity, const char *topic, size_t kind, const char *body)
{
    static const char *const likers[] = {"", "2", "2,17", "5,2,17,1031"};
    static const int counts[] = {0, 1, 2, 4};
    int author = (int)(kind * 7 % 90 + 10);
    return snprintf(out, capacity, HEAD POST "]", topic, author, author,
                    names[kind % (sizeof names / sizeof names[0])], body, (int)(kind % 10),
                    likers[kind % 4], counts[kind % 4]);
}

void bench_frames_init(bench_frames *frames, const char *topic)
{
    bench_check(strlen(topic) == TOPIC_BYTES);
    for (size_t kind = 0; kind < BENCH_FRAME_KINDS; kind++) {
        char text[BENCH_FRAME_BYTES + 1];
        char body[MAX_BODY_BYTES] = "";
        int rest = write_frame(text, sizeof text, topic, kind, body);
        bench_check(rest > 0 && rest < BENCH_FRAME_BYTES);
        fill_body(body, (size_t)(BENCH_FRAME_BYTES - rest), kind);
        bench_check(write_frame(text, sizeof text, topic, kind, body) == BENCH_FRAME_BYTES);
        memcpy(frames->text[kind], text, BENCH_FRAME_BYTES);
        const char *id = strstr(text, "000000000000");
        bench_check(id != NULL);
        frames->id_at[kind] = (size_t)(id - text);
    }
}

/* Part of what is measured, and so without a division. */
const char *bench_frame(bench_frames *frames, uint64_t number)
{
    size_t kind = number % BENCH_FRAME_KINDS;
    char *text = frames->text[kind];
    char *digit = text + frames->id_at[kind] + ID_DIGITS;
    for (int i = 0; i < ID_DIGITS; i++) {
        *--digit = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
    return text;
}

const char *bench_frame_to(bench_frames *frames, uint64_t number, uint32_t channel)
{
    char *digit = frames->text[number % BENCH_FRAME_KINDS] + TOPIC_AT + TOPIC_BYTES;
    for (int i = 0; i < TOPIC_DIGITS; i++) {
        *--digit = (char)('0' + channel % 10);
        channel /= 10;
    }
    return bench_frame(frames, number);
}

const char *bench_frame_post(bench_frames *frames, uint64_t number, size_t *out_length)
{
    size_t head = sizeof HEAD - 1 - 2 + TOPIC_BYTES;
    *out_length = BENCH_FRAME_BYTES - head - 1;
    return bench_frame(frames, number) + head;
}

char *bench_page(bench_frames *frames, uint64_t first, uint32_t count, size_t *out_length)
{
    static const char head[] = "{\"data\":[";
    char *page = malloc(sizeof head + (size_t)count * BENCH_FRAME_BYTES + 2);
    bench_check(page != NULL);
    memcpy(page, head, sizeof head - 1);
    size_t used = sizeof head - 1;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = 0;
        const char *post = bench_frame_post(frames, first - i, &length);
        memcpy(page + used, post, length);
        used += length;
        page[used++] = i + 1 < count ? ',' : ']';
    }
    page[used++] = '}';
    page[used] = '\0';
    *out_length = used;
    return page;
}

/* Everything that a client sends here begins as ["JOIN_REF","REF","TOPIC","EVENT", with texts
 * that hold no comma; the reply takes over the first three. */
size_t bench_reply(const char *message, size_t length, char out[BENCH_MAX_REPLY_BYTES])
{
    static const char tail[] = "\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]";
    size_t commas = 0;
    size_t head = 0;
    size_t ref_at = 0;
    while (head < length && commas < 3) {
        commas += message[head++] == ',' ? 1 : 0;
        ref_at = commas == 1 && ref_at == 0 ? head : ref_at;
    }
    if (commas < 3 || message[ref_at] != '"' || head + sizeof tail > BENCH_MAX_REPLY_BYTES) {
        return 0;
    }
    memcpy(out, message, head);
    memcpy(out + head, tail, sizeof tail - 1);
    return head + sizeof tail - 1;
}
