/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-request.h"

#include "manager/protocol/shm-frame.h"

#include <string.h>

#define RETURN    "#RETURN"
#define TRACEBACK "#TRACEBACK"

#define REASON_MAX 500

static void
append_pickle (GByteArray *frames, GByteArray *pickle)
{
  shm_pickle_end (pickle);
  shm_frame_append (frames, pickle->data, pickle->len);
}

/* Requests */

gboolean
shm_request_read (ShmPickle *pickle, ShmRequest *request)
{
  const ShmPickleNode *root = shm_pickle_get_root (pickle);

  if ((root->kind != SHM_PICKLE_TUPLE && root->kind != SHM_PICKLE_LIST)
      || shm_pickle_count (root) != 4)
    return FALSE;

  request->method = shm_pickle_get_string (shm_pickle_child (root, 1));
  request->arguments = shm_pickle_child (root, 2);
  request->keywords = shm_pickle_child (root, 3);

  return request->method != NULL
         && (request->arguments->kind == SHM_PICKLE_TUPLE
             || request->arguments->kind == SHM_PICKLE_LIST)
         && request->keywords->kind == SHM_PICKLE_DICT;
}

const char *
shm_request_get_string (const ShmRequest *request, const char *keyword)
{
  const guint n_arguments = shm_pickle_count (request->arguments);
  const guint n_keywords = shm_pickle_count (request->keywords) / 2;

  if (n_arguments == 1 && n_keywords == 0)
    return shm_pickle_get_string (shm_pickle_child (request->arguments, 0));

  if (n_arguments == 0 && n_keywords == 1
      && g_strcmp0 (shm_pickle_get_string (shm_pickle_child (request->keywords, 0)), keyword) == 0)
    return shm_pickle_get_string (shm_pickle_child (request->keywords, 1));

  return NULL;
}

gboolean
shm_request_get (const ShmRequest *request, const char *types, ...)
{
  gboolean is_good = shm_pickle_count (request->arguments) == strlen (types)
                     && shm_pickle_count (request->keywords) == 0;
  va_list args;

  va_start (args, types);
  for (guint i = 0; is_good && types[i] != '\0'; i++)
    {
      const ShmPickleNode *argument = shm_pickle_child (request->arguments, i);

      if (types[i] == 's')
        {
          const char *string = shm_pickle_get_string (argument);

          *va_arg (args, const char **) = string;
          is_good = string != NULL;
        }
      else
        {
          *va_arg (args, gint64 *) = argument->integer;
          is_good = argument->kind == SHM_PICKLE_INTEGER;
        }
    }
  va_end (args);

  return is_good;
}

void
shm_request_append (GByteArray *frames, const char *method, const char *types, ...)
{
  g_autoptr (GByteArray) pickle = g_byte_array_new ();
  va_list args;

  shm_pickle_begin (pickle);
  shm_pickle_begin_tuple (pickle);
  shm_pickle_add_none (pickle);
  shm_pickle_add_string (pickle, method);

  shm_pickle_begin_tuple (pickle);
  va_start (args, types);
  for (guint i = 0; types[i] != '\0'; i++)
    {
      if (types[i] == 's')
        shm_pickle_add_string (pickle, va_arg (args, const char *));
      else
        shm_pickle_add_integer (pickle, va_arg (args, gint64));
    }
  va_end (args);
  shm_pickle_end_tuple (pickle);

  shm_pickle_add_empty_dict (pickle);
  shm_pickle_end_tuple (pickle);
  append_pickle (frames, pickle);
}

/* Replies */

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

/* A line that can be shown, whoever it comes from. */
static char *
clean (const char *line)
{
  g_autofree char *cut = g_strndup (line, REASON_MAX);

  for (char *at = cut; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = '?';

  /* It may have been cut within a character. */
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

  return clean (line);
}

static GByteArray *
begin_reply (const char *kind)
{
  GByteArray *pickle = g_byte_array_new ();

  shm_pickle_begin (pickle);
  shm_pickle_begin_tuple (pickle);
  shm_pickle_add_string (pickle, kind);

  return pickle;
}

static void
end_reply (GByteArray *frames, GByteArray *pickle)
{
  shm_pickle_end_tuple (pickle);
  append_pickle (frames, pickle);
  g_byte_array_unref (pickle);
}

void
shm_reply_append_none (GByteArray *frames)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_add_none (pickle);
  end_reply (frames, pickle);
}

void
shm_reply_append_integer (GByteArray *frames, gint64 integer)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_add_integer (pickle, integer);
  end_reply (frames, pickle);
}

void
shm_reply_append_string (GByteArray *frames, const char *string)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_add_string (pickle, string);
  end_reply (frames, pickle);
}

void
shm_reply_append_welcome (GByteArray *frames, const char *registry)
{
  GByteArray *pickle = begin_reply (RETURN);

  shm_pickle_begin_tuple (pickle);
  shm_pickle_add_integer (pickle, SHM_WIRE_VERSION);
  shm_pickle_add_string (pickle, registry);
  shm_pickle_end_tuple (pickle);
  end_reply (frames, pickle);
}

void
shm_reply_append_list (GByteArray *frames, ShmNextName next, gpointer user_data)
{
  GByteArray *pickle = begin_reply (RETURN);
  const char *name;

  shm_pickle_begin_list (pickle);
  while ((name = next (user_data)) != NULL)
    shm_pickle_add_string (pickle, name);
  shm_pickle_end_list (pickle);
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
  shm_pickle_add_string (pickle, text);
  end_reply (frames, pickle);
}
