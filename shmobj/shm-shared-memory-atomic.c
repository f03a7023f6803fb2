/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Atomic operations on the integers of a block. They have the names and the meaning of the
 * functions of ECMAScript's Atomics. */

#include "config.h"

#include "shm-shared-memory-private.h"

/* The operations must also be atomic for other processes, which the locks of libatomic are not. On
 * i386, a gint64 outside of a block can have an alignment of 4. */
G_STATIC_ASSERT (__atomic_always_lock_free (4, NULL) && __atomic_always_lock_free (8, NULL));

typedef gint32 Int32;
typedef gint64 Int64 __attribute__ ((aligned (8)));

#define DEFINE_LOAD(bits)                                                                          \
  gint##bits shm_shared_memory_atomic_load_int##bits (ShmSharedMemory *self, guint64 offset,       \
                                                      GError **error)                              \
  {                                                                                                \
    g_autoptr (ShmBlockUse) use = NULL;                                                            \
    const Int##bits *integer;                                                                      \
                                                                                                   \
    g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);                                         \
    g_return_val_if_fail (error == NULL || *error == NULL, 0);                                     \
                                                                                                   \
    use = shm_shared_memory_enter (self, error);                                                   \
    if (use == NULL)                                                                               \
      return 0;                                                                                    \
                                                                                                   \
    integer = shm_shared_memory_find_aligned (self, use, offset, sizeof *integer, FALSE, error);   \
                                                                                                   \
    return integer != NULL ? __atomic_load_n (integer, __ATOMIC_SEQ_CST) : 0;                      \
  }

/* Defines a function that returns the previous value. */
#define DEFINE_EXCHANGE(name, builtin, bits)                                                       \
  gint##bits shm_shared_memory_atomic_##name##_int##bits (ShmSharedMemory *self, guint64 offset,   \
                                                          gint##bits value, GError **error)        \
  {                                                                                                \
    g_autoptr (ShmBlockUse) use = NULL;                                                            \
    Int##bits *integer;                                                                            \
                                                                                                   \
    g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);                                         \
    g_return_val_if_fail (error == NULL || *error == NULL, 0);                                     \
                                                                                                   \
    use = shm_shared_memory_enter (self, error);                                                   \
    if (use == NULL)                                                                               \
      return 0;                                                                                    \
                                                                                                   \
    integer = shm_shared_memory_find_aligned (self, use, offset, sizeof *integer, TRUE, error);    \
                                                                                                   \
    return integer != NULL ? builtin (integer, value, __ATOMIC_SEQ_CST) : 0;                       \
  }

#define DEFINE_STORE(bits)                                                                         \
  gboolean shm_shared_memory_atomic_store_int##bits (ShmSharedMemory *self, guint64 offset,        \
                                                     gint##bits value, GError **error)             \
  {                                                                                                \
    g_autoptr (ShmBlockUse) use = NULL;                                                            \
    Int##bits *integer;                                                                            \
                                                                                                   \
    g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), FALSE);                                     \
    g_return_val_if_fail (error == NULL || *error == NULL, FALSE);                                 \
                                                                                                   \
    use = shm_shared_memory_enter (self, error);                                                   \
    if (use == NULL)                                                                               \
      return FALSE;                                                                                \
                                                                                                   \
    integer = shm_shared_memory_find_aligned (self, use, offset, sizeof *integer, TRUE, error);    \
    if (integer != NULL)                                                                           \
      __atomic_store_n (integer, value, __ATOMIC_SEQ_CST);                                         \
                                                                                                   \
    return integer != NULL;                                                                        \
  }

#define DEFINE_COMPARE_EXCHANGE(bits)                                                              \
  gint##bits shm_shared_memory_atomic_compare_exchange_int##bits (ShmSharedMemory *self,           \
                                                                  guint64 offset,                  \
                                                                  gint##bits expected,             \
                                                                  gint##bits replacement,          \
                                                                  GError **error)                  \
  {                                                                                                \
    g_autoptr (ShmBlockUse) use = NULL;                                                            \
    Int##bits *integer;                                                                            \
                                                                                                   \
    g_return_val_if_fail (SHM_IS_SHARED_MEMORY (self), 0);                                         \
    g_return_val_if_fail (error == NULL || *error == NULL, 0);                                     \
                                                                                                   \
    use = shm_shared_memory_enter (self, error);                                                   \
    if (use == NULL)                                                                               \
      return 0;                                                                                    \
                                                                                                   \
    integer = shm_shared_memory_find_aligned (self, use, offset, sizeof *integer, TRUE, error);    \
    if (integer == NULL)                                                                           \
      return 0;                                                                                    \
                                                                                                   \
    /* If the values differ, this call stores the value of the block in @expected. */              \
    __atomic_compare_exchange_n (integer, &expected, replacement, FALSE, __ATOMIC_SEQ_CST,         \
                                 __ATOMIC_SEQ_CST);                                                \
                                                                                                   \
    return expected;                                                                               \
  }

