/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Declarations for the files of the class:
 *
 *     shm-shareable-list.c            the object: state, properties, closed and read-only checks
 *     shm-shareable-list-open.c       every way to obtain a list: the constructors
 *     shm-shareable-list-items.c      reads and writes one value, by a function for each kind
 *     shm-shareable-list-variant.c    reads and writes one value as a GVariant; conversions
 *     shm-shareable-list-bulk.c       many values: copies all of them, or searches for one
 *     shm-shareable-list-call.c       runs a constructor or an operation in a thread
 *     shm-shareable-list-lock.c       locks the whole list
 */

#pragma once

#include "core/shm-list-build.h"
#include "core/shm-list-copy.h"
#include "core/shm-list-item.h"
#include "core/shm-list-scan.h"
#include "shm-shareable-list.h"
#include "shm-work.h"

G_BEGIN_DECLS

typedef struct
{
  ShmSharedMemory *shared_memory; /* (owned) (nullable): set by the constructor or by init() */
  ShmBlock *block;                /* the block of @shared_memory; valid after init() */
  ShmList list;                   /* valid after init() */
  gboolean is_initialised;
  GError *init_error; /* (owned) (nullable): the result of a failed init() */

  /* Arguments of init(). When init() succeeds, it frees name, values and columns. */
  char *name;            /* (owned) (nullable) */
  GVariant *values;      /* (owned) (nullable) */
  GBytes *columns;       /* (owned) (nullable): see core/shm-list-columns.h */
  ShmListSource *source; /* (nullable): only during init(); belongs to its caller */
  guint mode;
  ShmCreateFlags create_flags;
  ShmAttachFlags attach_flags;
  gboolean is_anonymous;
  ShmBlockBeforePublish before_publish; /* (nullable) */
  gpointer before_publish_data;
} ShmShareableListPrivate;

/* Returns whether init() has the values for a new list. */
static inline gboolean
shm_shareable_list_has_values (const ShmShareableListPrivate *priv)
{
  return priv->values != NULL || priv->columns != NULL || priv->source != NULL;
}

ShmShareableListPrivate *shm_shareable_list_get_private (ShmShareableList *self);

/* Returns the name of the list's block, or NULL if it has none. */
const char *shm_shareable_list_get_block_name (ShmShareableList *self);

/* The number of values to process between two checks of a cancellable. */
#define SHM_LIST_CANCEL_INTERVAL 4096

/* The arguments of a constructor. */
typedef struct
{
  GVariant *values; /* (nullable): for a new list. Only shm_shareable_list_start_opening() accepts a
                     * floating GVariant */
  GBytes *columns;  /* (nullable): for a new list, instead of @values */
  ShmListSource *source; /* (nullable): for a new list, instead of @values */
  const char *name;      /* (nullable): NULL for a generated name */
  guint mode;
  ShmCreateFlags create_flags;
  ShmAttachFlags attach_flags;
  gboolean is_anonymous;
  ShmSharedMemory *shared_memory;       /* (nullable): the block of an existing list */
  ShmBlockBeforePublish before_publish; /* (nullable) */
  gpointer before_publish_data;
} ShmListRequest;

/* Each function creates an object from @request. It fails with NOT_SUPPORTED if @request has
 * undefined flags. */
ShmShareableList *shm_shareable_list_create_with (const ShmListRequest *request,
                                                  GCancellable *cancellable,
                                                  GError **error);
ShmShareableList *shm_shareable_list_attach_with (const ShmListRequest *request,
                                                  GCancellable *cancellable,
                                                  GError **error);

/* Initialises a new object. Any thread may call this function, but no other thread may use the
 * object at the same time. */
gboolean
shm_shareable_list_open (ShmShareableList *self, GCancellable *cancellable, GError **error);

/* Each function sets the block of @self according to the properties. Only
 * shm_shareable_list_open() calls these functions. */
gboolean
shm_shareable_list_create_block (ShmShareableList *self, GCancellable *cancellable, GError **error);
gboolean
shm_shareable_list_attach_block (ShmShareableList *self, GCancellable *cancellable, GError **error);

/* Sets @error to CLOSED or READ_ONLY, and returns NULL. */
ShmList *shm_shareable_list_refuse (ShmShareableList *self, GError **error);

/* Returns the list, or NULL if it is closed or, if @for_writing is TRUE, read-only. */
static inline ShmList *
shm_shareable_list_peek_open (ShmShareableList *self, gboolean for_writing)
{
  ShmShareableListPrivate *priv = shm_shareable_list_get_private (self);

  return G_LIKELY (priv->is_initialised && shm_block_is_open (priv->block)
                   && (!for_writing || shm_mapping_is_writable (priv->list.mapping)))
             ? &priv->list
             : NULL;
}

/* Does the same, and sets @error to CLOSED or READ_ONLY. Every operation begins with this call. */
static inline ShmList *
shm_shareable_list_get_open (ShmShareableList *self, gboolean for_writing, GError **error)
{
  ShmList *list = shm_shareable_list_peek_open (self, for_writing);

  return G_LIKELY (list != NULL) ? list : shm_shareable_list_refuse (self, error);
}

/* Sets @error to the translation of @fault, and returns FALSE. */
gboolean shm_shareable_list_fail (ShmShareableList *self, const ShmFault *fault, GError **error);

/* Checks the arguments that all functions on one value have. A macro, so that the warning names the
 * public function. */
#define shm_shareable_list_return_val_if_invalid(self, error, value)                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_return_val_if_fail (SHM_IS_SHAREABLE_LIST (self), value);                                    \
    g_return_val_if_fail (error == NULL || *error == NULL, value);                                 \
  }                                                                                                \
  G_STMT_END

/* One value */

