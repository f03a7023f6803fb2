/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An open block: its descriptor, its identity and, from the first use on, its mapping.
 *
 * A call from any thread stands between shm_block_enter() and shm_block_leave(). Closing
 * refuses new calls at once and lets those in flight finish: the last to leave gives the
 * descriptor and the mapping back. No lock is taken, so a child of fork() can go on using its
 * blocks whatever the parent's other threads were doing.
 *
 * The mapping is made by the first call that needs one. Programs that only copy, or that map
 * the descriptor themselves as the Python binding does, never pay for it.
 */

#pragma once

#include "core/shm-mapping.h"
#include "core/shm-system.h"

G_BEGIN_DECLS

/* How long an empty block is believed to be still in the making. CPython sets the size right
 * after creating the name: a process that needs longer was stopped or killed in between. */
#define SHM_BLOCK_AWAIT_SIZE_MSEC 500

typedef struct
{
  int state;           /* (atomic): SHM_BLOCK_SHUT and the number of calls in flight */
  int fd;              /* valid between enter and leave */
  ShmMapping *mapping; /* (atomic) (owned) (nullable) */
  int read_only;       /* (atomic): becomes TRUE when the block is sealed */

  /* Set once, before the first enter; they stay after closing. */
  guint64 size;
  ShmIdentity identity;
} ShmBlock;

/* The bit of ShmBlock.state that refuses new calls; the bits below it count calls in flight.
 * Whoever brings the state to exactly SHM_BLOCK_SHUT tears the block down: there is only one,
 * because with the bit set the count can only fall. */
#define SHM_BLOCK_SHUT (1 << 30)

typedef enum
{
  SHM_BLOCK_SPARSE = 1 << 0,
  SHM_BLOCK_POPULATE = 1 << 1,
  SHM_BLOCK_READ_ONLY = 1 << 2,
  SHM_BLOCK_ANY_OWNER = 1 << 3,
} ShmBlockFlags;

/* Before anything else; the block is then as good as closed. */
void shm_block_init (ShmBlock *self);

/* Only when no other thread can know the block any more. */
void shm_block_clear (ShmBlock *self);

/* Writes what is to be in a new block, which is full of zeros, with shm_block_put(), before anybody
 * else can see it. */
typedef gboolean (*ShmBlockFill) (int fd, gpointer user_data, ShmFault *fault);

/* Is told of each name that a block is about to get. FALSE keeps it from being created. */
typedef gboolean (*ShmBlockAnnounce) (const char *name,
                                      const ShmIdentity *identity,
                                      gpointer user_data);

typedef struct
{
  const char *name; /* (nullable): NULL for a generated one; checked by the caller otherwise */
  guint64 size;
  guint32 mode;
  ShmBlockFlags flags;
  ShmProceed proceed; /* (nullable) */
  gpointer proceed_data;
  ShmBlockFill fill; /* (nullable) */
  gpointer fill_data;
  ShmBlockAnnounce announce; /* (nullable) */
  gpointer announce_data;
} ShmBlockPlan;

/* A new block, which appears under its name when it is complete. A generated name is written
 * to @generated. */
gboolean
shm_block_create (ShmBlock *self, const ShmBlockPlan *plan, char generated[], ShmFault *fault);
gboolean shm_block_create_anonymous (ShmBlock *self, const ShmBlockPlan *plan, ShmFault *fault);

gboolean shm_block_put (int fd, guint64 offset, gconstpointer bytes, gsize length, ShmFault *fault);

/* An existing one. */
gboolean shm_block_attach (ShmBlock *self, const char *name, ShmBlockFlags flags, ShmFault *fault);
gboolean shm_block_attach_fd (ShmBlock *self, int fd, ShmBlockFlags flags, ShmFault *fault);

gboolean shm_block_enter (ShmBlock *self);
void shm_block_leave (ShmBlock *self);

/* TRUE for the one call that closes. */
gboolean shm_block_close (ShmBlock *self);

static inline gboolean
shm_block_is_open (ShmBlock *self)
{
  return (g_atomic_int_get (&self->state) & SHM_BLOCK_SHUT) == 0;
}

/* Between enter and leave. */
ShmMapping *shm_block_map (ShmBlock *self, ShmFault *fault);
gboolean shm_block_read (ShmBlock *self, guint64 offset, void *data, gsize length, ShmFault *fault);
gboolean
shm_block_write (ShmBlock *self, guint64 offset, const void *data, gsize length, ShmFault *fault);
gboolean shm_block_seal (ShmBlock *self, ShmSystemSeals seals, ShmFault *fault);

/* Whether [@offset, @offset + @length) lies within the block; any numbers may be asked about. */
gboolean shm_block_contains (ShmBlock *self, guint64 offset, guint64 length);

G_END_DECLS
