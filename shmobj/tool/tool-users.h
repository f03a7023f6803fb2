/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds the processes that have a block open or mapped, by reading /proc. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A process that uses a block. */
typedef struct
{
  int pid;
  guint uid;
  char *command; /* the name of the program, which is printable (owned) */
  gboolean is_open;
  gboolean is_mapped;
} ToolUser;

/* The users of all files. */
typedef struct _ToolUsers ToolUsers;

/* Reads /proc. Processes that begin or end during this call can be missing. */
ToolUsers *tool_users_new (void);
void tool_users_free (ToolUsers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolUsers, tool_users_free)

/* Returns the users of a file, or NULL if there are none. (nullable) (element-type ToolUser) */
const GPtrArray *tool_users_find (ToolUsers *self, guint64 device, guint64 inode);

/* Returns whether /proc lists this process, so that its entries can be trusted at all. */
gboolean tool_users_is_available (ToolUsers *self);

/* Returns the number of processes that the caller is not permitted to look at. The users of a file
 * can be among them. */
guint tool_users_get_n_hidden (ToolUsers *self);

G_END_DECLS
