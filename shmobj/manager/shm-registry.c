/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "manager/shm-registry.h"

#include "core/shm-io.h"
#include "core/shm-random.h"
#include "core/shm-system-draft.h"
#include "core/shm-system-list.h"
#include "core/shm-system-lock.h"
#include "core/shm-system-memory.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number that a live server claims. */
#define CLAIM 1

#define MAGIC "shmobj registry1"

typedef struct
{
  char magic[16];
  guint32 has_socket; /* written last */
  guint32 reserved;
  ShmSocketFile socket;
} Header;

enum
{
  STATE_FREE,
  STATE_NOTED,
  STATE_REVOKED,
};

typedef struct
{
  guint32 state;
  guint32 uid;
  guint64 device;
  guint64 inode;
  char name[SHM_NAME_MAX + 1];
} Entry;

#define ENTRIES_AT 256

/* Nobody is to read a hollow file for ever, and the names of all fit into one message. */
#define ENTRIES_MAX (4 * 1024 * 1024)

G_STATIC_ASSERT (sizeof (Header) <= ENTRIES_AT);
G_STATIC_ASSERT (sizeof (Entry) == 280);

struct _ShmRegistry
{
  int fd;
  char *name; /* (owned) */
  ShmIdentity identity;
  guint64 n_entries;
  GArray *unused; /* (element-type guint64): entries that were taken back */
};

static guint64
offset_of (guint64 entry)
{
  return ENTRIES_AT + entry * sizeof (Entry);
}

static gboolean
put (ShmRegistry *self, guint64 offset, gconstpointer bytes, gsize length, ShmFault *fault)
{
  const int errnum = shm_io_write_all (self->fd, offset, bytes, length);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_REGISTRY, errnum);
}

static gboolean
get (int fd, guint64 offset, gpointer bytes, gsize length)
{
  gssize n;

  do
    n = pread (fd, bytes, length, offset);
  while (n < 0 && errno == EINTR);

  return n >= 0 && (gsize) n == length;
}

/* Writing */

static gboolean
publish (ShmRegistry *self, ShmDraft *draft, ShmFault *fault)
{
  /* Of 2^64 names no two are the same. */
  self->name = g_strdup_printf (SHM_REGISTRY_PREFIX "%016" G_GINT64_MODIFIER "x",
                                shm_random_get_uint64 ());

  return shm_system_draft_publish (draft, self->name, fault);
}

static ShmRegistry *
create_once (ShmFault *fault)
{
  g_autoptr (ShmRegistry) self = g_new0 (ShmRegistry, 1);
  const Header header = { .magic = MAGIC };
  ShmDraft draft = SHM_DRAFT_INIT;

  shm_at (REGISTRY);

  self->fd = -1;
  self->unused = g_array_new (FALSE, FALSE, sizeof (guint64));

  if (!shm_system_draft_create (&draft, 0600, fault))
    return NULL;

  self->fd = draft.fd;
  if (fchmod (self->fd, 0600) < 0)
    shm_fault_set (fault, SHM_STEP_REGISTRY, errno);
  else if (put (self, 0, &header, sizeof header, fault)
           && shm_system_identify_fd (self->fd, &self->identity, fault)
           && shm_system_lock_number (self->fd, CLAIM, fault) && publish (self, &draft, fault))
    return g_steal_pointer (&self);

  self->fd = -1;
  shm_system_draft_discard (&draft);

  return NULL;
}

ShmRegistry *
shm_registry_create (ShmFault *fault)
{
  ShmRegistry *self;

  /* As with blocks: another kind of draft, when the system can't name this one. */
  do
    self = create_once (fault);
  while (self == NULL && fault->step == SHM_STEP_PUBLISH && fault->errnum == EAGAIN);

  return self;
}

