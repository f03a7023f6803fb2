/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one place where a fault of the core becomes a GError with words. */

#pragma once

#include "core/shm-fault.h"
#include "shm-error.h"

#include <glib-object.h>

G_BEGIN_DECLS

/* What the caller was doing, for the message. */
typedef struct
{
  const char *name; /* (nullable): NULL for a block without a name */
  guint64 size;     /* bytes that were asked for, or that the block has */
  guint64 n_items;  /* of the list in it */
} ShmErrorContext;

/* Fills @error and returns FALSE. */
gboolean
shm_error_set_from_fault (GError **error, const ShmFault *fault, const ShmErrorContext *context);

/* "“NAME”", or words for a block without a name; (transfer full). */
char *shm_error_describe_block (const char *name);

/* Checks that @flags, which a caller of the public interface passed, has only bits that the flags
 * type @type defines. Otherwise fails with NOT_SUPPORTED and a message that names the undefined
 * bits and the block. @block_name may be NULL. GObject clears undefined bits in properties, so a
 * constructor has to call this before it sets them. */
gboolean shm_error_check_flags (GType type, guint flags, const char *block_name, GError **error);

G_END_DECLS
