/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "program/shm-program.h"

#include "core/shm-io.h"
#include "core/shm-system-draft.h"
#include "core/shm-system-lock.h"
#include "core/shm-system-memory.h"
#include "core/shm-system-process.h"
#include "registry/shm-registry-format.h"
#include "registry/shm-registry-place.h"
#include "registry/shm-registry-reader.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many attempts to make if a registry cannot get a name. The next attempt can succeed, because
 * its draft may be of another kind, or because another process had removed the folder. */
#define BEGIN_ATTEMPTS 8

struct _ShmProgram
{
  ShmIdentity identity; /* of the registry */
  gboolean reuses_inodes;
  int fd; /* the descriptor of the life line; other code in the process can close it */
  const ShmRegistryHeader *header; /* the mapping of the life line: it keeps the lock if other code
                                    * closes @fd */
  ShmProgram *former; /* (nullable): the program to which the process belonged before */
  char *name;         /* (nullable) (atomic): the registry's name, once this process knows it */
};

/* The program of this process (atomic). NULL if there is none. */
static ShmProgram *current = NULL;

/* Life lines */

static gboolean
has_life_line (const ShmProgram *self)
{
  ShmIdentity found;
  ShmFault ignored;

  return shm_system_identify_fd (self->fd, &found, &ignored)
         && shm_identity_equal (&found, &self->identity);
}

/* Makes @fd the life line of a new structure, and takes ownership of @fd. Returns NULL on failure:
 * at LOCK with EAGAIN if another process is removing the blocks of the program. */
static ShmProgram *
hold (int fd, ShmFault *fault)
{
  ShmProgram *self = g_new0 (ShmProgram, 1);

  self->fd = fd;
  self->reuses_inodes = shm_system_reuses_inodes (fd);
  if (shm_system_identify_fd (fd, &self->identity, fault)
      && shm_system_share_number (fd, SHM_REGISTRY_LOCK, fault))
    {
      self->header = shm_system_map (fd, SHM_REGISTRY_ENTRIES_AT, FALSE, fault);
      if (self->header != NULL)
        return self;
    }

  close (fd);
  g_free (self);

  return NULL;
}

static void
free_program (ShmProgram *self)
{
  munmap ((gpointer) self->header, SHM_REGISTRY_ENTRIES_AT);
  close (self->fd);
  g_free (self->name);
  g_free (self);
}

/* Replaces the current program, unless another thread has replaced it in the meantime. */
static gboolean
replace (ShmProgram *former, ShmProgram *self)
{
  self->former = former;
  if (!g_atomic_pointer_compare_and_exchange (&current, former, self))
    return FALSE;

  /* A process that joins looks at the descriptors of this process, and must find only the current
   * program. The mapping keeps the life line of the former program. */
  if (former != NULL && has_life_line (former))
    close (former->fd);

  return TRUE;
}

/* Beginning */

/* Opens the draft for reading only. Without /proc this is not possible: then the life line is a
 * duplicate of the draft's descriptor. */
static int
open_life_line (const ShmDraft *draft, ShmFault *fault)
{
  const int fd = shm_system_reopen (draft->fd, TRUE, fault);

  return fd >= 0 || fault->errnum != ENOENT ? fd : shm_system_duplicate (draft->fd, fault);
}

/* Takes ownership of @name. */
static void
set_name (ShmProgram *self, char *name)
{
  if (!g_atomic_pointer_compare_and_exchange (&self->name, NULL, name))
    g_free (name); /* Another thread has set the same name. */
}

static gboolean
publish (ShmProgram *self, ShmDraft *draft, ShmFault *fault)
{
  g_autofree char *name = shm_registry_place_generate_for_program (&self->identity);

  if (!shm_system_draft_publish (draft, name, fault))
    return FALSE;

  set_name (self, g_steal_pointer (&name));

  return TRUE;
}

/* Writes a part of the header. Returns 0 or an errno value. */
static int
write_header (int fd, guint64 offset, gconstpointer bytes, gsize length)
{
  ShmFault fault;

  return shm_system_check_limit (SHM_REGISTRY_ENTRIES_AT, &fault)
             ? shm_io_write_all (fd, offset, bytes, length)
             : fault.errnum;
}

