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
 * operations in progress: the last operation that leaves closes the descriptor and drops the
 * mapping. These functions take no lock. A forked child can therefore use its blocks, even if other
 * threads of the parent used them during the fork().
 *
 * The first operation that needs the mapping creates it. Therefore this mapping does not exist in a
 * program that only copies bytes, or that maps the descriptor itself as the Python binding does.
 */

#pragma once

#include "core/shm-lock-pool.h"
#include "core/shm-mapping.h"
#include "core/shm-system-memory.h"
#include "core/shm-system.h"
#include "shm-enums.h"

G_BEGIN_DECLS

/* How long to wait for the size of a block whose size is still 0. CPython sets the size right after
 * it has created the name. A process that needs longer was stopped or killed in between. */
#define SHM_BLOCK_AWAIT_SIZE_MSEC 500

/* How long to wait for another process that has a lease on the file of a block. The command shmobj
 * takes a write lease for some microseconds, to find out whether any process uses the block. */
#define SHM_BLOCK_AWAIT_LEASE_MSEC 200

typedef struct
{
  int state;              /* (atomic): SHM_BLOCK_SHUT and the number of operations in progress */
  int fd;                 /* valid between enter and leave */
  int touch_fd;           /* (atomic): opened again for shm_block_touch(), or -1 */
  ShmMapping *mapping;    /* (atomic) (owned) (nullable) */
  ShmLockPool *lock_pool; /* (atomic) (owned) (nullable) */
  int read_only;          /* (atomic): becomes TRUE when the block is sealed */
  int sealing;            /* (atomic): TRUE while a thread seals the block */

  /* Set when the block is opened; still valid after closing. */
  gboolean opened_read_only; /* attached as read-only, or with a descriptor that is read-only */
  guint64 size;
  ShmIdentity identity;
} ShmBlock;

/* The bit of ShmBlock.state that makes shm_block_enter() fail; the lower bits count the operations
 * in progress. The call that changes the state to exactly SHM_BLOCK_SHUT releases the descriptor
 * and the mapping. There is only one such call, because the count can only fall once the bit is
 * set. */
#define SHM_BLOCK_SHUT (1 << 30)

/* A block that is in use, between shm_block_enter() and shm_block_leave(). */
typedef ShmBlock ShmBlockUse;

/* Initializes a block in the closed state. */
void shm_block_init (ShmBlock *self);

/* Releases the descriptor and the mapping. The caller makes sure that no other thread uses the
 * block. */
void shm_block_clear (ShmBlock *self);

/* Called to write the content of a new block with shm_block_put(), before another process can see
 * the block. Bytes that the function does not write are 0. */
typedef gboolean (*ShmBlockFill) (int fd, gpointer user_data, ShmFault *fault);

/* Called before each attempt to publish the block under @name. If it returns FALSE, the block is
 * not created and shm_block_create() fails at SHM_STEP_BEFORE_PUBLISH. */
typedef gboolean (*ShmBlockBeforePublish) (const char *name,
                                           const ShmIdentity *identity,
                                           gpointer user_data);

typedef struct
{
  const char *name; /* (nullable): already checked; NULL to generate a name */
  guint64 size;
  guint32 mode;
  ShmCreateFlags flags;   /* UNLINK_ON_CLOSE and TRACK are ignored */
  ShmProceedFunc proceed; /* (nullable) */
  gpointer proceed_data;
  ShmBlockFill fill; /* (nullable) */
  gpointer fill_data;
  ShmBlockBeforePublish before_publish; /* (nullable) */
  gpointer before_publish_data;
} ShmBlockPlan;

/* Creates a block and publishes it when it is complete. If @plan has no name, writes a generated
 * name to @generated, which has SHM_NAME_GENERATED_SIZE bytes. Returns FALSE and sets @fault on
 * failure; then no block is left. */
gboolean
shm_block_create (ShmBlock *self, const ShmBlockPlan *plan, char generated[], ShmFault *fault);

/* Creates a block without a name. Ignores the name and the function before_publish of @plan. Fails
 * as shm_block_create() does. */
