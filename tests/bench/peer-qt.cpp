/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"
#include "peers.h"

#include <QSharedMemory>
#include <QString>

static QSharedMemory *lasting;

void
qt_create (const char *name, gsize size)
{
  QSharedMemory memory (QString::fromUtf8 (name));

  bench_check (memory.create (int (size)));
  *static_cast<volatile char *> (memory.data ()) = 1;
  /* The destructor detaches. The last one that detaches removes the block. */
}

void
qt_open (const char *name, gsize size)
{
  lasting = new QSharedMemory (QString::fromUtf8 (name));
  bench_check (lasting->create (int (size)));
}

void
qt_close (void)
{
  delete lasting;
}

void
qt_attach (const char *name)
{
  QSharedMemory memory (QString::fromUtf8 (name));

  bench_check (memory.attach ());
  bench_result = *static_cast<volatile char *> (memory.data ());
}