static ShmProgram *
create (ShmFault *fault)
{
  const ShmRegistryHeader header = { .magic = SHM_REGISTRY_MAGIC, .kind = SHM_REGISTRY_OF_PROGRAM };
  ShmDraft draft = SHM_DRAFT_INIT;
  ShmProgram *self = NULL;
  int errnum, fd;

  shm_at (PROGRAM_BEGIN);

  if (!shm_system_draft_create (&draft, 0600, fault))
    return NULL;

  /* The umask has changed the mode of the draft. */
  errnum
      = fchmod (draft.fd, 0600) == 0 ? write_header (draft.fd, 0, &header, sizeof header) : errno;
  if (errnum == 0 && !shm_system_set_size (draft.fd, SHM_REGISTRY_ENTRIES_AT, fault))
    errnum = fault->errnum;
  if (errnum != 0)
    shm_fault_set (fault, SHM_STEP_PROGRAM_BEGIN, errnum);
  else
    {
      fd = open_life_line (&draft, fault);
      self = fd >= 0 ? hold (fd, fault) : NULL;
    }

  /* A draft with a hidden name gets its name at once, so that a sweep finds it. */
  if (self != NULL && draft.hidden != NULL && !publish (self, &draft, fault))
    g_clear_pointer (&self, free_program);
  shm_system_draft_discard (&draft);

  return self;
}

/* Returns the current program. Returns NULL if there is none, or if the effective user of the
 * process has changed: then the process may not write the registry. */
static ShmProgram *
get_current (void)
{
  ShmProgram *self = g_atomic_pointer_get (&current);

  return self != NULL && self->identity.uid == geteuid () ? self : NULL;
}

/* Begins a program in the place of @former. */
static ShmProgram *
begin (ShmProgram *former, ShmFault *fault)
{
  ShmProgram *self = create (fault);

  if (self == NULL)
    return NULL;

  if (replace (former, self))
    return self;
  free_program (self);

  return g_atomic_pointer_get (&current);
}

gboolean
shm_program_begin (ShmFault *fault)
{
  return get_current () != NULL || begin (g_atomic_pointer_get (&current), fault) != NULL;
}

/* Joining */

/* Returns whether @fd is the registry of a program of this user. */
static gboolean
is_registry_of_program (int fd, const ShmIdentity *identity)
{
  return identity->uid == geteuid () && identity->is_regular
         && shm_registry_is_own (fd, SHM_REGISTRY_OF_PROGRAM);
}

typedef struct
{
  ShmProgram *found;  /* (owned) (nullable) */
  gboolean is_member; /* whether the process belongs to the program already */
  ShmFault fault;     /* why the program of a life line could not be joined; errnum is 0 if it has
                       * ended, or if there was no error */
} Joining;

/* Called for each life line of the other process. The process can also have registries of other
 * programs open, for example in shm_registry_list_owned(), but holds no shared lock on them. */
static gboolean
join_registry (int fd, gpointer user_data)
{
  Joining *joining = user_data;
  ShmProgram *own = get_current ();
  ShmIdentity identity;
  ShmFault fault;

  /* The search continues after a life line that the other process has closed in the meantime. */
  g_clear_pointer (&joining->found, free_program);

  if (!shm_system_identify_fd (fd, &identity, &fault) || !is_registry_of_program (fd, &identity))
    {
      close (fd);
      return FALSE;
    }

  joining->is_member = own != NULL && shm_identity_equal (&identity, &own->identity);
  if (joining->is_member)
    {
      close (fd);
      return TRUE;
    }

  joining->found = hold (fd, &fault);
  if (joining->found == NULL && (fault.step != SHM_STEP_LOCK || fault.errnum != EAGAIN))
    joining->fault = fault;

  return joining->found != NULL;
}

gboolean
shm_program_join (pid_t pid, ShmFault *fault)
{
  ShmProgram *former = g_atomic_pointer_get (&current);
  Joining joining = { NULL };
  int errnum;

  shm_at (PROGRAM_JOIN);

  /* The function checks, after this process has got its life line, that the other process still has
   * the file open. Otherwise the program could have ended in between. */
  errnum = shm_system_find_file_of_process (pid, SHM_REGISTRY_LOCK, join_registry, &joining);
  if (errnum == 0 && joining.is_member)
    return TRUE;
  if (errnum == 0 && replace (former, joining.found))
    return TRUE;

  g_clear_pointer (&joining.found, free_program);
  if (errnum == ENOENT && joining.fault.errnum != 0)
    {
      *fault = joining.fault;
      return FALSE;
    }

  return shm_fault_set (fault, SHM_STEP_PROGRAM_JOIN, errnum != 0 ? errnum : EBUSY);
}