/* Reads a value of any kind. The caller initialises @item, and clears it also after a failure. */
static inline gboolean
shm_shareable_list_read_item (ShmShareableList *self,
                              guint64 index,
                              ShmListItem *item,
                              GError **error)
{
  ShmList *list;
  ShmFault fault;

  list = shm_shareable_list_get_open (self, FALSE, error);

  return list != NULL
         && (G_LIKELY (shm_list_read (list, index, item, &fault))
             || shm_shareable_list_fail (self, &fault, error));
}

gboolean shm_shareable_list_write_value (ShmShareableList *self,
                                         guint64 index,
                                         const ShmListValue *value,
                                         GError **error);

/* Many values */

/* The repeated attempts of one call that copies values, all at once or in chunks. */
typedef struct
{
  ShmListBudget budget;
  ShmListBudget budget_before; /* the budget when the last attempt began */
  gint64 since;                /* monotonic time in microseconds: when the last attempt began */
  int attempts;                /* the number of failed attempts */
} ShmListRetry;

/* Starts a call that uses @n_values values. */
static inline void
shm_shareable_list_retry_init (ShmListRetry *retry, guint64 n_values)
{
  *retry = (ShmListRetry){ .budget = shm_list_budget_new (n_values) };
}

/* Copies values as shm_list_copy() does, as one attempt. */
gboolean shm_shareable_list_try_copy (ShmList *list,
                                      guint64 first,
                                      guint64 n_values,
                                      ShmListCopy *copy,
                                      ShmListRetry *retry,
                                      ShmFault *fault);

/* Decides whether to repeat an attempt that failed with @fault. If a value in the copy is invalid,
 * CPython may have been writing it. The function then reads this value alone, which waits for
 * CPython to finish. Returns TRUE if the caller should copy again, and FALSE if the value is
 * corrupt, if there were too many attempts or if @fault has another cause. */
gboolean
shm_shareable_list_should_retry (ShmList *list, const ShmFault *fault, ShmListRetry *retry);

/* Makes a result from a private copy of values. Returns NULL if the operation is cancelled, or if a
 * value is invalid, or if there is not enough memory. In the second case sets @index to the index
 * of that value, and in the third case to SHM_LIST_NO_MEMORY: g_malloc() would abort the
 * program. */
typedef gpointer (*ShmListConvert) (const ShmListParts *parts,
                                    guint64 *index,
                                    GCancellable *cancellable);

/* Copies @n_values values, beginning with @first, and converts the copy. These values must exist.
 * Returns NULL with @error set if the function fails or is cancelled. */
gpointer shm_shareable_list_convert (ShmShareableList *self,
                                     guint64 first,
                                     guint64 n_values,
                                     ShmListConvert convert,
                                     GCancellable *cancellable,
                                     GError **error);

/* Searches from the value at @first to the end of the list. Adds the number of equal values to
 * @count, and stores the index of the last of them in @index. */
gboolean shm_shareable_list_search_from (ShmShareableList *self,
                                         guint64 first,
                                         const ShmListScan *scan,
                                         guint64 *count,
                                         guint64 *index,
                                         GError **error);

/* GVariants and values */

/* Converts @variant to @value. The bytes of @value belong to *@holder, which the caller initialises
 * to NULL and releases; the function releases the previous *@holder. Fails with TYPE_MISMATCH or
 * OUT_OF_RANGE. */
gboolean
shm_value_from_variant (GVariant *variant, ShmListValue *value, GVariant **holder, GError **error);

/* Returns a floating GVariant. The bytes of a text must be valid UTF-8. */
GVariant *shm_value_to_variant (const ShmListValue *value);

/* The children of a container, as a source of values. */
typedef struct
{
  ShmListSource source;
  GVariant *container;       /* not owned */
  GCancellable *cancellable; /* (nullable): not owned; makes the source fail with CANCELLED */

  /* (nullable): if there is a @cancellable, source.next checks it and then calls this function. */
  gboolean (*next) (ShmListSource *source, ShmListValue *value);

  gconstpointer fixed; /* (nullable): the elements of an array of numbers or booleans */
  const char **texts;  /* (owned) (nullable): the elements of an array of strings */
  gsize at;            /* index of the next element */
  GVariant *holder;    /* (owned) (nullable): keeps the bytes of the last value */
  GError *error;       /* (owned) (nullable): the reason why the source failed */
} ShmVariantSource;

/* Fails with TYPE_MISMATCH if @container is neither an array nor a tuple. The caller keeps
 * @container and @cancellable alive until it clears the source. */
gboolean shm_variant_source_init (ShmVariantSource *self,
                                  GVariant *container,
                                  GCancellable *cancellable,
                                  GError **error);
void shm_variant_source_clear (ShmVariantSource *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmVariantSource, shm_variant_source_clear)

/* Asynchronous calls */

/* Runs a constructor in a thread. Copies @request; if the values are floating, they are consumed.
 * The result of the task is the list. */
void shm_shareable_list_start_opening (const ShmListRequest *request,
                                       gpointer source_tag,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);

typedef struct ShmListCall ShmListCall;

/* Runs in a thread. Returns the result (not floating), or NULL with @error set. */
typedef GVariant *(*ShmListCallFunc) (ShmListCall *call, GCancellable *cancellable, GError **error);

/* An operation on a list and its arguments. */
struct ShmListCall
{
  ShmListCallFunc func;
  ShmShareableList *list; /* (owned) */
  guint64 index;
  GVariant *value; /* (owned) (nullable) */
};

/* Runs an operation in a thread. If @value is floating, it is consumed. The result of the task is
 * the result of @func. */
void shm_shareable_list_start_call (ShmShareableList *self,
                                    ShmListCallFunc func,
                                    guint64 index,
                                    GVariant *value,
                                    gpointer source_tag,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);

G_END_DECLS
