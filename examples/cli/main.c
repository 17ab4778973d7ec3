/* SPDX-License-Identifier: MIT */
/*
 * community: the live community feed in a terminal. The table of commands, and the start of the
 * process.
 */
#include "commands.h"
#include "text.h"

#include <phx/platform.h>

#include <signal.h>

#define NEED_SERVER (NEED_URL | NEED_API | NEED_KEYCHAIN)

static const struct command commands[] = {
    {"watch", command_watch, NEED_URL | NEED_KEYCHAIN,
     TAKES_JSON | TAKES_FOR | TAKES_RECORD | TAKES_HEARTBEAT, 0, "", "the feed, live"},
    {"list", command_list, NEED_SERVER, TAKES_JSON | TAKES_LIMIT, 0, "", "the feed as it is now"},
    {"post", command_post, NEED_SERVER, TAKES_JSON, 1, "TEXT", "write a post; prints its id"},
    {"edit", command_edit, NEED_SERVER, TAKES_JSON, 2, "ID TEXT", "change a post"},
    {"delete", command_delete, NEED_SERVER, 0, 1, "ID", "delete a post"},
    {"like", command_like, NEED_SERVER, TAKES_JSON, 1, "ID", "like a post, or take it back"},
    {"comment", command_comment, NEED_SERVER, TAKES_JSON | TAKES_DELETE, 2, "ID TEXT|COMMENT",
     "comment on a post; prints the comment's id"},
    {"login", command_login, NEED_KEYCHAIN, 0, 0, "", "store the token that stdin holds"},
    {"logout", command_logout, NEED_KEYCHAIN, 0, 0, "", "forget the token"},
    {"doctor", command_doctor, NEED_URL | NEED_KEYCHAIN, 0, 0, "",
     "find out why it does not connect"},
    {"replay", command_replay, 0, TAKES_JSON | TAKES_FROM | TAKES_TO, 1, "FILE",
     "compute a recording again, step by step"},
    {0},
};

int main(int argc, char **argv)
{
    text_init();
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write(), see out.h */
    struct options options;
    int exit_code;
    if (!options_read(&options, commands, argc, argv, &exit_code)) {
        return exit_code;
    }
    phx_platform_set_lws_log_level(options.is_verbose ? PHX_LOG_WARNING : (phx_log_level)0);
    return options.command->run(&options);
}
