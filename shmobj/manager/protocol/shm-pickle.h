/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Python's pickle format, as far as it holds data: what CPython's managers say to each other.
 *
 * The reader makes a tree of nodes and nothing else. Where a pickle names a class or a function and
 * wants it called, the tree has an opaque node that says what was named and with what arguments:
 * nothing is looked up, imported or called. Opcodes that mean something outside the pickle are
 * refused.
 *
 * A pickle is read completely or not at all, and what it costs is bounded by its own length: nodes,
 * memo entries and nesting are counted, and no number in it is believed to be the size of
 * anything.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define SHM_PICKLE_DEPTH_MAX 32
#define SHM_PICKLE_NODES_MAX 1000000

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
  SHM_PICKLE_DICT,   /* its children are key, value, key, value ... */
  SHM_PICKLE_NAME,   /* of a class or function: its children are module and name */
  SHM_PICKLE_OPAQUE, /* what would be made: its children are what is called, its arguments, and
                      * its state if there is one */
} ShmPickleKind;

typedef struct _ShmPickleNode ShmPickleNode;

struct _ShmPickleNode
{
  ShmPickleKind kind;
  gboolean truth;
  gint64 integer;
  double number;
  const char *bytes; /* of a string (valid UTF-8 and no NUL) or bytes; a NUL follows */
  gsize length;
  GPtrArray *children; /* (element-type ShmPickleNode) (nullable): the document's */
  gboolean has_parent;
  guint depth; /* of the deepest chain of children, 0 without any */
};

/* Owns all nodes. */
typedef struct _ShmPickle ShmPickle;

/* NULL for what is not a pickle, or one that goes beyond what is said above. */
ShmPickle *shm_pickle_parse (const guint8 *bytes, gsize length);
void shm_pickle_free (ShmPickle *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmPickle, shm_pickle_free)

const ShmPickleNode *shm_pickle_get_root (ShmPickle *self);

guint shm_pickle_count (const ShmPickleNode *node);
const ShmPickleNode *shm_pickle_child (const ShmPickleNode *node, guint i);

/* The string, or NULL for another kind of node. */
const char *shm_pickle_get_string (const ShmPickleNode *node);

/* What Python would print, cut where it gets long: for messages. */
char *shm_pickle_print (const ShmPickleNode *node);

/* Writing: protocol 2, which every Python 3 reads, without memo. A tuple or list is begun, filled
 * and ended. */

void shm_pickle_begin (GByteArray *pickle);
void shm_pickle_end (GByteArray *pickle);
void shm_pickle_add_none (GByteArray *pickle);
void shm_pickle_add_integer (GByteArray *pickle, gint64 integer);
void shm_pickle_add_string (GByteArray *pickle, const char *string);
void shm_pickle_add_empty_dict (GByteArray *pickle);
void shm_pickle_begin_tuple (GByteArray *pickle);
void shm_pickle_end_tuple (GByteArray *pickle);
void shm_pickle_begin_list (GByteArray *pickle);
void shm_pickle_end_list (GByteArray *pickle);

G_END_DECLS
