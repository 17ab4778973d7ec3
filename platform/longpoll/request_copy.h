/* SPDX-License-Identifier: MIT */
/*
 * A copy of a phx_transport_request, for a transport that needs it after open() has returned. It
 * may hold tokens, so its memory is wiped.
 */
#ifndef PHXI_REQUEST_COPY_H
#define PHXI_REQUEST_COPY_H

#include <phx/transport.h>

typedef struct phxi_request_copy {
    phx_transport_request request; /* its texts are in the block */
    void *block;
    size_t block_bytes;
} phxi_request_copy;

/* PHX_ERROR_NO_MEMORY: `out` is empty. */
PHX_MUST_CHECK phx_status phxi_request_copy_init(const phx_allocator *allocator,
                                                 const phx_transport_request *request,
                                                 phxi_request_copy *out);
void phxi_request_copy_free(const phx_allocator *allocator, phxi_request_copy *copy);

#endif
