/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An open block: its descriptor, its identity and, once a call needs it, its mapping.
 *
 * Each operation on the block, in any thread, begins with shm_block_enter() and ends with
 * shm_block_leave():
 *
 *     g_autoptr (ShmBlockUse) use = shm_block_enter (block);
 *
 *     if (use == NULL)
 *       return fail_with_closed ();
 *
 * shm_block_close() makes further calls of shm_block_enter() fail at once and does not wait for
 * operations in progress: the last one to leave closes the descriptor and drops the mapping. No
 * lock is taken, so a child of fork() can use its blocks whatever the parent's other threads did
 * at the time of the fork().
 *
 * The first operation that needs the mapping creates it. Programs that only copy, or that map the
 * descriptor themselves as the Python binding does, do not pay for it.
 */

#pragma once

#include "core/shm-mapping.h"
#include "core/shm-system-memory.h"
#include "core/shm-system.h"
#include "shm-enums.h"

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

/* A block that is in use, between shm_block_enter() and shm_block_leave(). */
typedef ShmBlock ShmBlockUse;

/* Before anything else; the block is then as good as closed. */
void shm_block_init (ShmBlock *self);

/* Only when no other thread can know the block any more. */
void shm_block_clear (ShmBlock *self);

/* Writes what is to be in a new block, which is full of zeros, with shm_block_put(), before anybody
 * else can see it. */
typedef gboolean (*ShmBlockFill) (int fd, gpointer user_data, ShmFault *fault);

/* Called before each attempt to publish the block under @name. If it returns FALSE, the block is
 * not created and shm_block_create() fails at SHM_STEP_BEFORE_PUBLISH. */
typedef gboolean (*ShmBlockBeforePublish) (const char *name,
                                           const ShmIdentity *identity,
                                           gpointer user_data);

typedef struct
{
  const char *name; /* (nullable): NULL for a generated one; checked by the caller otherwise */
  guint64 size;
  guint32 mode;
  ShmCreateFlags flags;   /* UNLINK_ON_CLOSE is ignored */
  ShmProceedFunc proceed; /* (nullable) */
  gpointer proceed_data;
  ShmBlockFill fill; /* (nullable) */
  gpointer fill_data;
  ShmBlockBeforePublish before_publish; /* (nullable) */
  gpointer before_publish_data;
} ShmBlockPlan;

/* A new block, which appears under its name when it is complete. A generated name is written
 * to @generated. */
gboolean
shm_block_create (ShmBlock *self, const ShmBlockPlan *plan, char generated[], ShmFault *fault);
gboolean shm_block_create_anonymous (ShmBlock *self, const ShmBlockPlan *plan, ShmFault *fault);

gboolean shm_block_put (int fd, guint64 offset, gconstpointer bytes, gsize length, ShmFault *fault);

/* An existing one. */
gboolean shm_block_attach (ShmBlock *self, const char *name, ShmAttachFlags flags, ShmFault *fault);
gboolean shm_block_attach_fd (ShmBlock *self, int fd, ShmAttachFlags flags, ShmFault *fault);

/* Begins an operation: keeps the descriptor and the mapping until shm_block_leave(). Returns NULL
 * if the block is closed. */
ShmBlockUse *shm_block_enter (ShmBlock *self);
void shm_block_leave (ShmBlockUse *use);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmBlockUse, shm_block_leave)

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
gboolean shm_block_seal (ShmBlock *self, ShmSealFlags seals, ShmFault *fault);

/* Whether [@offset, @offset + @length) lies within the block; any numbers may be asked about. */
gboolean shm_block_contains (ShmBlock *self, guint64 offset, guint64 length);

G_END_DECLS
