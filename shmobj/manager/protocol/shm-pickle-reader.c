/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-pickle-reader.h"

#include "manager/protocol/shm-pickle-private.h"

#include <string.h>

#define PROTOCOL_MAX 5

typedef struct
{
  const guint8 *at; /* the next byte to read */
  const guint8 *end;
  ShmPickle *pickle;
  GPtrArray *stack; /* (element-type ShmPickleNode) */
  GArray *marks;    /* (element-type guint): the height of the stack at each MARK */
  GHashTable *memo; /* (element-type guint ShmPickleNode) */
  gboolean has_stopped;
} Reader;

/* Nodes */

static void
free_node (gpointer data)
{
  ShmPickleNode *node = data;

  g_clear_pointer (&node->children, g_ptr_array_unref);
  g_free ((char *) node->bytes);
  g_free (node);
}

static ShmPickleNode *
new_node (Reader *reader, ShmPickleKind kind)
{
  ShmPickleNode *node = g_new0 (ShmPickleNode, 1);

  node->kind = kind;
  g_ptr_array_add (reader->pickle->nodes, node);

  return node;
}

static gboolean
push (Reader *reader, ShmPickleNode *node)
{
  g_ptr_array_add (reader->stack, node);

  return TRUE;
}

/* Returns the height of the stack at the last mark, or 0. Only the opcodes that remove a mark can
 * use the nodes below this height. */
static guint
get_mark_height (Reader *reader)
{
  if (reader->marks->len == 0)
    return 0;

  return g_array_index (reader->marks, guint, reader->marks->len - 1);
}

static ShmPickleNode *
pop (Reader *reader)
{
  if (reader->stack->len <= get_mark_height (reader))
    return NULL;

  return g_ptr_array_steal_index (reader->stack, reader->stack->len - 1);
}

static ShmPickleNode *
get_top (Reader *reader)
{
  if (reader->stack->len <= get_mark_height (reader))
    return NULL;

  return g_ptr_array_index (reader->stack, reader->stack->len - 1);
}

/* Appends a child. Fails if @child is NULL, if the tree becomes too deep, or if @parent has a
 * parent itself. In the last case a node could become its own descendant, and the depths of the
 * ancestors would be wrong. No pickle of data needs this. */
static gboolean
add_child (ShmPickleNode *parent, ShmPickleNode *child)
{
  if (child == NULL || child == parent || parent->has_parent
      || child->depth + 1 > SHM_PICKLE_DEPTH_MAX)
    return FALSE;

  child->has_parent = TRUE;

  if (parent->children == NULL)
    parent->children = g_ptr_array_new ();
  g_ptr_array_add (parent->children, child);
  parent->depth = MAX (parent->depth, child->depth + 1);

  return TRUE;
}

/* Numbers and strings */

static gboolean
read_bytes (Reader *reader, gpointer bytes, gsize length)
{
  if ((gsize) (reader->end - reader->at) < length)
    return FALSE;

  memcpy (bytes, reader->at, length);
  reader->at += length;

  return TRUE;
}

/* Reads a little-endian number of @size bytes. */
static gboolean
read_number (Reader *reader, gsize size, guint64 *number)
{
  *number = 0;
  if (!read_bytes (reader, number, size))
    return FALSE;
  *number = GUINT64_FROM_LE (*number);

  return TRUE;
}

static gboolean
push_integer (Reader *reader, gint64 integer)
{
  ShmPickleNode *node = new_node (reader, SHM_PICKLE_INTEGER);

  node->integer = integer;

  return push (reader, node);
}

static gboolean
read_unsigned (Reader *reader, gsize size)
{
  guint64 number;

  return read_number (reader, size, &number) && push_integer (reader, (gint64) number);
}

static gboolean
read_int32 (Reader *reader)
{
  guint64 number;

  return read_number (reader, 4, &number) && push_integer (reader, (gint32) number);
}

