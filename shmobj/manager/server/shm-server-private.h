/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Definitions that the files shm-server*.c share. */

#pragma once

#include "manager/server/shm-admission.h"
#include "manager/server/shm-listener.h"
#include "manager/server/shm-peer.h"
#include "manager/server/shm-server.h"

G_BEGIN_DECLS

struct _ShmServer
{
  GBytes *key; /* (owned) */
  gboolean allow_md5;
  gboolean allow_other_users;
  ShmListener listener;
  ShmAdmission admission;
  ShmRegistry *registry;  /* (unowned) */
  ShmOwnedBlocks *blocks; /* (owned) */
  gboolean has_ended;     /* after the shutdown, the server answers no more requests */
  const ShmServerFuncs *funcs;
  gpointer user_data;
};

/* Carries out the request in @body and appends the reply to @out. */
void shm_server_handle_request (ShmServer *self,
                                ShmPeer *peer,
                                const guint8 *body,
                                gsize length,
                                GByteArray *out);

G_END_DECLS
