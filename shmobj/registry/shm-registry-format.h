/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The registry: a file that lists the blocks of one manager or of one program, so that another
 * process can remove them. shm-registry-place.h says where registries lie.
 *
 * The file has a header, and then entries of a fixed size. The state of an entry says whether the
 * entry is valid. The state is the last member of an entry: if a process is killed while it writes
 * a free entry, the entry stays free.
 *
 * Processes that use a registry hold open file description locks on SHM_REGISTRY_LOCK. The kernel
 * releases the locks when these processes die. When no process holds a lock, every process of the
 * same user may remove the blocks that the registry lists. A process removes a block only while its
 * name has the recorded device, inode and owner, so that several processes can do this at once.
 *
 * There are two kinds of registries:
 *
 *  - The registry of a manager. Only its server writes it, and holds the lock exclusively. The
 *    server takes the lock before it publishes the file. Other users can read the file if and only
 *    if the server allows other users: see shm-registry.h.
 *  - The registry of a program. Each process of the program writes it, and holds the lock as a
 *    shared lock: see program/shm-program.h. Another process can join the program at any time, so
 *    a process that removes the blocks holds the lock exclusively meanwhile.
 *
 * Only the user to whom a registry belongs can write the file.
 */

#pragma once

#include "core/shm-name.h"
#include "core/shm-system.h"
#include "registry/shm-registry-steps.h"
#include "registry/shm-socket-file.h"

G_BEGIN_DECLS

#define SHM_REGISTRY_MAGIC "shmobj registry" /* 16 bytes with the NUL */

/* The numbers for locks on a registry, see core/shm-system-lock.h. */
#define SHM_REGISTRY_LOCK         1 /* held as long as a server or a process of a program lives */
#define SHM_REGISTRY_TRACKER_LOCK 2 /* held by the tracker of a program */

/* The number for the lock on an entry in the registry of a program: see
 * program/shm-program-notes.h. */
#define SHM_REGISTRY_ENTRY_LOCK(entry) (16 + (entry))

typedef enum
{
  SHM_REGISTRY_OF_MANAGER,
  SHM_REGISTRY_OF_PROGRAM,
} ShmRegistryKind;

/* The structures in the file have the same size, alignment and offsets in 32-bit and in 64-bit
 * programs: a 32-bit client reads the registry of a 64-bit server, and each program sweeps the
 * registries of all programs of its user. */

typedef struct
{
  char magic[16];
  guint32 has_socket; /* whether @socket is valid; written last */
  guint32 kind;       /* a ShmRegistryKind */
  ShmSocketFile socket;
  guint32 was_named; /* program: whether the registry has, or had, a name */
  guint32 reserved;
} ShmRegistryHeader;

typedef enum
{
  SHM_REGISTRY_FREE,
  SHM_REGISTRY_OWNED,
  SHM_REGISTRY_REVOKED, /* manager: a sweep still removes the block, but the client that creates the
                         * block no longer finds the entry */
} ShmRegistryState;

typedef struct
{
  _Alignas(8) guint64 device;
  guint64 inode;
  char name[SHM_NAME_MAX + 1];
  guint32 uid;
  guint32 state; /* a ShmRegistryState */
} ShmRegistryEntry;

#define SHM_REGISTRY_ENTRIES_AT 256

/* A limit for readers, so that a sparse file of enormous size does not keep them busy. The names of
 * so many blocks still fit into one frame, but clients of this library accept only SHM_REPLY_MAX
 * bytes. */
#define SHM_REGISTRY_ENTRIES_MAX (4 * 1024 * 1024)

G_STATIC_ASSERT (sizeof (ShmRegistryHeader) <= SHM_REGISTRY_ENTRIES_AT);
G_STATIC_ASSERT (sizeof (ShmRegistryHeader) == 168);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryHeader, has_socket) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryHeader, kind) == 20);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryHeader, socket) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryHeader, was_named) == 160);
G_STATIC_ASSERT (sizeof (ShmRegistryEntry) == 280 && _Alignof(ShmRegistryEntry) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, inode) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, name) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, uid) == 272);
G_STATIC_ASSERT (G_STRUCT_OFFSET (ShmRegistryEntry, state) == 276);

static inline guint64
shm_registry_get_offset (guint64 entry)
{
  return SHM_REGISTRY_ENTRIES_AT + entry * sizeof (ShmRegistryEntry);
}

G_END_DECLS
