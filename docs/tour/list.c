/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* list NAME: creates a list with a value of each kind and prints it. Prints it again for each line
 * on standard input. The name of the list is removed at the end of input. */

#include <shmobj/shmobj.h>

#include <stdio.h>

static GVariant *
make_values (void)
{
  const char bytes[] = { 'a', 'b', 0, 0 };
  GVariant *values[] = {
    g_variant_new_int64 (42),
    g_variant_new_double (2.5),
    g_variant_new_boolean (TRUE),
    g_variant_new_string ("Grüße aus Köln"),
    g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, sizeof bytes, 1),
    g_variant_new_maybe (G_VARIANT_TYPE_VARIANT, NULL),
  };

  return g_variant_new_tuple (values, G_N_ELEMENTS (values));
}

static char *
format_bytes (GBytes *bytes)
{
  GString *text = g_string_new (NULL);
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);

  for (gsize i = 0; i < length; i++)
    g_string_append_printf (text, i == 0 ? "%02x" : " %02x", data[i]);

  return g_string_free (text, FALSE);
}

static char *
format_value (ShmShareableList *list, guint64 index)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;

  switch (shm_shareable_list_get_value_kind (list, index, NULL))
    {
    case SHM_VALUE_KIND_INT64:
      return g_strdup_printf ("%" G_GINT64_FORMAT,
                              shm_shareable_list_get_int64 (list, index, NULL));
    case SHM_VALUE_KIND_DOUBLE:
      return g_strdup_printf ("%g", shm_shareable_list_get_double (list, index, NULL));
    case SHM_VALUE_KIND_BOOLEAN:
      return g_strdup (shm_shareable_list_get_boolean (list, index, NULL) ? "true" : "false");
    case SHM_VALUE_KIND_STRING:
      text = shm_shareable_list_get_string (list, index, NULL);
      return g_strdup_printf ("“%s”", text);
    case SHM_VALUE_KIND_BYTES:
      bytes = shm_shareable_list_get_bytes (list, index, NULL);
      return format_bytes (bytes);
    case SHM_VALUE_KIND_NONE:
    default:
      return g_strdup ("nothing");
    }
}

static void
report (ShmShareableList *list, const char *action)
{
  printf ("C\t%s\t", action);
  for (guint64 i = 0; i < shm_shareable_list_get_length (list); i++)
    {
      g_autofree char *value = format_value (list, i);

      printf (i == 0 ? "%s" : ", %s", value);
    }
  printf ("\n");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  g_autoptr (ShmShareableList) list = NULL;
  g_autoptr (GError) error = NULL;
  char line[80];

  if (argc != 2)
    {
      g_printerr ("usage: %s NAME\n", argv[0]);
      return 2;
    }

  list = shm_shareable_list_create (make_values (), argv[1], SHM_CREATE_UNLINK_ON_CLOSE, &error);
  if (list == NULL)
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }

  report (list, "creates the list");
  while (fgets (line, sizeof line, stdin) != NULL)
    report (list, "reads the list");

  return 0;
}