/* Reads a number in two's complement of any size. Fails if the value does not fit into 64 bits. */
static gboolean
read_long (Reader *reader, gsize size_of_size)
{
  guint8 sign = 0;
  guint64 number = 0;
  guint64 size;

  if (!read_number (reader, size_of_size, &size) || size > (gsize) (reader->end - reader->at))
    return FALSE;

  if (size > 0 && (reader->at[size - 1] & 0x80) != 0)
    {
      sign = 0xff;
      number = G_MAXUINT64;
    }
  for (guint64 i = 0; i < size; i++)
    {
      const guint8 byte = reader->at[i];

      if (i < 8)
        number = (number & ~(G_GUINT64_CONSTANT (0xff) << (8 * i))) | (guint64) byte << (8 * i);
      else if (byte != sign)
        return FALSE;
    }
  if (size > 8 && ((number >> 63) != 0) != (sign != 0))
    return FALSE;
  reader->at += size;

  return push_integer (reader, (gint64) number);
}

static gboolean
read_float (Reader *reader)
{
  ShmPickleNode *node;
  guint64 number;

  if (!read_bytes (reader, &number, sizeof number))
    return FALSE;

  node = new_node (reader, SHM_PICKLE_FLOAT);
  number = GUINT64_FROM_BE (number);
  memcpy (&node->number, &number, 8);

  return push (reader, node);
}

static gboolean
push_bytes (Reader *reader, ShmPickleKind kind, const guint8 *bytes, gsize length)
{
  ShmPickleNode *node;
  char *copy;

  /* Python allows lone surrogates in strings, but no name of a block contains one, so fail. */
  if (kind == SHM_PICKLE_STRING && !g_utf8_validate_len ((const char *) bytes, length, NULL))
    return FALSE;

  node = new_node (reader, kind);
  copy = g_malloc (length + 1);
  memcpy (copy, bytes, length);
  copy[length] = '\0';
  node->bytes = copy;
  node->length = length;

  return push (reader, node);
}

static gboolean
read_sized (Reader *reader, ShmPickleKind kind, gsize size_of_size)
{
  guint64 length;

  if (!read_number (reader, size_of_size, &length) || length > (gsize) (reader->end - reader->at))
    return FALSE;

  reader->at += length;

  return push_bytes (reader, kind, reader->at - length, length);
}

static gboolean
read_line (Reader *reader)
{
  const guint8 *end = memchr (reader->at, '\n', reader->end - reader->at);
  const guint8 *begin = reader->at;

  if (end == NULL)
    return FALSE;

  reader->at = end + 1;

  return push_bytes (reader, SHM_PICKLE_STRING, begin, end - begin);
}

/* Containers */

/* Replaces the @n topmost nodes by one node that has them as children. */
static gboolean
collect (Reader *reader, ShmPickleKind kind, guint n)
{
  ShmPickleNode *node = new_node (reader, kind);
  const guint mark_height = get_mark_height (reader);

  if (reader->stack->len < mark_height || reader->stack->len - mark_height < n)
    return FALSE;

  for (guint i = reader->stack->len - n; i < reader->stack->len; i++)
    if (!add_child (node, g_ptr_array_index (reader->stack, i)))
      return FALSE;
  g_ptr_array_set_size (reader->stack, reader->stack->len - n);

  return push (reader, node);
}

/* Removes the last mark. Returns the number of nodes above it; -1 if there is no mark. */
static int
pop_mark (Reader *reader)
{
  guint mark_height;

  if (reader->marks->len == 0)
    return -1;
  mark_height = get_mark_height (reader);
  g_array_set_size (reader->marks, reader->marks->len - 1);

  return (int) (reader->stack->len - mark_height);
}

static gboolean
collect_marked (Reader *reader, ShmPickleKind kind)
{
  const int n = pop_mark (reader);

  return n >= 0 && (kind != SHM_PICKLE_DICT || n % 2 == 0) && collect (reader, kind, n);
}

/* Moves the @n topmost nodes into the container below them. */
static gboolean
extend (Reader *reader, ShmPickleKind kind, int n)
{
  ShmPickleNode *parent;
  guint begin;

  if (n < 0 || reader->stack->len < (guint) n + 1
      || reader->stack->len - n - 1 < get_mark_height (reader))
    return FALSE;
  begin = reader->stack->len - n;
  parent = g_ptr_array_index (reader->stack, begin - 1);
  if (parent->kind != kind)
    return FALSE;

  for (guint i = begin; i < reader->stack->len; i++)
    if (!add_child (parent, g_ptr_array_index (reader->stack, i)))
      return FALSE;
  g_ptr_array_set_size (reader->stack, begin);

  return TRUE;
}

