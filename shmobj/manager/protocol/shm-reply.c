/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-reply.h"

#include "manager/protocol/shm-frame.h"
#include "manager/protocol/shm-pickle-writer.h"
#include "manager/protocol/shm-request.h"

#include <string.h>

#define RETURN    "#RETURN"
#define TRACEBACK "#TRACEBACK"

/* The maximum length of a reason, in bytes. */
#define REASON_MAX 500

/* Reading */

gboolean
shm_reply_read (ShmPickle *pickle, ShmReply *reply)
{
  const ShmPickleNode *root = shm_pickle_get_root (pickle);
  const char *kind;

  if ((root->kind != SHM_PICKLE_TUPLE && root->kind != SHM_PICKLE_LIST)
      || shm_pickle_count (root) != 2)
    return FALSE;

  kind = shm_pickle_get_string (shm_pickle_child (root, 0));
  reply->value = shm_pickle_child (root, 1);
  if (g_strcmp0 (kind, RETURN) == 0)
    reply->kind = SHM_REPLY_RETURN;
  else if (g_strcmp0 (kind, TRACEBACK) == 0)
    reply->kind = SHM_REPLY_TRACEBACK;
  else
    reply->kind = SHM_REPLY_OTHER;

  return kind != NULL;
}

/* The text comes from the peer and may end up on a terminal. */
static char *
sanitize_line (const char *line)
{
  g_autofree char *cut = g_strndup (line, REASON_MAX);

  for (char *at = cut; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = '?';

  /* The cut may have split a character. */
  return g_utf8_make_valid (cut, -1);
}

char *
shm_reply_get_reason (const ShmReply *reply)
{
  const char *text = shm_pickle_get_string (reply->value);
  g_autofree char *copy = NULL;
  const char *line;

  if (text == NULL)
    return shm_pickle_print (reply->value);

  copy = g_strchomp (g_strdup (text));
  line = strrchr (copy, '\n');
  line = line != NULL ? line + 1 : copy;

  return sanitize_line (line);
}

/* Writing */

static GByteArray *
begin_reply (const char *kind)
{
  GByteArray *pickle = g_byte_array_new ();

  shm_pickle_writer_begin (pickle);
  shm_pickle_writer_begin_tuple (pickle);
  shm_pickle_writer_add_string (pickle, kind);

  return pickle;
}

static void
end_reply (GByteArray *frames, GByteArray *pickle)
{
  shm_pickle_writer_end_tuple (pickle);
  shm_pickle_writer_end (pickle);
  shm_frame_append (frames, pickle->data, pickle->len);
  g_byte_array_unref (pickle);
}

void
shm_reply_append_none (GByteArray *frames)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_writer_add_none (pickle);
  end_reply (frames, pickle);
}

void
shm_reply_append_integer (GByteArray *frames, gint64 integer)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_writer_add_integer (pickle, integer);
  end_reply (frames, pickle);
}

void
shm_reply_append_string (GByteArray *frames, const char *string)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_writer_add_string (pickle, string);
  end_reply (frames, pickle);
}

void
shm_reply_append_hello (GByteArray *frames, const char *registry)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_writer_begin_tuple (pickle);
  shm_pickle_writer_add_integer (pickle, SHM_PROTOCOL_VERSION);
  shm_pickle_writer_add_string (pickle, registry);
  shm_pickle_writer_end_tuple (pickle);
  end_reply (frames, pickle);
}

void
shm_reply_append_list (GByteArray *frames, ShmNextName next, gpointer user_data)
{
  GByteArray *pickle = begin_reply (RETURN);
  const char *name;

  shm_pickle_writer_begin_list (pickle);
  while ((name = next (user_data)) != NULL)
    shm_pickle_writer_add_string (pickle, name);
  shm_pickle_writer_end_list (pickle);
  end_reply (frames, pickle);
}

void
shm_reply_append_error (GByteArray *frames, const char *type, const char *format, ...)
{
  GByteArray *pickle = begin_reply (TRACEBACK);
  g_autofree char *message = NULL;
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  text = g_strdup_printf ("Traceback (most recent call last):\n%s: %s\n", type, message);
  shm_pickle_writer_add_string (pickle, text);
  end_reply (frames, pickle);
}
