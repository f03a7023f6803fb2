# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Tests Shm.ShareableList in Ruby through the gem gobject-introspection and the typelib. Prints TAP.

require 'gobject-introspection'

module Shm
  loader = GObjectIntrospection::Loader.new(self)
  loader.version = '1.0'
  loader.load('Shm')
end

PREFIX = "shmobj-ruby-#{Process.pid}-"
LEAST = -2**63
MOST = 2**63 - 1

# Helpers

$names = []

def new_name
  $names << "#{PREFIX}#{$names.size}"
  $names.last
end

def equal(found, wanted)
  raise "found #{found.inspect} instead of #{wanted.inspect}" unless found == wanted
end

def fails(error)
  yield
rescue error
  # The block raised the expected error.
else
  raise "#{error} was not raised"
end

# Stores a value with the function for its kind.
def store(list, index, value)
  case value
  when nil then list.set_none(index)
  when true, false then list.set_boolean(index, value)
  when Integer then list.set_int64(index, value)
  when Float then list.set_double(index, value)
  when String
    bytes = GLib::Bytes.new(value)
    value.encoding == Encoding::BINARY ? list.set_bytes(index, bytes) : list.set_text(index, bytes)
  end
end

# Ruby can create variants of a few types only. So this function creates a list of texts that are
# long enough, and then stores the values.
def create(values)
  texts = values.map { |value| 'x' * (value.is_a?(String) ? value.bytesize : 0) }
  list = Shm::ShareableList.new(GLib::Variant.new(texts, 'as'), new_name, 0)

  values.each_with_index { |value, i| store(list, i, value) }
  list
end

def attach(list, flags = 0)
  Shm::ShareableList.new(list.name, flags)
end

def mixed_list
  create([42, 2.5, 'howdy', true, "by\0".b, nil, LEAST])
end

TESTS = {}

# Tests

TESTS['values of each kind'] = lambda do
  list = mixed_list
  kinds = [:INT64, :DOUBLE, :STRING, :BOOLEAN, :BYTES, :NONE, :INT64]

  [list, attach(list)].each do |each|
    equal(each.length, 7)
    kinds.each_with_index do |kind, i|
      equal(each.get_value_kind(i), Shm::ValueKind.const_get(kind))
    end
    equal(each.get_int64(0), 42)
    equal(each.get_double(1), 2.5)
    equal(each.get_string(2), 'howdy')
    equal(each.get_boolean(3), true)
    equal(each.get_bytes(4).to_s, "by\0".b)
    equal(each.get_int64(6), LEAST)
    equal(each.format, 'qd8sxxxxxxx?8sxxxxxx?xq')
  end
end

TESTS['values as variants'] = lambda do
  list = Shm::ShareableList.new(GLib::Variant.new(['a', 'é', 'a'], 'as'), new_name, 0)

  equal(list.get_value(1), 'é')
  equal(list.count(GLib::Variant.new('a', 's')), 2)
  equal(list.find(GLib::Variant.new('é', 's')), [true, 1])
  fails(Shm::Error::ValueNotFound) { list.find(GLib::Variant.new('b', 's')) }
  equal(list.set_value(0, GLib::Variant.new(MOST, 'x')), true)
  equal(list.get_value(0), MOST)
end

# The gem cannot convert the variants of nothing and of text with NULs, and converts bytes to an array.
# The manual has this function.
def value_at(list, index)
  case list.get_value_kind(index)
  when Shm::ValueKind::NONE then nil
  when Shm::ValueKind::BYTES then list.get_bytes(index).to_s
  when Shm::ValueKind::STRING then list.get_text(index).to_s.dup.force_encoding('UTF-8')
  else list.get_value(index)
  end
end

TESTS['nothing, bytes, and text with NULs'] = lambda do
  values = [42, 2.5, "a\0é", true, "by\0".b, nil, LEAST, '', ''.b]
  list = create(values)

  equal((0...list.length).map { |i| value_at(list, i) }, values)
  list.set_none(0)
  list.set_value(1, GLib::Variant.new(MOST, 'x'))
  equal(value_at(list, 0), nil)
  equal(value_at(list, 1), MOST)
  list.set_bytes(2, GLib::Bytes.new("\0\xff\0".b))
  equal(value_at(list, 2), "\0\xff\0".b)
end

