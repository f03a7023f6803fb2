/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/protocol/shm-request.h"

#include "manager/protocol/shm-frame.h"
#include "manager/protocol/shm-pickle-writer.h"

#include <string.h>

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
  gboolean matches = shm_pickle_count (request->arguments) == strlen (types)
                     && shm_pickle_count (request->keywords) == 0;
  va_list args;

  va_start (args, types);
  for (guint i = 0; matches && types[i] != '\0'; i++)
    {
      const ShmPickleNode *argument = shm_pickle_child (request->arguments, i);

      if (types[i] == 's')
        {
          const char *string = shm_pickle_get_string (argument);

          *va_arg (args, const char **) = string;
          matches = string != NULL;
        }
      else
        {
          *va_arg (args, gint64 *) = argument->integer;
          matches = argument->kind == SHM_PICKLE_INTEGER;
        }
    }
  va_end (args);

  return matches;
}

void
shm_request_append (GByteArray *frames, const char *method, const char *types, ...)
{
  g_autoptr (GByteArray) pickle = g_byte_array_new ();
  va_list args;

  shm_pickle_writer_begin (pickle);
  shm_pickle_writer_begin_tuple (pickle);
  shm_pickle_writer_add_none (pickle);
  shm_pickle_writer_add_string (pickle, method);

  shm_pickle_writer_begin_tuple (pickle);
  va_start (args, types);
  for (guint i = 0; types[i] != '\0'; i++)
    {
      if (types[i] == 's')
        shm_pickle_writer_add_string (pickle, va_arg (args, const char *));
      else
        shm_pickle_writer_add_integer (pickle, va_arg (args, gint64));
    }
  va_end (args);
  shm_pickle_writer_end_tuple (pickle);

  shm_pickle_writer_add_empty_dict (pickle);
  shm_pickle_writer_end_tuple (pickle);
  shm_pickle_writer_end (pickle);
  shm_frame_append (frames, pickle->data, pickle->len);
}
