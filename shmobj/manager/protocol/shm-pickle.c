/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-pickle.h"

#include "manager/protocol/shm-pickle-private.h"

#include <string.h>

/* The maximum length of printed text, in bytes. */
#define PRINT_MAX 1000

void
shm_pickle_free (ShmPickle *self)
{
  g_ptr_array_unref (self->nodes);
  g_free (self);
}

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

/* Printing */

static void print (const ShmPickleNode *node, GString *text);

static void
print_children (const ShmPickleNode *node, const char *brackets, GString *text)
{
  const guint n = shm_pickle_count (node);

  g_string_append_c (text, brackets[0]);
  for (guint i = 0; i < n && text->len < PRINT_MAX; i++)
    {
      print (shm_pickle_child (node, i), text);
      if (node->kind == SHM_PICKLE_DICT && i % 2 == 0)
        g_string_append (text, ": ");
      else if (i + 1 < n || (node->kind == SHM_PICKLE_TUPLE && n == 1))
        g_string_append (text, i + 1 < n ? ", " : ",");
    }
  g_string_append_c (text, brackets[1]);
}

/* Prints a call, such as "builtins.KeyError('nope')". */
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

/* Approximates Python's repr(). */
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
      g_string_append (text, node->boolean ? "True" : "False");
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
      print_children (node, "()", text);
      break;
    case SHM_PICKLE_LIST:
      print_children (node, "[]", text);
      break;
    case SHM_PICKLE_DICT:
      print_children (node, "{}", text);
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

  /* The cut may have split a character. */
  return g_utf8_make_valid (whole, -1);
}
