/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Access to memory that other processes and threads read and write at the same time, in words of 8
 * bytes that are aligned to 8. Each word is loaded and stored atomically. The functions guarantee
 * no order unless their comment says so. The section "Memory order" of docs/reference/internals.md
 * says which order each access needs, and why. */

#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* Each access must be atomic for other processes too. On a processor without an 8-byte atomic
 * instruction, the compiler calls libatomic. The locks of libatomic are private to one process. */
G_STATIC_ASSERT (__atomic_always_lock_free (8, NULL));

/* i386 aligns guint64 to 4 bytes only, and some compilers then call libatomic. */
typedef guint64 ShmWord __attribute__ ((aligned (8)));

static inline guint64
shm_word_load (const guint64 *shared)
{
  return __atomic_load_n ((const ShmWord *) (gconstpointer) shared, __ATOMIC_RELAXED);
}

/* Makes sure that the load happens before each later load and store. If it loads a word that
 * shm_word_store_release() or shm_word_replace() has stored, the accesses before that store happen
 * before as well. */
static inline guint64
shm_word_load_acquire (const guint64 *shared)
{
  return __atomic_load_n ((const ShmWord *) (gconstpointer) shared, __ATOMIC_ACQUIRE);
}

static inline void
shm_word_store (guint64 *shared, guint64 word)
{
  __atomic_store_n ((ShmWord *) (gpointer) shared, word, __ATOMIC_RELAXED);
}

/* Makes sure that each earlier load and store happens before the store. */
static inline void
shm_word_store_release (guint64 *shared, guint64 word)
{
  __atomic_store_n ((ShmWord *) (gpointer) shared, word, __ATOMIC_RELEASE);
}

/* As shm_word_load_acquire(). All processes also see this load, and the other accesses that are
 * sequentially consistent, in one order. */
static inline guint64
shm_word_load_consistent (const guint64 *shared)
{
  return __atomic_load_n ((const ShmWord *) (gconstpointer) shared, __ATOMIC_SEQ_CST);
}

/* Replaces @expected by @word, in one atomic step that is sequentially consistent and has the order
 * of shm_word_load_acquire() and of shm_word_store_release(). Returns FALSE if @shared holds
 * another word, and then guarantees no order. */
static inline gboolean
shm_word_replace (guint64 *shared, guint64 expected, guint64 word)
{
  return __atomic_compare_exchange_n ((ShmWord *) (gpointer) shared, &expected, word, FALSE,
                                      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Stores @word and returns the word that was there before, in one atomic step with the order of
 * shm_word_load_acquire() and of shm_word_store_release(). */
static inline guint64
shm_word_exchange (guint64 *shared, guint64 word)
{
  return __atomic_exchange_n ((ShmWord *) (gpointer) shared, word, __ATOMIC_ACQ_REL);
}

static inline guint8
shm_byte_load (const guint8 *shared)
{
  return __atomic_load_n (shared, __ATOMIC_RELAXED);
}

static inline void
shm_byte_store (guint8 *shared, guint8 byte)
{
  __atomic_store_n (shared, byte, __ATOMIC_RELAXED);
}

/* Copies shared memory. @length and both addresses are multiples of 8. */
static inline void
shm_words_load (gpointer copy, gconstpointer shared, gsize length)
{
#pragma GCC unroll 4
  for (gsize i = 0; i < length / 8; i++)
    ((guint64 *) copy)[i] = shm_word_load ((const guint64 *) shared + i);
}

/* Returns a word that begins with @length bytes (1 to 7) of private memory and ends with NULs. Each
 * byte is loaded once or more, and no other byte: a memcpy() of an unknown length is a loop. */
static inline guint64
shm_word_of_bytes (const guint8 *bytes, gsize length)
{
  guint64 word;

  if (length >= 4)
    {
      guint32 first, last;

      memcpy (&first, bytes, 4);
      memcpy (&last, bytes + length - 4, 4);
      word = GUINT32_FROM_LE (first) | (guint64) GUINT32_FROM_LE (last) << 8 * (length - 4);
    }
  else
    word = bytes[0] | (guint64) bytes[length / 2] << 8 * (length / 2)
           | (guint64) bytes[length - 1] << 8 * (length - 1);

  return GUINT64_FROM_LE (word);
}

/* Copies private memory of any alignment and length to shared memory. The last word is padded with
 * NULs. */
static inline void
shm_words_store (gpointer shared, const guint8 *bytes, gsize length)
{
  guint64 *words = shared;
  const gsize n_words = length / 8;

#pragma GCC unroll 4
  for (gsize i = 0; i < n_words; i++)
    {
      guint64 word;

      memcpy (&word, bytes + 8 * i, 8);
      shm_word_store (&words[i], word);
    }

  if (length % 8 != 0)
    shm_word_store (&words[n_words], shm_word_of_bytes (bytes + 8 * n_words, length % 8));
}

/* Fills shared memory with zeros. @length is a multiple of 8. */
static inline void
shm_words_clear (gpointer shared, gsize length)
{
  for (gsize i = 0; i < length / 8; i++)
    shm_word_store ((guint64 *) shared + i, 0);
}

/* Makes the stores before the fence visible before the stores after the fence. ThreadSanitizer does
 * not support fences, and does not need them, because all accesses are atomic. */
static inline void
shm_fence_stores (void)
{
#ifdef __SANITIZE_THREAD__
  __asm__ volatile("" ::: "memory");
#else
  __atomic_thread_fence (__ATOMIC_RELEASE);
#endif
}

/* Makes sure that each load before the fence happens before each load after the fence. */
static inline void
shm_fence_loads (void)
{
#ifdef __SANITIZE_THREAD__
  __asm__ volatile("" ::: "memory");
#else
  __atomic_thread_fence (__ATOMIC_ACQUIRE);
#endif
}

G_END_DECLS
