/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-pickle-writer.h"

#include "manager/protocol/shm-pickle-private.h"

#include <string.h>

#define PROTOCOL 2

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
shm_pickle_writer_begin (GByteArray *pickle)
{
  add_opcode (pickle, OP_PROTO);
  add_opcode (pickle, PROTOCOL);
}

void
shm_pickle_writer_end (GByteArray *pickle)
{
  add_opcode (pickle, OP_STOP);
}

void
shm_pickle_writer_add_none (GByteArray *pickle)
{
  add_opcode (pickle, OP_NONE);
}

void
shm_pickle_writer_add_integer (GByteArray *pickle, gint64 integer)
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
shm_pickle_writer_add_string (GByteArray *pickle, const char *string)
{
  const gsize length = strlen (string);

  g_assert (length <= G_MAXUINT32);

  add_opcode (pickle, OP_BINUNICODE);
  add_number (pickle, length, 4);
  g_byte_array_append (pickle, (const guint8 *) string, length);
}

void
shm_pickle_writer_add_empty_dict (GByteArray *pickle)
{
  add_opcode (pickle, OP_EMPTY_DICT);
}

void
shm_pickle_writer_begin_tuple (GByteArray *pickle)
{
  add_opcode (pickle, OP_MARK);
}

void
shm_pickle_writer_end_tuple (GByteArray *pickle)
{
  add_opcode (pickle, OP_TUPLE);
}

void
shm_pickle_writer_begin_list (GByteArray *pickle)
{
  add_opcode (pickle, OP_EMPTY_LIST);
  add_opcode (pickle, OP_MARK);
}

void
shm_pickle_writer_end_list (GByteArray *pickle)
{
  add_opcode (pickle, OP_APPENDS);
}