static gboolean
read_setitems (Reader *reader)
{
  const int n = pop_mark (reader);

  return n % 2 == 0 && extend (reader, SHM_PICKLE_DICT, n);
}

/* Classes and functions */

/* Returns whether Python could call the node below the @above topmost nodes. */
static gboolean
is_callable (Reader *reader, guint above)
{
  const guint mark_height = get_mark_height (reader);
  const ShmPickleNode *node;

  if (reader->stack->len < mark_height + above + 1)
    return FALSE;
  node = g_ptr_array_index (reader->stack, reader->stack->len - above - 1);

  return node->kind == SHM_PICKLE_NAME || node->kind == SHM_PICKLE_OPAQUE;
}

static gboolean
read_global (Reader *reader)
{
  return read_line (reader) && read_line (reader) && collect (reader, SHM_PICKLE_NAME, 2);
}

static gboolean
read_stack_global (Reader *reader)
{
  ShmPickleNode *name;

  if (!collect (reader, SHM_PICKLE_NAME, 2))
    return FALSE;
  name = get_top (reader);

  return shm_pickle_get_string (shm_pickle_child (name, 0)) != NULL
         && shm_pickle_get_string (shm_pickle_child (name, 1)) != NULL;
}

static gboolean
read_build (Reader *reader)
{
  ShmPickleNode *state = pop (reader);
  ShmPickleNode *object = get_top (reader);

  return object != NULL && object->kind == SHM_PICKLE_OPAQUE && add_child (object, state);
}

/* The memo. It is a hash table, so that a large number in the pickle does not cost memory. */

static gboolean
memoize (Reader *reader, guint64 number)
{
  ShmPickleNode *top = get_top (reader);

  if (top == NULL)
    return FALSE;
  g_hash_table_insert (reader->memo, GUINT_TO_POINTER ((guint) number), top);

  return TRUE;
}

static gboolean
read_put (Reader *reader, gsize size)
{
  guint64 number;

  return read_number (reader, size, &number) && memoize (reader, number);
}

static gboolean
read_get (Reader *reader, gsize size)
{
  ShmPickleNode *node;
  guint64 number;

  if (!read_number (reader, size, &number))
    return FALSE;
  node = g_hash_table_lookup (reader->memo, GUINT_TO_POINTER ((guint) number));

  return node != NULL && push (reader, node);
}

static gboolean
push_boolean (Reader *reader, gboolean boolean)
{
  ShmPickleNode *node = new_node (reader, SHM_PICKLE_BOOLEAN);

  node->boolean = boolean;

  return push (reader, node);
}

static gboolean
read_protocol (Reader *reader)
{
  guint64 protocol;

  return read_number (reader, 1, &protocol) && protocol <= PROTOCOL_MAX;
}

/* Reads the pickle opcode FRAME, which is no frame of the protocol. Its length only helps readers
 * of streams: check the length, but do not use it. */
static gboolean
read_frame (Reader *reader)
{
  guint64 length;

  return read_number (reader, 8, &length) && length <= (gsize) (reader->end - reader->at);
}

static gboolean
read_mark (Reader *reader)
{
  g_array_append_val (reader->marks, reader->stack->len);

  return TRUE;
}

static gboolean
read_stop (Reader *reader)
{
  reader->has_stopped = TRUE;
  reader->pickle->root = pop (reader);

  return reader->pickle->root != NULL;
}

static gboolean
read_pop_mark (Reader *reader)
{
  const int n = pop_mark (reader);

  if (n < 0)
    return FALSE;
  g_ptr_array_set_size (reader->stack, reader->stack->len - n);

  return TRUE;
}

