/* SPDX-License-Identifier: MIT */
/*
 * The list that an app holds on any thread. It outlives the client, so it knows how it is freed.
 */
#include "community/outbox_list.h"

#include <stdatomic.h>
#include <string.h>

#include "support/alloc.h"

struct community_outbox {
    atomic_size_t references;
    phx_allocator allocator;
    size_t count;
    community_outbox_item items[]; /* the texts follow */
};

_Static_assert((int)COMMUNITYI_CALL_CREATE_POST == COMMUNITY_WRITE_CREATE_POST &&
                   (int)COMMUNITYI_CALL_EDIT_POST == COMMUNITY_WRITE_EDIT_POST &&
                   (int)COMMUNITYI_CALL_DELETE_POST == COMMUNITY_WRITE_DELETE_POST &&
                   (int)COMMUNITYI_CALL_TOGGLE_LIKE == COMMUNITY_WRITE_TOGGLE_LIKE &&
                   (int)COMMUNITYI_CALL_CREATE_COMMENT == COMMUNITY_WRITE_CREATE_COMMENT &&
                   (int)COMMUNITYI_CALL_DELETE_COMMENT == COMMUNITY_WRITE_DELETE_COMMENT,
               "an app sees a call's kind as it is");

static phx_slice or_empty(phx_slice text)
{
    return text.data == NULL ? (phx_slice){"", 0} : text;
}

community_outbox_item communityi_outbox_show(const communityi_outbox_item *item)
{
    return (community_outbox_item){
        .struct_size = (uint32_t)sizeof(community_outbox_item),
        .kind = (community_write_kind)item->call->kind,
        .id = item->id,
        .state = item->state,
        .outcome = item->outcome,
        .post_id = or_empty(item->call->post_id),
        .comment_id = or_empty(item->call->comment_id),
        .body = or_empty(item->call->text),
        .created_at_ms = item->created_at_ms,
        .status = item->status,
        .reason = {item->reason, strlen(item->reason)},
    };
}

/* What was told of its outcome and is here still has failed. */
static bool is_shown(const communityi_outbox_item *item)
{
    return item->outcome == COMMUNITY_OUTCOME_NONE || item->is_told;
}

static size_t text_bytes(const community_outbox_item *item)
{
    return item->post_id.length + item->comment_id.length + item->body.length +
           item->reason.length + 4;
}

static void copy_text(phx_slice *text, char **at)
{
    memcpy(*at, text->data, text->length);
    text->data = *at;
    (*at)[text->length] = '\0';
    *at += text->length + 1;
}

static void copy_item(community_outbox_item *item, char **at)
{
    copy_text(&item->post_id, at);
    copy_text(&item->comment_id, at);
    copy_text(&item->body, at);
    copy_text(&item->reason, at);
}

const community_outbox *communityi_outbox_list_new(const phx_allocator *allocator,
                                                   const communityi_outbox *outbox)
{
    size_t bytes = sizeof(community_outbox);
    for (const communityi_outbox_item *each = outbox->first; each != NULL; each = each->next) {
        const community_outbox_item shown = communityi_outbox_show(each);
        bytes += is_shown(each) ? sizeof shown + text_bytes(&shown) : 0;
    }
    community_outbox *list = phxi_alloc(allocator, bytes);
    if (list == NULL) {
        return NULL;
    }
    atomic_init(&list->references, 1);
    list->allocator = *allocator;
    list->count = 0;
    for (const communityi_outbox_item *each = outbox->first; each != NULL; each = each->next) {
        if (is_shown(each)) {
            list->items[list->count++] = communityi_outbox_show(each);
        }
    }
    char *at = (char *)&list->items[list->count];
    for (size_t i = 0; i < list->count; i++) {
        copy_item(&list->items[i], &at);
    }
    return list;
}

size_t community_outbox_count(const community_outbox *outbox)
{
    return outbox->count;
}

const community_outbox_item *community_outbox_item_at(const community_outbox *outbox, size_t index)
{
    return index < outbox->count ? &outbox->items[index] : NULL;
}

/* Only the references of a list change. */
static community_outbox *mutable_of(const community_outbox *outbox)
{
    return (community_outbox *)(uintptr_t)outbox;
}

const community_outbox *community_outbox_retain(const community_outbox *outbox)
{
    atomic_fetch_add_explicit(&mutable_of(outbox)->references, 1, memory_order_relaxed);
    return outbox;
}

void community_outbox_release(const community_outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    community_outbox *block = mutable_of(outbox);
    if (atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) == 1) {
        const phx_allocator allocator = block->allocator;
        phxi_free(&allocator, block);
    }
}
