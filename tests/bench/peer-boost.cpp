/* SPDX-FileCopyrightText: 2026 The shmobj contributors */
/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "harness.h"
#include "peers.h"

#include <algorithm>
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/containers/string.hpp>
#include <boost/interprocess/containers/vector.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <boost/interprocess/shared_memory_object.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <cstring>
#include <string>
#include <unistd.h>
#include <vector>

namespace bi = boost::interprocess;

using Segment = bi::managed_shared_memory;
template<typename T> using Allocator = bi::allocator<T, Segment::segment_manager>;
template<typename T> using Vector = bi::vector<T, Allocator<T>>;
using Text = bi::basic_string<char, std::char_traits<char>, Allocator<char>>;
using Lock = bi::scoped_lock<bi::interprocess_mutex>;

/* Blocks */

void
boost_create (const char *name, gsize size)
{
  {
    bi::shared_memory_object memory (bi::create_only, name, bi::read_write);

    memory.truncate (size);

    bi::mapped_region region (memory, bi::read_write);

    *static_cast<char *> (region.get_address ()) = 1;
  }
  bi::shared_memory_object::remove (name);
}

void
boost_attach (const char *name)
{
  bi::shared_memory_object memory (bi::open_only, name, bi::read_write);
  bi::mapped_region region (memory, bi::read_write);

  bench_result = *static_cast<volatile char *> (region.get_address ());
}

void
boost_create_managed (const char *name, gsize size)
{
  {
    Segment segment (bi::create_only, name, size);

    segment.construct<gint64> ("number") (1);
    bench_result = *segment.find<gint64> ("number").first;
  }
  bi::shared_memory_object::remove (name);
}

/* Lists */

struct List
{
  bi::interprocess_mutex mutex;
  Vector<gint64> numbers;
  Vector<double> doubles;
  Vector<Text> texts;

  List (Segment::segment_manager *manager) : numbers (manager), doubles (manager), texts (manager)
  {
  }
};

static std::string segment_name;
static Segment *segment;
static List *list;
static std::string long_text;
static const guint32 *order;
static gsize length;

static List *
fill_list (Segment &where, gsize n)
{
  List *filled = where.construct<List> ("list") (where.get_segment_manager ());

  filled->numbers.reserve (n);
  for (gsize i = 0; i < n; i++)
    filled->numbers.push_back (i);

  return filled;
}

static gsize
get_segment_size (gsize n)
{
  return 65536 + 8 * n;
}

void
boost_list_open (gsize n, const char *text, const guint32 *indices)
{
  segment_name = "shmobj-bench-boost-" + std::to_string (getpid ());
  long_text = text;
  order = indices;
  length = n;
  segment = new Segment (bi::create_only, segment_name.c_str (), get_segment_size (n));
  list = fill_list (*segment, n);
  list->doubles.push_back (2.5);
  list->texts.push_back (Text ("howdy", segment->get_segment_manager ()));
  list->texts.push_back (Text (text, segment->get_segment_manager ()));
}

void
boost_list_close (void)
{
  delete segment;
  bi::shared_memory_object::remove (segment_name.c_str ());
}

#define REPEAT(function, statement)                                                                \
  void function (gsize n)                                                                          \
  {                                                                                                \
    for (gsize i = 0; i < n; i++)                                                                  \
      {                                                                                            \
        statement;                                                                                 \
      }                                                                                            \
  }

static inline void
get_number (gsize index)
{
  Lock lock (list->mutex);

  bench_result = list->numbers.at (index);
}

static inline void
set_number (gsize index, gint64 value)
{
  Lock lock (list->mutex);

  list->numbers.at (index) = value;
}

static inline void
get_double (void)
{
  Lock lock (list->mutex);

  bench_result = list->doubles.at (0);
}

static inline void
set_double (void)
{
  Lock lock (list->mutex);

  list->doubles.at (0) = 2.5;
}

static inline void
get_text (gsize index)
{
  Lock lock (list->mutex);
  const std::string copy (list->texts.at (index).data (), list->texts[index].size ());

  bench_result = copy[0];
}

static inline void
set_text (gsize index, const char *text)
{
  Lock lock (list->mutex);

  list->texts.at (index) = text;
}

static inline void
count_last (void)
{
  Lock lock (list->mutex);

  bench_result = std::count (list->numbers.begin (), list->numbers.end (), gint64 (length - 1));
}

static inline void
find_last (void)
{
  Lock lock (list->mutex);

  bench_result = *std::find (list->numbers.begin (), list->numbers.end (), gint64 (length - 1));
}

static inline void
copy (void)
{
  Lock lock (list->mutex);
  const std::vector<gint64> values (list->numbers.begin (), list->numbers.end ());

  bench_result = values[0];
}

REPEAT (boost_get_int, get_number (0))
REPEAT (boost_set_int, set_number (0, i))
REPEAT (boost_get_double, get_double ())
REPEAT (boost_set_double, set_double ())
REPEAT (boost_get_text, get_text (0))
REPEAT (boost_set_text, set_text (0, "howdy"))
REPEAT (boost_get_long_text, get_text (1))
REPEAT (boost_set_long_text, set_text (1, long_text.c_str ()))
REPEAT (boost_get_in_order, for (gsize k = 0; k < length; k++) get_number (k))
REPEAT (boost_get_at_random, for (gsize k = 0; k < length; k++) get_number (order[k]))
REPEAT (boost_set_at_random, for (gsize k = 0; k < length; k++) set_number (order[k], order[k]))
REPEAT (boost_count, count_last ())
REPEAT (boost_find_last, find_last ())
REPEAT (boost_copy, copy ())

static void
create_once (void)
{
  const std::string name = segment_name + "-new";

  {
    Segment fresh (bi::create_only, name.c_str (), get_segment_size (length));

    fill_list (fresh, length);
  }
  bi::shared_memory_object::remove (name.c_str ());
}

static void
attach_once (void)
{
  Segment attached (bi::open_only, segment_name.c_str ());

  bench_result = attached.find<List> ("list").first->numbers.at (0);
}

REPEAT (boost_list_create, create_once ())
REPEAT (boost_list_attach, attach_once ())
