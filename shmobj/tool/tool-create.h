/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that all commands that create blocks use. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Parses permission bits. Without a text, they are 0600. */
gboolean tool_parse_mode (const char *text, guint *mode);

/* Returns the name for a new block, or NULL if @text asks for a generated one. (nullable) */
const char *tool_get_new_name (const char *text);

G_END_DECLS
