/* SPDX-License-Identifier: MIT */
/*
 * Message references: decimal texts, one counter a socket as in phoenix.js.
 */
#include "phx/types.h"

uint64_t phxi_ref_next(phxi_engine *engine)
{
    uint64_t ref = engine->next_ref;
    engine->next_ref = ref == UINT64_MAX ? 1 : ref + 1;
    return ref;
}

phx_slice phxi_ref_text(uint64_t ref, char text[24])
{
    size_t start = 24;
    do {
        text[--start] = (char)('0' + ref % 10);
        ref /= 10;
    } while (ref != 0);
    return (phx_slice){text + start, 24 - start};
}

uint64_t phxi_ref_parse(phx_slice text)
{
    uint64_t ref = 0;
    if (text.length == 0 || text.length > 20 || text.data[0] == '0') {
        return 0;
    }
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (digit > 9 || ref > (UINT64_MAX - digit) / 10) {
            return 0;
        }
        ref = ref * 10 + digit;
    }
    return ref;
}
