/* SPDX-License-Identifier: MIT */
/*
 * The commands. Each returns the program's exit code.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

int command_watch(const struct options *options);
int command_list(const struct options *options);
int command_post(const struct options *options);
int command_edit(const struct options *options);
int command_delete(const struct options *options);
int command_like(const struct options *options);
int command_comment(const struct options *options);
int command_login(const struct options *options);
int command_logout(const struct options *options);
int command_doctor(const struct options *options);
int command_replay(const struct options *options);

#endif