# Calls an asynchronous function, and returns the GAsyncResult for its _finish function.
def wait_for_result(receiver, function, *arguments)
  result = nil
  loop = GLib::MainLoop.new

  receiver.public_send(function, *arguments) do |_, finished|
    result = finished
    loop.quit
  end
  loop.run if result.nil?
  result
end

TESTS['asynchronous functions'] = lambda do
  list = create([42, 'howdy', 'howdy'])

  result = wait_for_result(list, :set_value_async, 2, GLib::Variant.new('text', 's'))
  equal(list.set_value_finish(result), true)
  equal(list.get_value_finish(wait_for_result(list, :get_value_async, 2)), 'text')
  result = wait_for_result(list, :find_async, GLib::Variant.new('howdy', 's'))
  equal(list.find_finish(result), [true, 1])
  result = wait_for_result(list, :count_async, GLib::Variant.new('howdy', 's'))
  equal(list.count_finish(result), 1)
  equal(list.get_format_finish(wait_for_result(list, :get_format_async)), list.format)
  equal(list.copy_values_finish(wait_for_result(list, :copy_values_async)), [42, 'howdy', 'text'])
  equal(list.copy_values, [42, 'howdy', 'text'])
  result = wait_for_result(list, :find_async, GLib::Variant.new('none', 's'))
  fails(Shm::Error::ValueNotFound) { list.find_finish(result) }
  result = wait_for_result(list, :get_value_async, 3)
  fails(Shm::Error::OutOfRange) { list.get_value_finish(result) }
end

TESTS['writing'] = lambda do
  list = mixed_list
  other = attach(list)

  list.set_int64(0, MOST)
  list.set_double(1, 0.25)
  list.set_string(2, 'naïve')
  list.set_boolean(3, false)
  list.set_none(4)
  list.set_string(5, 'text')
  equal(other.get_int64(0), MOST)
  equal(other.get_double(1), 0.25)
  equal(other.get_string(2), 'naïve')
  equal(other.get_boolean(3), false)
  equal(other.get_value_kind(4), Shm::ValueKind::NONE)
  equal(other.get_string(5), 'text')
end

TESTS['NULs in bytes and text'] = lambda do
  list = mixed_list

  ["a\0b", "\0", "a\0\0", "\0\xff\0", ''].each do |data|
    list.set_bytes(4, GLib::Bytes.new(data))
    equal(list.get_bytes(4).to_s, data.b)
  end
  ["a\0b", "\0", "é\0\0", "日\0本"].each do |text|
    list.set_text(2, GLib::Bytes.new(text))
    equal(list.get_text(2).to_s, text.b)
    fails(Shm::Error::NotSupported) { list.get_string(2) }
  end
  fails(ArgumentError) { list.set_string(2, "a\0b") }
  fails(Shm::Error::TypeMismatch) { list.set_text(2, GLib::Bytes.new("\xff")) }
  equal(list.get_text(2).to_s, "日\0本".b)
end

TESTS['errors'] = lambda do
  list = mixed_list
  reader = attach(list, :read_only)

  fails(Shm::Error::OutOfRange) { list.get_int64(7) }
  fails(Shm::Error::OutOfRange) { list.set_int64(-1, 1) }
  fails(Shm::Error::TypeMismatch) { list.get_int64(1) }
  fails(Shm::Error::TooLarge) { list.set_string(2, 'too long for it') }
  fails(Shm::Error::ReadOnly) { reader.set_int64(0, 1) }
  fails(Shm::Error::NotFound) { Shm::ShareableList.new(new_name, 0) }
  fails(Shm::Error::Exists) do
    Shm::ShareableList.new(GLib::Variant.new(['a'], 'as'), list.name, 0)
  end
  equal(list.get_int64(0), 42)

  reader.shared_memory.close
  fails(Shm::Error::Closed) { reader.get_int64(0) }
  list.shared_memory.unlink
  fails(Shm::Error::NotFound) { attach(list) }
end

# Runner

failures = 0

puts "1..#{TESTS.size}"
TESTS.each_with_index do |(title, test), i|
  problem = nil
  $names.clear
  begin
    test.call
  rescue StandardError => error
    problem = error.full_message(highlight: false)
  end

  $names.each do |name|
    Shm.remove_block(name)
  rescue Shm::Error::NotFound
    # The test did not create the block, or removed it.
  end
  puts "#{problem.nil? ? 'ok' : 'not ok'} #{i + 1} - #{title}"
  next if problem.nil?

  failures += 1
  puts problem.gsub(/^/, '# ')
end
exit(failures.zero?)
