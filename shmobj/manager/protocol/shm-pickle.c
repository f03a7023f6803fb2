/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-pickle.h"

#include <string.h>

/* Of a message that is printed. */
#define PRINT_MAX 1000

/* The opcodes that are known, by the names that CPython's pickletools gives them. */
enum
{
  OP_MARK = '(',
  OP_STOP = '.',
  OP_POP = '0',
  OP_POP_MARK = '1',
  OP_DUP = '2',
  OP_BINFLOAT = 'G',
  OP_BININT = 'J',
  OP_BININT1 = 'K',
  OP_BININT2 = 'M',
  OP_NONE = 'N',
  OP_REDUCE = 'R',
  OP_BINSTRING = 'T',
  OP_BINUNICODE = 'X',
  OP_APPEND = 'a',
  OP_BUILD = 'b',
  OP_GLOBAL = 'c',
  OP_DICT = 'd',
  OP_EMPTY_DICT = '}',
  OP_APPENDS = 'e',
  OP_BINGET = 'h',
  OP_LONG_BINGET = 'j',
  OP_LIST = 'l',
  OP_EMPTY_LIST = ']',
  OP_BINPUT = 'q',
  OP_LONG_BINPUT = 'r',
  OP_SETITEM = 's',
  OP_TUPLE = 't',
  OP_EMPTY_TUPLE = ')',
  OP_SETITEMS = 'u',
  OP_PROTO = 0x80,
  OP_NEWOBJ = 0x81,
  OP_TUPLE1 = 0x85,
  OP_TUPLE2 = 0x86,
  OP_TUPLE3 = 0x87,
  OP_NEWTRUE = 0x88,
  OP_NEWFALSE = 0x89,
  OP_LONG1 = 0x8a,
  OP_LONG4 = 0x8b,
  OP_SHORT_BINUNICODE = 0x8c,
  OP_BINUNICODE8 = 0x8d,
  OP_BINBYTES8 = 0x8e,
  OP_STACK_GLOBAL = 0x93,
  OP_NEWOBJ_EX = 0x92,
  OP_MEMOIZE = 0x94,
  OP_FRAME = 0x95,
  OP_BINBYTES = 'B',
  OP_SHORT_BINBYTES = 'C',
};

#define PROTOCOL_MAX     5
#define PROTOCOL_WRITTEN 2

struct _ShmPickle
{
  GPtrArray *nodes; /* (owned): every node that was made */
  const ShmPickleNode *root;
};