gboolean shm_block_create_anonymous (ShmBlock *self, const ShmBlockPlan *plan, ShmFault *fault);

/* Writes to a new block. Only a ShmBlockFill function may call it. Fails at SHM_STEP_WRITE. */
gboolean shm_block_put (int fd, guint64 offset, gconstpointer bytes, gsize length, ShmFault *fault);

/* Opens the existing block @name, which the caller has checked. If its size is 0, waits for its
 * creator to set the size, for at most SHM_BLOCK_AWAIT_SIZE_MSEC; @proceed may be NULL. If another
 * process has a lease on the file, first waits for at most SHM_BLOCK_AWAIT_LEASE_MSEC. Fails at
 * SHM_STEP_OPEN, at one of the checks of type and owner, or at SHM_STEP_AWAIT_SIZE with ENODATA. */
gboolean shm_block_attach (ShmBlock *self,
                           const char *name,
                           ShmAttachFlags flags,
                           ShmProceedFunc proceed,
                           gpointer proceed_data,
                           ShmFault *fault);

/* Opens the block of a descriptor. The block gets a descriptor of its own; the caller still owns
 * @fd. Does not wait: fails at SHM_STEP_AWAIT_SIZE with EAGAIN if the size is 0. */
gboolean shm_block_attach_fd (ShmBlock *self, int fd, ShmAttachFlags flags, ShmFault *fault);

/* Begins an operation. The descriptor and the mapping stay valid until shm_block_leave(). Returns
 * NULL if the block is closed. */
ShmBlockUse *shm_block_enter (ShmBlock *self);
void shm_block_leave (ShmBlockUse *use);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmBlockUse, shm_block_leave)

/* Makes further operations fail. Returns TRUE in the one call that closes the block. */
gboolean shm_block_close (ShmBlock *self);

static inline gboolean
shm_block_is_open (ShmBlock *self)
{
  return (g_atomic_int_get (&self->state) & SHM_BLOCK_SHUT) == 0;
}

/* The following functions require that the caller has entered the block. */

/* Returns the mapping; creates it if there is none. The block owns the mapping, which is valid
 * until the caller leaves the block. Returns NULL with a fault at SHM_STEP_MAP. */
ShmMapping *shm_block_map (ShmBlock *self, ShmFault *fault);

/* Returns the pool of handles for locks; creates it if there is none. @name is the name of the
 * block, or NULL. The block owns the pool, which is valid until the caller leaves the block.
 * Closing the block closes the pool, and lets all requests of it fail. */
ShmLockPool *shm_block_get_lock_pool (ShmBlock *self, const char *name);

/* These two functions copy bytes without a mapping. The caller has checked the range. They fail
 * with ENODATA if another process has truncated the block. */
gboolean shm_block_read (ShmBlock *self, guint64 offset, void *data, gsize length, ShmFault *fault);
gboolean
shm_block_write (ShmBlock *self, guint64 offset, const void *data, gsize length, ShmFault *fault);

/* Wakes the main contexts of all processes that watch the content of the block. Changes neither its
 * bytes nor its size. Takes the event out of the queue of this process: see
 * shm_watch_read_events(). Does nothing if this object may not write the file. */
void shm_block_touch (ShmBlock *self);

/* Seals an anonymous block. SHM_SEAL_WRITE and SHM_SEAL_FUTURE_WRITE include SHM_SEAL_RESIZE. Fails
 * at SHM_STEP_SEAL:
 *
 * EBUSY      the block is mapped for writing elsewhere, or the program holds bytes of the mapping
 * EAGAIN     another operation of this object is in progress
 * ETIMEDOUT  the kernel uses the memory for input or output; it has waited for about 0.2 seconds
 * EROFS      the block was opened for reading only
 * EPERM      the block cannot be sealed
 * EINVAL     the system does not have the seal
 */
gboolean shm_block_seal (ShmBlock *self, ShmSealFlags seals, ShmFault *fault);

/* Returns whether [@offset, @offset + @length) lies within the block. @offset and @length can be
 * any numbers, even if their sum overflows. */
gboolean shm_block_contains (ShmBlock *self, guint64 offset, guint64 length);

G_END_DECLS
