/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps in which a client creates a block that the server owns:
 *
 *     begin      takes a connection
 *     announce   the server writes the block's identity into its registry (ANNOUNCE)
 *     (core)     the core publishes the block: gives the draft its name, atomically (PUBLISH)
 *     commit     the client checks in the registry that the server is alive, and that the entry
 *                still holds the block (CHECK); otherwise commit fails, and the caller unlinks the
 *                block
 *     clear      withdraws an announcement that was not committed
 *
 * If the name is taken and the core tries another name, the client withdraws the earlier
 * announcement and announces the block under the new name.
 *
 * The registry alone decides whether the server owns a block. A client that cannot read the
 * registry cannot create blocks. Because of the following order of writes, one check of the
 * registry after PUBLISH is sufficient:
 *
 *  - To remove a block, the server unlinks it; if there is nothing to unlink, it revokes the entry
 *    and tries to unlink once more. It frees the entry only after that.
 *  - To end, the server first closes its registry, which releases the lock that shows that it is
 *    alive. Then it removes all blocks. A killed server loses the lock before any sweep.
 *  - A sweep checks the lock first and removes the blocks of the entries afterwards.
 *
 * There are two cases. If CHECK comes after the revocation of the entry or after the release of the
 * lock, CHECK detects this, and the client unlinks the block. If CHECK comes before them, PUBLISH
 * came before them too. Then the server finds the block with its second unlink or while it removes
 * all blocks, or the sweep finds the block. A process removes a name only while the name has the
 * recorded identity. Therefore it does no harm if two processes try to remove the same block.
 *
 *     Event                      Moment                      Step that decides
 *     -------------------------  --------------------------  --------------------------------------
 *     client killed              before ANNOUNCE             none needed: the draft has no name
 *     client killed              ANNOUNCE to PUBLISH         server, as the connection closes: the
 *                                                            name is missing; it frees the entry
 *     client killed              after PUBLISH               server, as the connection closes: the
 *                                                            name exists; the entry stays
 *     server needs descriptor    ANNOUNCE to PUBLISH, after  CHECK: entry freed; NOT_FOUND
 *     of idle client             5 seconds at the earliest
 *     creation fails             ANNOUNCE to PUBLISH         clear: WITHDRAW frees the entry
 *     other client removes       ANNOUNCE to PUBLISH         CHECK: entry revoked; NOT_FOUND
 *     other client removes       between the server's two    server: the second unlink; CHECK may
 *                                unlinks, during PUBLISH     fail too
 *     other client removes       after PUBLISH               server: the first unlink
 *     server ends (shutdown,     before ANNOUNCE             announce: SERVER_DIED
 *     SIGTERM, starter's death)  ANNOUNCE to PUBLISH         CHECK: lock released; SERVER_DIED
 *                                after PUBLISH               server: it releases the lock before it
 *                                                            removes blocks
 *     server killed              before ANNOUNCE             announce: SERVER_DIED
 *                                ANNOUNCE to PUBLISH         CHECK: lock released; SERVER_DIED
 *                                after PUBLISH               sweep by starter, the next start, or
 *                                                            shm_manager_remove_leftovers()
 *     server, then client die    ANNOUNCE to PUBLISH         none needed: the draft has no name
 *     server, then client die    PUBLISH to CHECK, no sweep  next sweep: the registry has the
 *                                before PUBLISH              entry
 *     sweeping process killed    in the sweep                next sweep: the registry is removed
 *                                                            last
 *     starter killed             any                         server: it detects this, and ends
 *
 * One case is not covered: the server is killed after ANNOUNCE, a sweep is complete before PUBLISH,
 * and the client is killed between PUBLISH and CHECK, which are microseconds apart. The block then
 * stays until a process unlinks it. */

#pragma once

#include "core/shm-system.h"
#include "manager/client/shm-client.h"

G_BEGIN_DECLS

typedef struct
{
  ShmClient *client;
  GCancellable *cancellable; /* (nullable) */
  gpointer connection;       /* (owned) (nullable): a ShmConnection */
  char *announced;           /* (owned) (nullable): the name of the last announcement */
  ShmIdentity identity;      /* the identity of the announced block */
  gint64 entry;              /* number of the announced block's entry in the server's registry */
} ShmManagedCreation;

/* Takes or opens a connection. @client and @cancellable must outlive @self. Fails as the requests
 * of ShmClient do. */
gboolean shm_managed_creation_begin (ShmManagedCreation *self,
                                     ShmClient *client,
                                     GCancellable *cancellable,
                                     GError **error);

/* Announces a block that the caller is about to publish under @name. Does nothing for CPython's
 * server. Fails with NOT_SUPPORTED if the block is in another /dev/shm than the server, and
 * PERMISSION_DENIED if the server could not remove the block, or this process cannot read the
 * registry. */
gboolean shm_managed_creation_announce (ShmManagedCreation *self,
                                        const char *name,
                                        const ShmIdentity *identity,
                                        GError **error);

/* Checks that the server owns the published block. For CPython's server, sends the request to track
 * the block. After a failure the caller must unlink the block. Fails with NOT_FOUND if another
 * client removed the block, and SERVER_DIED if the server has ended. */
gboolean shm_managed_creation_commit (ShmManagedCreation *self, const char *name, GError **error);

void shm_managed_creation_clear (ShmManagedCreation *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ShmManagedCreation, shm_managed_creation_clear)

G_END_DECLS