typedef struct
{
  const guint8 *at;
  const guint8 *end;
  ShmPickle *pickle;
  GPtrArray *stack; /* (owned) (element-type ShmPickleNode) */
  GArray *marks;    /* (owned) (element-type guint): heights of the stack */
  GHashTable *memo; /* (owned): numbers to nodes */
  gboolean is_over;
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

/* What is above the last mark, or everything. */
static guint
get_floor (Reader *reader)
{
  if (reader->marks->len == 0)
    return 0;

  return g_array_index (reader->marks, guint, reader->marks->len - 1);
}

static ShmPickleNode *
pop (Reader *reader)
{
  if (reader->stack->len <= get_floor (reader))
    return NULL;

  return g_ptr_array_steal_index (reader->stack, reader->stack->len - 1);
}

static ShmPickleNode *
get_top (Reader *reader)
{
  if (reader->stack->len <= get_floor (reader))
    return NULL;

  return g_ptr_array_index (reader->stack, reader->stack->len - 1);
}

/* FALSE where it would become too deep. What has a parent gets no more children: it could become
 * its own descendant, and its parents' depths would be wrong. No pickle of data needs that. */
static gboolean
adopt (ShmPickleNode *parent, ShmPickleNode *child)
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

/* Bytes */

static gboolean
take (Reader *reader, gpointer bytes, gsize length)
{
  if ((gsize) (reader->end - reader->at) < length)
    return FALSE;

  memcpy (bytes, reader->at, length);
  reader->at += length;

  return TRUE;
}

static gboolean
take_number (Reader *reader, gsize size, guint64 *number)
{
  *number = 0;
  if (!take (reader, number, size))
    return FALSE;
  *number = GUINT64_FROM_LE (*number);

  return TRUE;
}

static gboolean
push_number (Reader *reader, gint64 integer)
{
  ShmPickleNode *node = new_node (reader, SHM_PICKLE_INTEGER);

  node->integer = integer;

  return push (reader, node);
}

static gboolean
read_unsigned (Reader *reader, gsize size)
{
  guint64 number;

  return take_number (reader, size, &number) && push_number (reader, (gint64) number);
}

static gboolean
read_int32 (Reader *reader)
{
  guint64 number;

  return take_number (reader, 4, &number) && push_number (reader, (gint32) number);
}

/* Two's complement in as many bytes as the writer liked. What does not fit into 64 bits is refused. */
static gboolean
read_long (Reader *reader, gsize size_of_size)
{
  guint8 sign = 0;
  guint64 number = 0;
  guint64 size;

  if (!take_number (reader, size_of_size, &size) || size > (gsize) (reader->end - reader->at))
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

  return push_number (reader, (gint64) number);
}

static gboolean
read_float (Reader *reader)
{
  ShmPickleNode *node;
  guint64 number;

  if (!take (reader, &number, 8))
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

  /* Also lone surrogates, which Python lets through, are refused: no name has any. */
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
read_bytes (Reader *reader, ShmPickleKind kind, gsize size_of_size)
{
  guint64 length;

  if (!take_number (reader, size_of_size, &length) || length > (gsize) (reader->end - reader->at))
    return FALSE;

  reader->at += length;

  return push_bytes (reader, kind, reader->at - length, length);
}

/* Up to the end of a line. */
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

static gboolean
read_collected (Reader *reader, ShmPickleKind kind, guint n)
{
  ShmPickleNode *node = new_node (reader, kind);
  const guint floor = get_floor (reader);

  if (reader->stack->len < floor || reader->stack->len - floor < n)
    return FALSE;

  for (guint i = reader->stack->len - n; i < reader->stack->len; i++)
    if (!adopt (node, g_ptr_array_index (reader->stack, i)))
      return FALSE;
  g_ptr_array_set_size (reader->stack, reader->stack->len - n);

  return push (reader, node);
}

/* How many nodes are above the last mark, which is taken away; -1 if there is none. */
static int
pop_mark (Reader *reader)
{
  guint floor;

  if (reader->marks->len == 0)
    return -1;
  floor = get_floor (reader);
  g_array_set_size (reader->marks, reader->marks->len - 1);

  return (int) (reader->stack->len - floor);
}

static gboolean
read_marked (Reader *reader, ShmPickleKind kind)
{
  const int n = pop_mark (reader);

  return n >= 0 && (kind != SHM_PICKLE_DICT || n % 2 == 0) && read_collected (reader, kind, n);
}

/* Puts the last @n nodes into the container below them. */
static gboolean
extend (Reader *reader, ShmPickleKind kind, int n)
{
  ShmPickleNode *parent;
  guint begin;

  if (n < 0 || reader->stack->len < (guint) n + 1
      || reader->stack->len - n - 1 < get_floor (reader))
    return FALSE;
  begin = reader->stack->len - n;
  parent = g_ptr_array_index (reader->stack, begin - 1);
  if (parent->kind != kind)
    return FALSE;

  for (guint i = begin; i < reader->stack->len; i++)
    if (!adopt (parent, g_ptr_array_index (reader->stack, i)))
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

/* What would be looked up and called */

static gboolean
is_name (Reader *reader, guint above)
{
  const guint floor = get_floor (reader);
  const ShmPickleNode *node;

  if (reader->stack->len < floor + above + 1)
    return FALSE;
  node = g_ptr_array_index (reader->stack, reader->stack->len - above - 1);

  return node->kind == SHM_PICKLE_NAME || node->kind == SHM_PICKLE_OPAQUE;
}

static gboolean
read_global (Reader *reader)
{
  return read_line (reader) && read_line (reader) && read_collected (reader, SHM_PICKLE_NAME, 2);
}

static gboolean
read_stack_global (Reader *reader)
{
  ShmPickleNode *name;

  if (!read_collected (reader, SHM_PICKLE_NAME, 2))
    return FALSE;
  name = get_top (reader);

  return shm_pickle_get_string (shm_pickle_child (name, 0)) != NULL
         && shm_pickle_get_string (shm_pickle_child (name, 1)) != NULL;
}

static gboolean
read_build (Reader *reader)
{
  ShmPickleNode *state = pop (reader);
  ShmPickleNode *made = get_top (reader);

  return made != NULL && made->kind == SHM_PICKLE_OPAQUE && adopt (made, state);
}

/* Memo: only entries that were put are there, whatever their numbers. */

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

  return take_number (reader, size, &number) && memoize (reader, number);
}

static gboolean
read_get (Reader *reader, gsize size)
{
  ShmPickleNode *node;
  guint64 number;

  if (!take_number (reader, size, &number))
    return FALSE;
  node = g_hash_table_lookup (reader->memo, GUINT_TO_POINTER ((guint) number));

  return node != NULL && push (reader, node);
}

static gboolean
push_truth (Reader *reader, gboolean truth)
{
  ShmPickleNode *node = new_node (reader, SHM_PICKLE_BOOLEAN);

  node->truth = truth;

  return push (reader, node);
}

static gboolean
read_protocol (Reader *reader)
{
  guint64 protocol;

  return take_number (reader, 1, &protocol) && protocol <= PROTOCOL_MAX;
}

/* Only a hint for readers of streams. */
static gboolean
read_frame (Reader *reader)
{
  guint64 length;

  return take_number (reader, 8, &length) && length <= (gsize) (reader->end - reader->at);
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
  reader->is_over = TRUE;
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

  if (!take (reader, &opcode, 1))
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
      return push_truth (reader, TRUE);
    case OP_NEWFALSE:
      return push_truth (reader, FALSE);
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
      return read_bytes (reader, SHM_PICKLE_STRING, 1);
    case OP_BINUNICODE:
      return read_bytes (reader, SHM_PICKLE_STRING, 4);
    case OP_BINUNICODE8:
      return read_bytes (reader, SHM_PICKLE_STRING, 8);
    case OP_SHORT_BINBYTES:
      return read_bytes (reader, SHM_PICKLE_BYTES, 1);
    case OP_BINBYTES:
      return read_bytes (reader, SHM_PICKLE_BYTES, 4);
    case OP_BINBYTES8:
      return read_bytes (reader, SHM_PICKLE_BYTES, 8);
    case OP_EMPTY_TUPLE:
      return push (reader, new_node (reader, SHM_PICKLE_TUPLE));
    case OP_TUPLE1:
      return read_collected (reader, SHM_PICKLE_TUPLE, 1);
    case OP_TUPLE2:
      return read_collected (reader, SHM_PICKLE_TUPLE, 2);
    case OP_TUPLE3:
      return read_collected (reader, SHM_PICKLE_TUPLE, 3);
    case OP_TUPLE:
      return read_marked (reader, SHM_PICKLE_TUPLE);
    case OP_EMPTY_LIST:
      return push (reader, new_node (reader, SHM_PICKLE_LIST));
    case OP_LIST:
      return read_marked (reader, SHM_PICKLE_LIST);
    case OP_APPEND:
      return extend (reader, SHM_PICKLE_LIST, 1);
    case OP_APPENDS:
      return extend (reader, SHM_PICKLE_LIST, pop_mark (reader));
    case OP_EMPTY_DICT:
      return push (reader, new_node (reader, SHM_PICKLE_DICT));
    case OP_DICT:
      return read_marked (reader, SHM_PICKLE_DICT);
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
      return is_name (reader, 1) && read_collected (reader, SHM_PICKLE_OPAQUE, 2);
    case OP_NEWOBJ_EX:
      return is_name (reader, 2) && read_collected (reader, SHM_PICKLE_OPAQUE, 3);
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
  Reader reader = { bytes, bytes + length, pickle, stack, marks, memo, FALSE };

  pickle->nodes = g_ptr_array_new_with_free_func (free_node);
  while (!reader.is_over)
    if (!read_opcode (&reader) || pickle->nodes->len > SHM_PICKLE_NODES_MAX)
      return NULL;

  return g_steal_pointer (&pickle);
}

void
shm_pickle_free (ShmPickle *self)
{
  g_ptr_array_unref (self->nodes);
  g_free (self);
}

/* Using what was read */

const ShmPickleNode *
shm_pickle_get_root (ShmPickle *self)
{
  return self->root;
}

guint
shm_pickle_count (const ShmPickleNode *node)
{
  return node != NULL && node->children != NULL ? node->children->len : 0;
}

const ShmPickleNode *
shm_pickle_child (const ShmPickleNode *node, guint i)
{
  return i < shm_pickle_count (node) ? g_ptr_array_index (node->children, i) : NULL;
}

const char *
shm_pickle_get_string (const ShmPickleNode *node)
{
  return node != NULL && node->kind == SHM_PICKLE_STRING ? node->bytes : NULL;
}

static void print (const ShmPickleNode *node, GString *text);

static void
print_children (const ShmPickleNode *node, guint first, const char *brackets, GString *text)
{
  const guint n = shm_pickle_count (node);

  g_string_append_c (text, brackets[0]);
  for (guint i = first; i < n && text->len < PRINT_MAX; i++)
    {
      print (shm_pickle_child (node, i), text);
      if (node->kind == SHM_PICKLE_DICT && i % 2 == 0)
        g_string_append (text, ": ");
      else if (i + 1 < n || (node->kind == SHM_PICKLE_TUPLE && n == 1))
        g_string_append (text, i + 1 < n ? ", " : ",");
    }
  g_string_append_c (text, brackets[1]);
}

/* As in "builtins.KeyError('nope')". */
static void
print_opaque (const ShmPickleNode *node, GString *text)
{
  const ShmPickleNode *arguments = shm_pickle_child (node, 1);

  print (shm_pickle_child (node, 0), text);
  if (arguments->kind != SHM_PICKLE_TUPLE)
    g_string_append (text, "(...)");
  else if (shm_pickle_count (arguments) == 1)
    {
      g_string_append_c (text, '(');
      print (shm_pickle_child (arguments, 0), text);
      g_string_append_c (text, ')');
    }
  else
    print (arguments, text);
}

/* Near enough to Python's way for a message. */
static void
print_quoted (const ShmPickleNode *node, GString *text)
{
  g_string_append_c (text, '\'');
  for (gsize i = 0; i < node->length && text->len < PRINT_MAX; i++)
    {
      const guint8 byte = node->bytes[i];

      if (byte == '\n')
        g_string_append (text, "\\n");
      else if (byte < ' ' || byte == 0x7f || (byte >= 0x80 && node->kind == SHM_PICKLE_BYTES))
        g_string_append_printf (text, "\\x%02x", byte);
      else
        g_string_append_c (text, byte);
    }
  g_string_append_c (text, '\'');
}

static void
print (const ShmPickleNode *node, GString *text)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  if (text->len >= PRINT_MAX)
    return;

  switch (node->kind)
    {
    case SHM_PICKLE_BOOLEAN:
      g_string_append (text, node->truth ? "True" : "False");
      break;
    case SHM_PICKLE_INTEGER:
      g_string_append_printf (text, "%" G_GINT64_FORMAT, node->integer);
      break;
    case SHM_PICKLE_FLOAT:
      g_string_append (text, g_ascii_dtostr (number, sizeof number, node->number));
      break;
    case SHM_PICKLE_STRING:
      print_quoted (node, text);
      break;
    case SHM_PICKLE_BYTES:
      g_string_append_c (text, 'b');
      print_quoted (node, text);
      break;
    case SHM_PICKLE_TUPLE:
      print_children (node, 0, "()", text);
      break;
    case SHM_PICKLE_LIST:
      print_children (node, 0, "[]", text);
      break;
    case SHM_PICKLE_DICT:
      print_children (node, 0, "{}", text);
      break;
    case SHM_PICKLE_NAME:
      g_string_append_printf (text, "%s.%s", shm_pickle_child (node, 0)->bytes,
                              shm_pickle_child (node, 1)->bytes);
      break;
    case SHM_PICKLE_OPAQUE:
      print_opaque (node, text);
      break;
    case SHM_PICKLE_NONE:
    default:
      g_string_append (text, "None");
    }
}

char *
shm_pickle_print (const ShmPickleNode *node)
{
  GString *text = g_string_new (NULL);
  g_autofree char *whole = NULL;

  print (node, text);
  whole = g_string_free (text, FALSE);
  if (strlen (whole) > PRINT_MAX)
    memcpy (whole + PRINT_MAX - 3, "...", 4);

  /* It may have been cut within a character. */
  return g_utf8_make_valid (whole, -1);
}

/* Writing */

static void
add_opcode (GByteArray *pickle, guint8 opcode)
{
  g_byte_array_append (pickle, &opcode, 1);
}

static void
add_number (GByteArray *pickle, guint64 number, gsize size)
{
  number = GUINT64_TO_LE (number);
  g_byte_array_append (pickle, (const guint8 *) &number, size);
}

void
shm_pickle_begin (GByteArray *pickle)
{
  add_opcode (pickle, OP_PROTO);
  add_opcode (pickle, PROTOCOL_WRITTEN);
}

void
shm_pickle_end (GByteArray *pickle)
{
  add_opcode (pickle, OP_STOP);
}

void
shm_pickle_add_none (GByteArray *pickle)
{
  add_opcode (pickle, OP_NONE);
}

void
shm_pickle_add_integer (GByteArray *pickle, gint64 integer)
{
  if (integer == (gint32) integer)
    {
      add_opcode (pickle, OP_BININT);
      add_number (pickle, (guint64) integer, 4);
    }
  else
    {
      add_opcode (pickle, OP_LONG1);
      add_number (pickle, 8, 1);
      add_number (pickle, (guint64) integer, 8);
    }
}

void
shm_pickle_add_string (GByteArray *pickle, const char *string)
{
  const gsize length = strlen (string);

  g_assert (length <= G_MAXUINT32);

  add_opcode (pickle, OP_BINUNICODE);
  add_number (pickle, length, 4);
  g_byte_array_append (pickle, (const guint8 *) string, length);
}

void
shm_pickle_add_empty_dict (GByteArray *pickle)
{
  add_opcode (pickle, OP_EMPTY_DICT);
}

void
shm_pickle_begin_tuple (GByteArray *pickle)
{
  add_opcode (pickle, OP_MARK);
}

void
shm_pickle_end_tuple (GByteArray *pickle)
{
  add_opcode (pickle, OP_TUPLE);
}

void
shm_pickle_begin_list (GByteArray *pickle)
{
  add_opcode (pickle, OP_EMPTY_LIST);
  add_opcode (pickle, OP_MARK);
}

void
shm_pickle_end_list (GByteArray *pickle)
{
  add_opcode (pickle, OP_APPENDS);
}
