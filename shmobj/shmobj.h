/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The only header that programs include. */

#pragma once

#define SHMOBJ_INSIDE
#include <shmobj/shm-block-info.h>
#include <shmobj/shm-enum-types.h>
#include <shmobj/shm-enums.h>
#include <shmobj/shm-error.h>
#include <shmobj/shm-frames.h>
#include <shmobj/shm-list-model.h>
#include <shmobj/shm-lock-guard.h>
#include <shmobj/shm-manager.h>
#include <shmobj/shm-model-item.h>
#include <shmobj/shm-shareable-list.h>
#include <shmobj/shm-shared-memory.h>
#include <shmobj/shm-tracking.h>
#include <shmobj/shm-version-macros.h>
#include <shmobj/shm-version.h>
#include <shmobj/shm-waker.h>
#undef SHMOBJ_INSIDE
