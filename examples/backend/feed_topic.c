/* SPDX-License-Identifier: MIT */
/*
 * Topic community:feed: members may join it, it pushes the feed's events, and takes no messages.
 */
#include "topics.h"

#include "json.h"

static enum join_outcome join(const struct socket *socket, struct slice topic,
                              const struct message *message, struct bytes *response)
{
    (void)message;
    if (!slice_is(topic, "community:feed")) {
        bytes_text(response, "{\"reason\":\"unknown_topic\"}");
        return JOIN_REFUSED;
    }
    if (!socket->user->is_member) {
        bytes_text(response, "{\"reason\":\"not_a_member\"}");
        return JOIN_REFUSED;
    }
    bytes_text(response, "{}");
    return JOIN_OK;
}

/* The document's channel has no clause for any client event, so that one ends it. */
static enum stop_reason push(struct channel *channel, const struct message *message)
{
    (void)channel;
    (void)message;
    return STOP_CRASH;
}

const struct topic_kind feed_topic = {"community:", join, push};

void feed_publish(struct app *app, const char *event, struct slice payload)
{
    struct bytes name = {0};
    if (app->control.no_push) {
        return;
    }
    json_encode(&name, slice_of(event));
    const int times = app->control.double_subscription ? 2 : 1;
    for (int i = 0; i < times && !name.failed; i++) {
        socket_push_all(app, SLICE("community:feed"), slice_from(&name), payload);
    }
    bytes_free(&name);
}