void
shm_registry_close (ShmRegistry *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
shm_registry_free (ShmRegistry *self)
{
  ShmFault ignored;

  shm_registry_close (self);
  if (self->name != NULL)
    shm_system_remove (self->name, &self->identity, &ignored);
  g_array_unref (self->unused);
  g_free (self->name);
  g_free (self);
}

const char *
shm_registry_get_name (ShmRegistry *self)
{
  return self->name;
}

guint64
shm_registry_get_device (ShmRegistry *self)
{
  return self->identity.device;
}

gboolean
shm_registry_note_socket (ShmRegistry *self, const ShmSocketFile *socket, ShmFault *fault)
{
  const guint32 has_socket = TRUE;

  return put (self, G_STRUCT_OFFSET (Header, socket), socket, sizeof *socket, fault)
         && put (self, G_STRUCT_OFFSET (Header, has_socket), &has_socket, sizeof has_socket, fault);
}

static gboolean
set_state (ShmRegistry *self, guint64 entry, guint32 state, ShmFault *fault)
{
  return put (self, offset_of (entry) + G_STRUCT_OFFSET (Entry, state), &state, sizeof state,
              fault);
}

gboolean
shm_registry_note (ShmRegistry *self,
                   const char *name,
                   const ShmIdentity *identity,
                   guint64 *entry,
                   ShmFault *fault)
{
  Entry noted = { .uid = identity->uid, .device = identity->device, .inode = identity->inode };
  const gboolean is_reused = self->unused->len > 0;
  const guint64 free_entry
      = is_reused ? g_array_index (self->unused, guint64, self->unused->len - 1) : self->n_entries;

  shm_at (REGISTRY);

  if (free_entry >= ENTRIES_MAX)
    return shm_fault_set (fault, SHM_STEP_REGISTRY, ENOSPC);

  g_strlcpy (noted.name, name, sizeof noted.name);
  if (!shm_system_check_limit (offset_of (free_entry + 1), fault)
      || !put (self, offset_of (free_entry), &noted, sizeof noted, fault)
      || !set_state (self, free_entry, STATE_NOTED, fault))
    return FALSE;

  if (is_reused)
    g_array_set_size (self->unused, self->unused->len - 1);
  else
    self->n_entries++;
  *entry = free_entry;

  return TRUE;
}

void
shm_registry_drop (ShmRegistry *self, guint64 entry)
{
  ShmFault ignored;

  /* Writing over what is there can't fail for lack of space. */
  set_state (self, entry, STATE_FREE, &ignored);
  g_array_append_val (self->unused, entry);
}

void
shm_registry_revoke (ShmRegistry *self, guint64 entry)
{
  ShmFault ignored;

  set_state (self, entry, STATE_REVOKED, &ignored);
}

void
shm_registry_restore (ShmRegistry *self, guint64 entry)
{
  ShmFault ignored;

  set_state (self, entry, STATE_NOTED, &ignored);
}

/* Reading */

static gboolean
is_ours (int fd, Header *header)
{
  struct stat info;

  return fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_uid == geteuid ()
         && (info.st_mode & 0777) == 0600 && info.st_nlink <= 1
         && get (fd, 0, header, sizeof *header)
         && memcmp (header->magic, MAGIC, sizeof header->magic) == 0;
}

int
shm_registry_open (const char *name, ShmFault *fault)
{
  Header header;
  int fd;

  if (!g_str_has_prefix (name, SHM_REGISTRY_PREFIX)
      || shm_name_check_existing (name, fault) == NULL)
    {
      shm_fault_set (fault, SHM_STEP_REGISTRY, EPERM);
      return -1;
    }

  fd = shm_system_open (name, TRUE, fault);
  if (fd >= 0 && !is_ours (fd, &header))
    {
      close (fd);
      shm_fault_set (fault, SHM_STEP_REGISTRY, EPERM);
      fd = -1;
    }

  return fd;
}

gboolean
shm_registry_is_live (int fd)
{
  return shm_system_is_number_locked (fd, CLAIM);
}

gboolean
shm_registry_notes (int fd, guint64 entry, const ShmIdentity *identity)
{
  Entry found;

  return entry < ENTRIES_MAX && get (fd, offset_of (entry), &found, sizeof found)
         && found.state == STATE_NOTED && found.inode == identity->inode
         && found.device == identity->device;
}

/* The block that entry @i notes. FALSE for none; @is_end tells whether there are more. */
static gboolean
read_entry (int fd, guint64 i, char name[SHM_NAME_MAX + 1], ShmIdentity *identity, gboolean *is_end)
{
  Entry entry;
  ShmFault ignored;

  *is_end = i >= ENTRIES_MAX || !get (fd, offset_of (i), &entry, sizeof entry);
  if (*is_end || entry.state == STATE_FREE || memchr (entry.name, '\0', sizeof entry.name) == NULL
      || shm_name_check_existing (entry.name, &ignored) != entry.name
      || g_str_has_prefix (entry.name, SHM_NAME_RESERVED_PREFIX))
    return FALSE;

  memcpy (name, entry.name, sizeof entry.name);
  *identity = (ShmIdentity){
    .device = entry.device,
    .inode = entry.inode,
    .uid = entry.uid,
    .is_regular = TRUE,
  };

  return TRUE;
}

/* Sweeping */

static guint
hash_identity (gconstpointer key)
{
  const ShmIdentity *identity = key;

  return g_int64_hash (&identity->inode);
}

static gboolean
equal_identities (gconstpointer a, gconstpointer b)
{
  return shm_identity_equal (a, b);
}

/* All registries that were found: descriptors of the dead, and what the living own. */
typedef struct
{
  GHashTable *owned; /* (owned) (element-type ShmIdentity) */
  GPtrArray *dead;   /* (owned) (element-type utf8): names */
  ShmFault fault;    /* why one could not be looked at; errnum is 0 if all could */
} Survey;

static void
survey_clear (Survey *self)
{
  g_clear_pointer (&self->owned, g_hash_table_unref);
  g_clear_pointer (&self->dead, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Survey, survey_clear)

/* Whether a failure to open it says that it is none of ours, or gone. */
static gboolean
is_no_registry (const ShmFault *fault)
{
  return fault->errnum == EPERM || fault->errnum == EACCES || fault->errnum == ENOENT
         || fault->errnum == ENODEV;
}

static void
look_at_registry (const char *name, const ShmIdentity *identity, gpointer user_data)
{
  Survey *survey = user_data;
  char noted[SHM_NAME_MAX + 1];
  ShmIdentity block;
  ShmFault fault;
  gboolean is_end = FALSE;
  int fd;

  /* Another user could make opening his fail as he likes. */
  if (identity->uid != geteuid ())
    return;

  fd = shm_registry_open (name, &fault);
  if (fd < 0)
    {
      if (!is_no_registry (&fault))
        survey->fault = fault;
      return;
    }

  if (shm_registry_is_live (fd))
    {
      for (guint64 i = 0; !is_end; i++)
        if (read_entry (fd, i, noted, &block, &is_end))
          g_hash_table_add (survey->owned, g_memdup2 (&block, sizeof block));
    }
  else
    g_ptr_array_add (survey->dead, g_strdup (name));

  close (fd);
}

static gboolean
survey_init (Survey *self, ShmFault *fault)
{
  self->owned = g_hash_table_new_full (hash_identity, equal_identities, g_free, NULL);
  self->dead = g_ptr_array_new_with_free_func (g_free);

  if (!shm_system_list_reserved (SHM_REGISTRY_PREFIX, look_at_registry, self, fault))
    return FALSE;

  /* What it notes might be what another leaves. */
  if (self->fault.errnum != 0)
    {
      *fault = self->fault;
      return FALSE;
    }

  return TRUE;
}

static guint
sweep (const char *name, int fd, const Survey *survey)
{
  char noted[SHM_NAME_MAX + 1];
  ShmIdentity block, registry;
  ShmFault ignored;
  Header header;
  gboolean is_end = FALSE;
  guint n_removed = 0;

  if (shm_registry_is_live (fd) || !is_ours (fd, &header))
    return 0;

  for (guint64 i = 0; !is_end; i++)
    if (read_entry (fd, i, noted, &block, &is_end) && !g_hash_table_contains (survey->owned, &block)
        && shm_system_remove (noted, &block, &ignored))
      n_removed++;

  if (header.has_socket)
    shm_socket_file_remove (&header.socket);
  if (shm_system_identify_fd (fd, &registry, &ignored))
    shm_system_remove (name, &registry, &ignored);

  return n_removed;
}

gboolean
shm_registry_sweep (const char *name, int fd, ShmFault *fault)
{
  g_auto (Survey) survey = { NULL };

  if (!survey_init (&survey, fault))
    return FALSE;

  sweep (name, fd, &survey);

  return TRUE;
}

gboolean
shm_registry_sweep_all (guint *n_removed, ShmFault *fault)
{
  g_auto (Survey) survey = { NULL };

  *n_removed = 0;
  if (!survey_init (&survey, fault))
    return FALSE;

  for (guint i = 0; i < survey.dead->len; i++)
    {
      const char *name = g_ptr_array_index (survey.dead, i);
      ShmFault ignored;
      const int fd = shm_registry_open (name, &ignored);

      if (fd < 0)
        continue;
      *n_removed += sweep (name, fd, &survey);
      close (fd);
    }

  return TRUE;
}
