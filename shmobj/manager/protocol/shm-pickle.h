/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A tree of the data in a Python pickle. CPython's managers exchange pickles; shm_pickle_parse() in
 * shm-pickle-reader.h creates a tree from a pickle, and shm-pickle-writer.h writes pickles.
 *
 * The tree only describes the pickle. If a pickle asks to call a class or a function, the tree has
 * an opaque node with the name and the arguments. The reader looks up, imports and calls nothing.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  SHM_PICKLE_NONE,
  SHM_PICKLE_BOOLEAN,
  SHM_PICKLE_INTEGER,
  SHM_PICKLE_FLOAT,
  SHM_PICKLE_STRING,
  SHM_PICKLE_BYTES,
  SHM_PICKLE_TUPLE,
  SHM_PICKLE_LIST,
  SHM_PICKLE_DICT,   /* the children are key, value, key, value ... */
  SHM_PICKLE_NAME,   /* a class or function; the children are its module and its name */
  SHM_PICKLE_OPAQUE, /* an object that Python would create; the children are the callable, its
                      * arguments, and the state of the object if the pickle sets one */
} ShmPickleKind;

typedef struct _ShmPickleNode ShmPickleNode;

struct _ShmPickleNode
{
  ShmPickleKind kind;
  gboolean boolean;
  gint64 integer;
  double number;     /* the value of a FLOAT */
  const char *bytes; /* (owned): the value of a STRING (valid UTF-8 without NULs) or of BYTES; a NUL
                      * follows */
  gsize length;      /* the length of @bytes, without the NUL that follows */
  GPtrArray *children; /* (owned) (element-type ShmPickleNode) (nullable): the ShmPickle owns the
                        * elements */
  gboolean has_parent;
  guint depth; /* length of the longest chain of descendants; 0 without children */
};

/* A tree; owns all of its nodes. */
typedef struct _ShmPickle ShmPickle;

void shm_pickle_free (ShmPickle *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmPickle, shm_pickle_free)

const ShmPickleNode *shm_pickle_get_root (ShmPickle *self);

/* Returns the number of children; 0 if @node is NULL. */
guint shm_pickle_count (const ShmPickleNode *node);

/* Returns the child with index @i, or NULL if there is none. */
const ShmPickleNode *shm_pickle_child (const ShmPickleNode *node, guint i);

/* Returns the string, or NULL if @node is NULL or of another kind. */
const char *shm_pickle_get_string (const ShmPickleNode *node);

/* Returns valid UTF-8 close to Python's repr() of the node, for use in messages. Long text is cut
 * and ends in "...". (transfer full) */
char *shm_pickle_print (const ShmPickleNode *node);

G_END_DECLS
