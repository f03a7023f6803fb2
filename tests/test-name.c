/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "core/shm-name.h"

#include <errno.h>
#include <string.h>

typedef struct
{
  const char *name;
  const char *as_new;      /* the result for a new block, or NULL if the name is invalid */
  const char *as_existing; /* the result for an existing block, or NULL if the name is invalid */
} Case;

static const Case cases[] = {
  { "a", "a", "a" },
  { "psm_0123abcd", "psm_0123abcd", "psm_0123abcd" },
  { "/slash", "slash", "slash" },
  { "!\"#$%&'()*+,-.;<=>?@[\\]^_`{|}~", "!\"#$%&'()*+,-.;<=>?@[\\]^_`{|}~",
    "!\"#$%&'()*+,-.;<=>?@[\\]^_`{|}~" },
  { "...", "...", "..." },
  { "sem", "sem", "sem" },
  { "Sem.x", "Sem.x", "Sem.x" },
  { "", NULL, NULL },
  { "/", NULL, NULL },
  { "//a", NULL, NULL },
  { "a/", NULL, NULL },
  { "a/b", NULL, NULL },
  { "../a", NULL, NULL },
  { ".", NULL, NULL },
  { "..", NULL, NULL },
  { "/.", NULL, NULL },
  { "/..", NULL, NULL },
  { "\xff", NULL, NULL },
  { "a:b", NULL, "a:b" },
  { "a b", NULL, "a b" },
  { "a\tb", NULL, "a\tb" },
  { "a\n", NULL, "a\n" },
  { "a\x01", NULL, "a\x01" },
  { "a\x7f", NULL, "a\x7f" },
  { "\u00e9", NULL, "\u00e9" },
  { "sem.x", NULL, "sem.x" },
  { "/sem.x", NULL, "sem.x" },
  { ".shmobj-1", NULL, ".shmobj-1" },
};

static void
test_rules (void)
{
  ShmFault fault;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpstr (shm_name_check_new (cases[i].name, &fault), ==, cases[i].as_new);
      g_assert_cmpstr (shm_name_check_existing (cases[i].name, &fault), ==, cases[i].as_existing);
    }
}

static void
test_length (void)
{
  g_autofree char *longest = g_strnfill (SHM_NAME_MAX, 'x');
  g_autofree char *too_long = g_strnfill (SHM_NAME_MAX + 1, 'x');
  g_autofree char *with_slash = g_strconcat ("/", longest, NULL);
  ShmFault fault;

  g_assert_cmpstr (shm_name_check_new (longest, &fault), ==, longest);
  g_assert_cmpstr (shm_name_check_existing (with_slash, &fault), ==, longest);

  g_assert_null (shm_name_check_new (too_long, &fault));
  g_assert_cmpint (fault.step, ==, SHM_STEP_CHECK_NAME);
  g_assert_cmpint (fault.errnum, ==, ENAMETOOLONG);
  g_assert_null (shm_name_check_existing (too_long, &fault));
  g_assert_cmpint (fault.errnum, ==, ENAMETOOLONG);
}

static void
test_generated (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  ShmFault fault;

  for (int i = 0; i < 100; i++)
    {
      char name[SHM_NAME_GENERATED_SIZE];

      shm_name_generate (name);
      g_assert_cmpuint (strlen (name), ==, SHM_NAME_GENERATED_SIZE - 1);
      g_assert_true (g_str_has_prefix (name, "psm_"));
      g_assert_cmpuint (strspn (name + 4, "0123456789abcdef"), ==, 8);
      g_assert_nonnull (shm_name_check_new (name, &fault));
      g_hash_table_add (seen, g_strdup (name));
    }

  /* The names have 32 random bits. So two of a hundred names are equal in about one of a million
   * runs. */
  g_assert_cmpuint (g_hash_table_size (seen), ==, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/name/rules", test_rules);
  g_test_add_func ("/name/length", test_length);
  g_test_add_func ("/name/generated", test_generated);

  return g_test_run ();
}
