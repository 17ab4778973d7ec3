/* SPDX-License-Identifier: MIT */
/*
 * The close codes that libwebsockets hides. It overwrites 1012 (service restart), 1013 and 1014
 * with 1002 before it shows the frame to anybody; but 1012 is what Phoenix says to every client at
 * once at each deploy, and what tells a client not to come back in the same instant as all others.
 * What was read from the connection still lies in the buffer in which libwebsockets also composes
 * requests, and a request is shown to us for additions: so the buffer is known, and the frame can
 * be looked for. Only in the version whose arithmetic is known; everywhere else, and whenever the
 * frame is not found, the code stays 1002.
 */
#include "lws/connection.h"

#include <string.h>

enum {
    CLOSE_FRAME = 0x88,
    PROTOCOL_ERROR = 1002,
    FIRST_HIDDEN = 1012,
    LAST_HIDDEN = 1014,
    FRAME_HEAD_BYTES = 2,
    CODE_BYTES = 2,
    RESERVED_BYTES = 12, /* what libwebsockets keeps for itself at the buffer's end */
};

void phxi_close_code_learn(lws_transport *transport, char *end, size_t room)
{
#if LWS_LIBRARY_VERSION_MAJOR == 4 && LWS_LIBRARY_VERSION_MINOR == 1
    char *start = end + room + RESERVED_BYTES - PHXI_LWS_SERVICE_BYTES;
    if (transport->read_bytes == NULL && start < end && memcmp(start, "GET ", 4) == 0) {
        memset(end, 0, room); /* no byte of it is left over from other uses of the memory */
        transport->read_bytes = (uint8_t *)start;
    }
#else
    (void)transport;
    (void)end;
    (void)room;
#endif
}

int32_t phxi_close_code_find(lws_transport *transport, const uint8_t *payload, size_t length)
{
    int32_t shown = payload[0] << 8 | payload[1];
    if (shown != PROTOCOL_ERROR || transport->read_bytes == NULL) {
        return shown;
    }
    uint8_t *frame = transport->read_bytes;
    const uint8_t *last = frame + PHXI_LWS_SERVICE_BYTES - FRAME_HEAD_BYTES - length;
    for (; frame <= last; frame++) {
        int32_t code = frame[2] << 8 | frame[3];
        if (frame[0] == CLOSE_FRAME && frame[1] == length && code >= FIRST_HIDDEN &&
            code <= LAST_HIDDEN &&
            memcmp(frame + FRAME_HEAD_BYTES + CODE_BYTES, payload + CODE_BYTES,
                   length - CODE_BYTES) == 0) {
            frame[0] = 0; /* or a later 1002 of another connection would find it again */
            return code;
        }
    }
    return shown;
}