/* The registry */

static void
find_name (ShmProgram *self)
{
  if (g_atomic_pointer_get (&self->name) == NULL)
    set_name (self, shm_registry_place_find_program (&self->identity));
}

/* Takes ownership of @fd. Returns -1 if it is not a descriptor of the registry. */
static int
check_registry (const ShmProgram *self, int fd, ShmIdentity *registry, ShmFault *fault)
{
  if (fd < 0
      || (shm_system_identify_fd (fd, registry, fault)
          && shm_identity_equal (registry, &self->identity)))
    return fd;

  close (fd);
  shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, ENOENT);

  return -1;
}

static int
open_by_name (ShmProgram *self, ShmIdentity *registry, ShmFault *fault)
{
  const char *name = g_atomic_pointer_get (&self->name);

  if (name != NULL)
    return check_registry (self, shm_system_open (name, FALSE, fault), registry, fault);

  shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, ENOENT);

  return -1;
}

/* Opens the registry by its name or through /proc. Opening by name takes half the time. But the
 * registry may have no name yet, or be in another folder after a chroot(). On the other hand, /proc
 * may be missing, and other code may have closed the descriptor. */
int
shm_program_open (ShmProgram *self, ShmIdentity *registry, ShmFault *fault)
{
  int fd = open_by_name (self, registry, fault);

  if (fd < 0)
    fd = check_registry (self, shm_system_open_again (self->fd, FALSE, fault), registry, fault);
  if (fd >= 0 || (fault->errnum != ENOENT && fault->errnum != EBADF))
    return fd;

  find_name (self);

  return open_by_name (self, registry, fault);
}

/* Gives the registry its name. @fd is a writable descriptor of the registry. Fails with EAGAIN if
 * this registry cannot get a name: the file system cannot link it, or another process has removed
 * its name. */
static gboolean
ensure_name (ShmProgram *self, int fd, const ShmIdentity *registry, ShmFault *fault)
{
  const guint32 was_named = TRUE;
  ShmDraft draft = { fd, NULL };
  int errnum;

  if (registry->is_named)
    return TRUE;
  if (self->header->was_named)
    return shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, EAGAIN);
  if (!publish (self, &draft, fault) && fault->errnum != EEXIST)
    return FALSE;

  errnum = write_header (fd, G_STRUCT_OFFSET (ShmRegistryHeader, was_named), &was_named,
                         sizeof was_named);

  return errnum == 0 || shm_fault_set (fault, SHM_STEP_PROGRAM_NOTE, errnum);
}

static int
open_with_name (ShmProgram *self, ShmIdentity *registry, ShmFault *fault)
{
  const int fd = shm_program_open (self, registry, fault);

  if (fd < 0)
    return -1;

  if (ensure_name (self, fd, registry, fault))
    {
      find_name (self); /* if another process has given the name */
      return fd;
    }

  close (fd);

  return -1;
}

int
shm_program_open_current (ShmProgram **program, ShmIdentity *registry, ShmFault *fault)
{
  *program = get_current ();

  for (int i = 0; i < BEGIN_ATTEMPTS; i++)
    {
      int fd;

      if (*program == NULL)
        *program = begin (g_atomic_pointer_get (&current), fault);
      if (*program == NULL)
        return -1;

      fd = open_with_name (*program, registry, fault);
      if (fd >= 0 || (fault->errnum != EAGAIN && fault->errnum != ENOENT))
        return fd;

      /* The first time, try the same registry again: another process may have removed the empty
       * folder. */
      if (i > 0)
        *program = begin (*program, fault);
    }

  return -1;
}

const char *
shm_program_get_registry_name (ShmProgram *self)
{
  return g_atomic_pointer_get (&self->name);
}

gboolean
shm_program_reuses_inodes (const ShmProgram *self)
{
  return self->reuses_inodes;
}
