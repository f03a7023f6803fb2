/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads and writes a list for list-exchange.py:
 *
 *     list-exchange create NAME VALUES        creates a list
 *     list-exchange set NAME INDEX VALUE      replaces a value
 *     list-exchange check NAME VALUES         fails if the list has other values
 *
 * VALUES and VALUE are in GVariant's text format. */

#include "shm-test.h"

#include <stdlib.h>

static void
fail_if_set (const GError *error)
{
  if (error == NULL)
    return;

  g_printerr ("%s\n", error->message);
  exit (EXIT_FAILURE);
}

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  fail_if_set (error);

  return value;
}

static ShmShareableList *
attach (const char *name)
{
  g_autoptr (GError) error = NULL;
  ShmShareableList *list = shm_shareable_list_attach (name, SHM_ATTACH_NONE, &error);

  fail_if_set (error);

  return list;
}

static void
create (const char *name, const char *text)
{
  g_autoptr (GVariant) values = parse (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (ShmShareableList) list G_GNUC_UNUSED
      = shm_shareable_list_create (values, name, SHM_CREATE_NONE, &error);

  fail_if_set (error);
}

static void
set (const char *name, const char *index, const char *text)
{
  g_autoptr (ShmShareableList) list = attach (name);
  g_autoptr (GVariant) value = parse (text);
  g_autoptr (GError) error = NULL;

  shm_shareable_list_set_value (list, g_ascii_strtoull (index, NULL, 10), value, &error);
  fail_if_set (error);
}

static void
check (const char *name, const char *text)
{
  g_autoptr (ShmShareableList) list = attach (name);
  g_autoptr (GVariant) expected = parse (text);
  g_autoptr (GVariant) found = NULL;
  g_autofree char *expected_text = NULL, *found_text = NULL;
  g_autoptr (GError) error = NULL;

  found = shm_shareable_list_copy_values (list, &error);
  fail_if_set (error);
  if (g_variant_equal (found, expected))
    return;

  expected_text = g_variant_print (expected, TRUE);
  found_text = g_variant_print (found, TRUE);
  g_printerr ("expected %s\nfound    %s\n", expected_text, found_text);
  exit (EXIT_FAILURE);
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "create"))
    create (argv[2], argv[3]);
  else if (argc == 5 && g_str_equal (argv[1], "set"))
    set (argv[2], argv[3], argv[4]);
  else if (argc == 4 && g_str_equal (argv[1], "check"))
    check (argv[2], argv[3]);
  else
    return 2;

  return EXIT_SUCCESS;
}
