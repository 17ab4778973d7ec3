/* SPDX-License-Identifier: MIT */
/*
 * The whole feed in one screen of code: prints it whenever it changes.
 *   hello wss://HOST/community https://HOST/api/community TOKEN_FILE
 */
#include <community/community.h>
#include <phx/platform.h>

#include <stdio.h>

static void on_change(void *user_data, const community_batch *batch)
{
    (void)user_data;
    size_t count = community_snapshot_count(batch->snapshot);
    printf("--- %zu posts\n", count);
    for (size_t i = 0; i < count; i++) {
        const community_post *post = community_snapshot_post(batch->snapshot, i);
        printf("%s: %s (%lld likes)\n", post->author.name.data, post->body.data,
               (long long)post->likes_count);
    }
    fflush(stdout);
}

int main(int argc, char **argv)
{
    community_config config;
    community_config_init(&config);
    config.url = argc > 1 ? argv[1] : "wss://example.org/community";
    config.api_url = argc > 2 ? argv[2] : "https://example.org/api/community";
    config.keychain = phx_keychain_file(argc > 3 ? argv[3] : "token");
    config.on_change = on_change;

    community_client *client = NULL;
    phx_status status = community_client_new(&config, &client);
    if (status == PHX_OK) {
        community_client_set_visible(client, true);
        status = community_client_run(client);
    }
    fprintf(stderr, "hello: %s\n", phx_status_message(status));
    community_client_release(client);
    return status == PHX_OK ? 0 : 1;
}
