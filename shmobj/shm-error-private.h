/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Errors of the classes: functions that translate a fault of the core or of a manager into a
 * GError. */

#pragma once

#include "core/shm-fault.h"
#include "shm-error.h"

#include <glib-object.h>

G_BEGIN_DECLS

/* Facts about the failed operation, for the message. */
typedef struct
{
  const char *name; /* (nullable): the name of the block; NULL for an anonymous block, and for a
                     * new block that would have got a generated name */
  guint64 size;     /* in bytes: the size that the caller asked for, or the size of the block */
  guint64 n_items;  /* the length of the list in the block */
  gboolean has_generated_name;
} ShmErrorContext;

/* Sets @error, which may be NULL, to the translation of @fault, and returns FALSE. */
gboolean
shm_error_set_from_fault (GError **error, const ShmFault *fault, const ShmErrorContext *context);

/* Returns the label of any step. */
const char *shm_error_get_step_label (ShmStep step);

/* Returns the name in quotation marks and as valid UTF-8, or "without a name" for NULL. The caller
 * owns the string. */
char *shm_error_describe_block (const char *name);

/* Checks that @flags, which a caller of the public interface passed, has only bits that the flags
 * type @type defines. Otherwise fails with NOT_SUPPORTED and a message that names the undefined
 * bits and the block. @block_name may be NULL. GObject clears undefined bits when it sets a
 * property, so a constructor has to call this function before it sets the property. */
gboolean shm_error_check_flags (GType type, guint flags, const char *block_name, GError **error);

G_END_DECLS