static gboolean
read_opcode (Reader *reader)
{
  ShmPickleNode *top;
  guint8 opcode;

  if (!read_bytes (reader, &opcode, 1))
    return FALSE;

  switch (opcode)
    {
    case OP_PROTO:
      return read_protocol (reader);
    case OP_FRAME:
      return read_frame (reader);
    case OP_STOP:
      return read_stop (reader);
    case OP_MARK:
      return read_mark (reader);
    case OP_POP:
      return pop (reader) != NULL;
    case OP_POP_MARK:
      return read_pop_mark (reader);
    case OP_DUP:
      top = get_top (reader);
      return top != NULL && push (reader, top);
    case OP_NONE:
      return push (reader, new_node (reader, SHM_PICKLE_NONE));
    case OP_NEWTRUE:
      return push_boolean (reader, TRUE);
    case OP_NEWFALSE:
      return push_boolean (reader, FALSE);
    case OP_BININT:
      return read_int32 (reader);
    case OP_BININT1:
      return read_unsigned (reader, 1);
    case OP_BININT2:
      return read_unsigned (reader, 2);
    case OP_LONG1:
      return read_long (reader, 1);
    case OP_LONG4:
      return read_long (reader, 4);
    case OP_BINFLOAT:
      return read_float (reader);
    case OP_SHORT_BINUNICODE:
      return read_sized (reader, SHM_PICKLE_STRING, 1);
    case OP_BINUNICODE:
      return read_sized (reader, SHM_PICKLE_STRING, 4);
    case OP_BINUNICODE8:
      return read_sized (reader, SHM_PICKLE_STRING, 8);
    case OP_SHORT_BINBYTES:
      return read_sized (reader, SHM_PICKLE_BYTES, 1);
    case OP_BINBYTES:
      return read_sized (reader, SHM_PICKLE_BYTES, 4);
    case OP_BINBYTES8:
      return read_sized (reader, SHM_PICKLE_BYTES, 8);
    case OP_EMPTY_TUPLE:
      return push (reader, new_node (reader, SHM_PICKLE_TUPLE));
    case OP_TUPLE1:
      return collect (reader, SHM_PICKLE_TUPLE, 1);
    case OP_TUPLE2:
      return collect (reader, SHM_PICKLE_TUPLE, 2);
    case OP_TUPLE3:
      return collect (reader, SHM_PICKLE_TUPLE, 3);
    case OP_TUPLE:
      return collect_marked (reader, SHM_PICKLE_TUPLE);
    case OP_EMPTY_LIST:
      return push (reader, new_node (reader, SHM_PICKLE_LIST));
    case OP_LIST:
      return collect_marked (reader, SHM_PICKLE_LIST);
    case OP_APPEND:
      return extend (reader, SHM_PICKLE_LIST, 1);
    case OP_APPENDS:
      return extend (reader, SHM_PICKLE_LIST, pop_mark (reader));
    case OP_EMPTY_DICT:
      return push (reader, new_node (reader, SHM_PICKLE_DICT));
    case OP_DICT:
      return collect_marked (reader, SHM_PICKLE_DICT);
    case OP_SETITEM:
      return extend (reader, SHM_PICKLE_DICT, 2);
    case OP_SETITEMS:
      return read_setitems (reader);
    case OP_GLOBAL:
      return read_global (reader);
    case OP_STACK_GLOBAL:
      return read_stack_global (reader);
    case OP_REDUCE:
    case OP_NEWOBJ:
      return is_callable (reader, 1) && collect (reader, SHM_PICKLE_OPAQUE, 2);
    case OP_NEWOBJ_EX:
      return is_callable (reader, 2) && collect (reader, SHM_PICKLE_OPAQUE, 3);
    case OP_BUILD:
      return read_build (reader);
    case OP_MEMOIZE:
      return memoize (reader, g_hash_table_size (reader->memo));
    case OP_BINPUT:
      return read_put (reader, 1);
    case OP_LONG_BINPUT:
      return read_put (reader, 4);
    case OP_BINGET:
      return read_get (reader, 1);
    case OP_LONG_BINGET:
      return read_get (reader, 4);
    default:
      return FALSE;
    }
}

ShmPickle *
shm_pickle_parse (const guint8 *bytes, gsize length)
{
  g_autoptr (ShmPickle) pickle = g_new0 (ShmPickle, 1);
  g_autoptr (GPtrArray) stack = g_ptr_array_new ();
  g_autoptr (GArray) marks = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GHashTable) memo = g_hash_table_new (NULL, NULL);
  Reader reader = {
    .at = bytes,
    .end = length > 0 ? bytes + length : bytes,
    .pickle = pickle,
    .stack = stack,
    .marks = marks,
    .memo = memo,
  };

  pickle->nodes = g_ptr_array_new_with_free_func (free_node);
  while (!reader.has_stopped)
    if (!read_opcode (&reader) || pickle->nodes->len > SHM_PICKLE_NODES_MAX)
      return NULL;

  return g_steal_pointer (&pickle);
}
