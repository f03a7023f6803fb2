/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "core/shm-list.h"
#include "shm-shareable-list.h"

G_BEGIN_DECLS

typedef struct
{
  ShmSharedMemory *shared_memory; /* (owned) (nullable): NULL until init() */
  ShmBlock *block;                /* of @shared_memory */
  ShmList list;                   /* valid from init() on */
  gboolean is_initialised;
  GError *init_error; /* (owned) (nullable) */

  /* What was asked for; not kept after init(). */
  char *name;       /* (owned) (nullable) */
  GVariant *values; /* (owned) (nullable) */
  GBytes *packed;   /* (owned) (nullable) */
  ShmCreateFlags create_flags;
  ShmAttachFlags attach_flags;
  ShmBlockBeforePublish before_publish; /* (nullable) */
  gpointer before_publish_data;
} ShmShareableListPrivate;

ShmShareableListPrivate *shm_shareable_list_get_private (ShmShareableList *self);

/* A new list, of @values or @packed, that calls @before_publish. */
ShmShareableList *shm_shareable_list_create_with (GVariant *values,
                                                  GBytes *packed,
                                                  const char *name,
                                                  ShmCreateFlags flags,
                                                  ShmBlockBeforePublish before_publish,
                                                  gpointer before_publish_data,
                                                  GCancellable *cancellable,
                                                  GError **error);

/* Sets CLOSED or READ_ONLY, and returns NULL. */
ShmList *shm_shareable_list_refuse (ShmShareableList *self, GError **error);

/* The start of every operation: the list, or NULL with CLOSED, and for writing READ_ONLY. */
static inline ShmList *
shm_shareable_list_get_open (ShmShareableList *self, gboolean for_writing, GError **error)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  if (G_LIKELY (priv->is_initialised && shm_block_is_open (priv->block)
                && (!for_writing || shm_mapping_is_writable (priv->list.mapping))))
    return &priv->list;

  return shm_shareable_list_refuse (self, error);
}

/* Turns a fault of this list into words; returns FALSE. */
gboolean shm_shareable_list_fail (ShmShareableList *self, const ShmFault *fault, GError **error);

/* GVariants and values */

/* The value that @variant stands for, which points into @holder. */
gboolean
shm_value_from_variant (GVariant *variant, ShmListValue *value, GVariant **holder, GError **error);
GVariant *shm_value_to_variant (const ShmListValue *value);

/* The children of a container, as a source of values. */
typedef struct
{
  ShmListSource source;
  GVariant *container; /* the caller's */
  gconstpointer fixed; /* (nullable): the elements of an array of numbers */
  const char **texts;  /* (owned) (nullable): those of an array of strings */
  gsize at;
  GVariant *holder; /* (owned) (nullable): of the value that was given last */
  GError *error;    /* (owned) (nullable): why there is no next value */
} ShmVariantSource;

gboolean shm_variant_source_init (ShmVariantSource *self, GVariant *container, GError **error);
void shm_variant_source_clear (ShmVariantSource *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmVariantSource, shm_variant_source_clear)

G_END_DECLS
