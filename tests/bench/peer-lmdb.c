/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"
#include "peers.h"

#include <lmdb.h>
#include <unistd.h>

#define MAP_SIZE (256 << 20)

static char path[64];
static MDB_env *env;
static MDB_dbi database;
static MDB_txn *reader;

static void
check (int status)
{
  if (status != 0)
    g_error ("LMDB: %s", mdb_strerror (status));
}

static int
try_put (gint64 number)
{
  MDB_txn *txn;
  gint32 zero = 0;
  MDB_val key = { sizeof zero, &zero }, value = { sizeof number, &number };
  int status;

  check (mdb_txn_begin (env, NULL, 0, &txn));
  status = mdb_put (txn, database, &key, &value, 0);
  if (status == 0)
    return mdb_txn_commit (txn);
  mdb_txn_abort (txn);

  return status;
}

/* While a reader has a transaction, the database grows with each change. */
static void
put (gint64 number)
{
  int status;

  while ((status = try_put (number)) == MDB_MAP_FULL)
    ;
  check (status);
}

void
lmdb_attach (void)
{
  MDB_txn *txn;

  check (mdb_env_create (&env));
  check (mdb_env_set_mapsize (env, MAP_SIZE));
  check (mdb_env_open (env, path, MDB_NOSUBDIR | MDB_NOSYNC | MDB_WRITEMAP, 0600));
  check (mdb_txn_begin (env, NULL, 0, &txn));
  check (mdb_dbi_open (txn, NULL, 0, &database));
  check (mdb_txn_commit (txn));
  check (mdb_txn_begin (env, NULL, MDB_RDONLY, &reader));
  mdb_txn_reset (reader);
}

void
lmdb_open (void)
{
  g_snprintf (path, sizeof path, "/dev/shm/shmobj-bench-lmdb-%d", getpid ());
  lmdb_attach ();
  put (1);
}

void
lmdb_close (void)
{
  g_autofree char *lock = g_strconcat (path, "-lock", NULL);

  mdb_txn_abort (reader);
  mdb_env_close (env);
  unlink (path);
  unlink (lock);
}

/* A process sees the changes of other processes only in a new transaction. Renewing a transaction
 * is the fastest way to get one. */
void
lmdb_get (gsize n)
{
  gint32 zero = 0;
  MDB_val key = { sizeof zero, &zero }, value;

  for (gsize i = 0; i < n; i++)
    {
      check (mdb_txn_renew (reader));
      check (mdb_get (reader, database, &key, &value));
      bench_result = *(const gint64 *) value.mv_data;
      mdb_txn_reset (reader);
    }
}

void
lmdb_set (gsize n)
{
  for (gsize i = 0; i < n; i++)
    put (i);
}
