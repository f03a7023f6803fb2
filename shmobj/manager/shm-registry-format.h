/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The registry: a file that lists the blocks of one server. shm-registry-place.h says where
 * registries lie.
 *
 * The file has a header, and then entries of a fixed size. The state of an entry says whether the
 * entry is valid. The server writes the state last, so that a server that is killed between two
 * steps leaves no wrong entry.
 *
 * A live server holds an open file description lock on its registry, which the kernel releases when
 * the server dies. The server takes the lock before it publishes the file. When no process holds
 * the lock, the server is dead, and every process of the same user may remove the blocks that the
 * registry lists. A process removes a block only while its name has the recorded device, inode and
 * owner, so that several processes can do this at once.
 *
 * Only the server's user can write the file, and so take the lock. Other users can read the file if
 * and only if the server allows other users: see shm-registry.h.
 */

#pragma once

#include "core/shm-name.h"
#include "core/shm-system.h"
#include "manager/shm-manager-steps.h"
#include "manager/shm-socket-file.h"

G_BEGIN_DECLS

#define SHM_REGISTRY_MAGIC "shmobj registry" /* 16 bytes with the NUL */

/* The number that a live server locks with shm_system_lock_number(). */
#define SHM_REGISTRY_LOCK 1

/* The structures in the file have the same size, alignment and offsets in 32-bit and in 64-bit
 * programs: a 32-bit client reads the registry of a 64-bit server, and each program sweeps the
 * registries of all programs of its user. */

typedef struct
{
  char magic[16];
  guint32 has_socket; /* whether @socket is valid; written last */
  guint32 reserved;
  ShmSocketFile socket;
} ShmRegistryHeader;

typedef enum
{
  SHM_REGISTRY_FREE,
  SHM_REGISTRY_OWNED,
  SHM_REGISTRY_REVOKED, /* a sweep still removes the block, but the client that creates the block no
                         * longer finds the entry */
} ShmRegistryState;

typedef struct
{
  _Alignas(8) guint32 state; /* a ShmRegistryState */
  guint32 uid;
  guint64 device;
  guint64 inode;
  char name[SHM_NAME_MAX + 1];
} ShmRegistryEntry;

#define SHM_REGISTRY_ENTRIES_AT 256

/* A limit for readers, so that a sparse file of enormous size does not keep them busy. The names of
 * so many blocks still fit into one frame, but clients of this library accept only SHM_REPLY_MAX
 * bytes. */
#define SHM_REGISTRY_ENTRIES_MAX (4 * 1024 * 1024)

G_STATIC_ASSERT (sizeof (ShmRegistryHeader) <= SHM_REGISTRY_ENTRIES_AT);
G_STATIC_ASSERT (sizeof (ShmRegistryHeader) == 160);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryHeader, has_socket) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryHeader, socket) == 24);
G_STATIC_ASSERT (sizeof (ShmRegistryEntry) == 280 && _Alignof(ShmRegistryEntry) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, uid) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, device) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, inode) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, name) == 24);

static inline guint64
shm_registry_get_offset (guint64 entry)
{
  return SHM_REGISTRY_ENTRIES_AT + entry * sizeof (ShmRegistryEntry);
}

G_END_DECLS