/**
 * shm_shared_memory_atomic_load_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @error: return location for an error
 *
 * Reads a signed 32-bit integer.
 *
 * All functions with `atomic` in their names are atomic and sequentially consistent for all
 * threads of all processes that map the block: all of them see the operations in one order, and
 * what a thread wrote to the block before its operation is visible to a thread that has seen the
 * result of the operation. The functions never wait. Other programs take part with the atomic
 * operations of their language, on aligned integers in the byte order of the machine.
 *
 * It fails with [error@Shm.Error.MISALIGNED], [error@Shm.Error.OUT_OF_RANGE],
 * [error@Shm.Error.CLOSED] or, if the block cannot be mapped, [error@Shm.Error.NO_SPACE]. It
 * raises `SIGBUS` if another process has truncated the block.
 *
 * Returns: the integer; 0 on error
 *
 * Since: 1.0
 */
DEFINE_LOAD (32)

/**
 * shm_shared_memory_atomic_store_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the new value
 * @error: return location for an error
 *
 * Writes a signed 32-bit integer.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the integer was written
 *
 * Since: 1.0
 */
DEFINE_STORE (32)

/**
 * shm_shared_memory_atomic_add_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the number to add
 * @error: return location for an error
 *
 * Adds a number to a signed 32-bit integer. A result that does not fit wraps around.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (add, __atomic_fetch_add, 32)

/**
 * shm_shared_memory_atomic_sub_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the number to subtract
 * @error: return location for an error
 *
 * Subtracts a number from a signed 32-bit integer. A result that does not fit wraps around.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (sub, __atomic_fetch_sub, 32)

/**
 * shm_shared_memory_atomic_and_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the other operand
 * @error: return location for an error
 *
 * Stores the bitwise AND of a 32-bit integer and a number.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (and, __atomic_fetch_and, 32)

/**
 * shm_shared_memory_atomic_or_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the other operand
 * @error: return location for an error
 *
 * Stores the bitwise OR of a 32-bit integer and a number.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (or, __atomic_fetch_or, 32)

/**
 * shm_shared_memory_atomic_xor_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the other operand
 * @error: return location for an error
 *
 * Stores the bitwise exclusive OR of a 32-bit integer and a number.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (xor, __atomic_fetch_xor, 32)

/**
 * shm_shared_memory_atomic_exchange_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the new value
 * @error: return location for an error
 *
 * Replaces a signed 32-bit integer.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (exchange, __atomic_exchange_n, 32)

/**
 * shm_shared_memory_atomic_compare_exchange_int32:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @expected: the value to compare with
 * @replacement: the new value
 * @error: return location for an error
 *
 * Replaces a signed 32-bit integer if it has the value @expected.
 *
 * The integer was replaced if and only if the result equals @expected. A result of 0 can also be
 * an error, so pass @error if @expected can be 0.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int32] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_COMPARE_EXCHANGE (32)

/**
 * shm_shared_memory_atomic_load_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @error: return location for an error
 *
 * Reads a signed 64-bit integer. [method@Shm.SharedMemory.atomic_load_int32] describes the order
 * of the operations and the errors.
 *
 * Returns: the integer; 0 on error
 *
 * Since: 1.0
 */
DEFINE_LOAD (64)

/**
 * shm_shared_memory_atomic_store_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the new value
 * @error: return location for an error
 *
 * Writes a signed 64-bit integer.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: %TRUE if the integer was written
 *
 * Since: 1.0
 */
DEFINE_STORE (64)

/**
 * shm_shared_memory_atomic_add_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the number to add
 * @error: return location for an error
 *
 * Adds a number to a signed 64-bit integer. A result that does not fit wraps around.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (add, __atomic_fetch_add, 64)

/**
 * shm_shared_memory_atomic_sub_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the number to subtract
 * @error: return location for an error
 *
 * Subtracts a number from a signed 64-bit integer. A result that does not fit wraps around.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (sub, __atomic_fetch_sub, 64)

/**
 * shm_shared_memory_atomic_and_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the other operand
 * @error: return location for an error
 *
 * Stores the bitwise AND of a 64-bit integer and a number.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (and, __atomic_fetch_and, 64)

/**
 * shm_shared_memory_atomic_or_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the other operand
 * @error: return location for an error
 *
 * Stores the bitwise OR of a 64-bit integer and a number.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (or, __atomic_fetch_or, 64)

/**
 * shm_shared_memory_atomic_xor_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the other operand
 * @error: return location for an error
 *
 * Stores the bitwise exclusive OR of a 64-bit integer and a number.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (xor, __atomic_fetch_xor, 64)

/**
 * shm_shared_memory_atomic_exchange_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @value: the new value
 * @error: return location for an error
 *
 * Replaces a signed 64-bit integer.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_EXCHANGE (exchange, __atomic_exchange_n, 64)

/**
 * shm_shared_memory_atomic_compare_exchange_int64:
 * @self: a block
 * @offset: the offset of the integer in bytes, a multiple of its size
 * @expected: the value to compare with
 * @replacement: the new value
 * @error: return location for an error
 *
 * Replaces a signed 64-bit integer if it has the value @expected.
 *
 * The integer was replaced if and only if the result equals @expected. A result of 0 can also be
 * an error, so pass @error if @expected can be 0.
 *
 * It fails as [method@Shm.SharedMemory.atomic_load_int64] does, and with
 * [error@Shm.Error.READ_ONLY].
 *
 * Returns: the integer before the operation; 0 on error
 *
 * Since: 1.0
 */
DEFINE_COMPARE_EXCHANGE (64)
