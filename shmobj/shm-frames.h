/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SHMOBJ_INSIDE) && !defined(SHMOBJ_COMPILATION)
#error "Only <shmobj/shmobj.h> can be included directly."
#endif

#include <shmobj/shm-shared-memory.h>

G_BEGIN_DECLS

#define SHM_TYPE_FRAMES (shm_frames_get_type ())

SHM_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (ShmFrames, shm_frames, SHM, FRAMES, GObject)

#define SHM_TYPE_FRAME (shm_frame_get_type ())

typedef struct _ShmFrame ShmFrame;

/* Creating and attaching */

SHM_AVAILABLE_IN_1_0
guint64 shm_frames_get_block_size (guint64 frame_size, guint n_slots);
SHM_AVAILABLE_IN_1_0
ShmFrames *shm_frames_create (const char *name,
                              guint64 frame_size,
                              guint n_slots,
                              ShmCreateFlags flags,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmFrames *shm_frames_create_anonymous (guint64 frame_size,
                                        guint n_slots,
                                        ShmCreateFlags flags,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmFrames *shm_frames_create_in (ShmSharedMemory *shared_memory,
                                 guint64 frame_size,
                                 guint n_slots,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmFrames *shm_frames_attach (const char *name,
                              ShmAttachFlags flags,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
ShmFrames *shm_frames_new_for_shared_memory (ShmSharedMemory *shared_memory,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
gboolean shm_frames_close (ShmFrames *self, GError **error);

SHM_AVAILABLE_IN_1_0
ShmSharedMemory *shm_frames_get_shared_memory (ShmFrames *self);
SHM_AVAILABLE_IN_1_0
guint64 shm_frames_get_frame_size (ShmFrames *self);
SHM_AVAILABLE_IN_1_0
guint shm_frames_get_n_slots (ShmFrames *self);

/* Writing */

SHM_AVAILABLE_IN_1_0
gboolean shm_frames_begin (ShmFrames *self, guint64 *offset, GError **error);
SHM_AVAILABLE_IN_1_0
guint64 shm_frames_publish (ShmFrames *self, GError **error);
SHM_AVAILABLE_IN_1_0
void shm_frames_discard (ShmFrames *self);
SHM_AVAILABLE_IN_1_0
guint64 shm_frames_write (ShmFrames *self, GBytes *frame, GError **error);

/* Reading */

SHM_AVAILABLE_IN_1_0
guint64 shm_frames_get_number (ShmFrames *self, GError **error);
SHM_AVAILABLE_IN_1_0
guint64 shm_frames_wait (ShmFrames *self,
                         guint64 seen,
                         gint64 timeout,
                         GCancellable *cancellable,
                         GError **error);
SHM_AVAILABLE_IN_1_0
void shm_frames_wait_async (ShmFrames *self,
                            guint64 seen,
                            gint64 timeout,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
SHM_AVAILABLE_IN_1_0
guint64 shm_frames_wait_finish (ShmFrames *self, GAsyncResult *result, GError **error);
SHM_AVAILABLE_IN_1_0
ShmFrame *shm_frames_acquire (ShmFrames *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SHM_AVAILABLE_IN_1_0
GBytes *
shm_frames_read (ShmFrames *self, guint64 *number, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A frame in use */

SHM_AVAILABLE_IN_1_0
GType shm_frame_get_type (void) G_GNUC_CONST;
SHM_AVAILABLE_IN_1_0
ShmFrame *shm_frame_ref (ShmFrame *self);
SHM_AVAILABLE_IN_1_0
void shm_frame_unref (ShmFrame *self);
SHM_AVAILABLE_IN_1_0
void shm_frame_release (ShmFrame *self);
SHM_AVAILABLE_IN_1_0
ShmFrames *shm_frame_get_frames (ShmFrame *self);
SHM_AVAILABLE_IN_1_0
guint64 shm_frame_get_number (ShmFrame *self);
SHM_AVAILABLE_IN_1_0
guint64 shm_frame_get_offset (ShmFrame *self);
SHM_AVAILABLE_IN_1_0
GBytes *shm_frame_get_live_bytes (ShmFrame *self) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShmFrame, shm_frame_unref)

G_END_DECLS
