/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* snapshot NAME FILE: waits for a picture of camera.py, and writes it to a PPM file. */

#include <shmobj/shmobj.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS 64

typedef struct
{
  guint32 width, height;
  double time;
} Header;

/* Writes a frame to a file. The frame does not change meanwhile, so no copy is necessary. */
static gboolean
save (ShmFrame *frame, const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = shm_frame_get_live_bytes (frame);
  g_autoptr (GString) file = g_string_new (NULL);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  Header header;

  memcpy (&header, data, sizeof header);
  if (size < PIXELS || header.width == 0 || header.height > (size - PIXELS) / 3 / header.width)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "this is not a picture");
      return FALSE;
    }

  g_string_printf (file, "P6 %u %u 255\n", header.width, header.height);
  g_string_append_len (file, (const char *) data + PIXELS,
                       (gssize) header.width * header.height * 3);

  return g_file_set_contents (path, file->str, (gssize) file->len, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmFrames) frames = NULL;
  g_autoptr (ShmFrame) frame = NULL;

  if (argc != 3)
    {
      g_printerr ("Usage: snapshot NAME FILE\n");
      return EXIT_FAILURE;
    }

  frames = shm_frames_attach (argv[1], SHM_ATTACH_NONE, &error);
  if (frames != NULL && shm_frames_wait (frames, 0, 10 * G_USEC_PER_SEC, NULL, &error) != 0)
    frame = shm_frames_acquire (frames, &error);
  if (frame == NULL || !save (frame, argv[2], &error))
    {
      g_printerr ("snapshot: %s\n", error->message);
      return EXIT_FAILURE;
    }
  g_print ("picture %" G_GUINT64_FORMAT " is in %s\n", shm_frame_get_number (frame), argv[2]);

  return EXIT_SUCCESS;
}
