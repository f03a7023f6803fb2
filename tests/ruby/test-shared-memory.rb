# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Tests Shm.SharedMemory in Ruby through the gem gobject-introspection and the typelib. Prints TAP.

require 'gobject-introspection'

module Shm
  loader = GObjectIntrospection::Loader.new(self)
  loader.version = '1.0'
  loader.load('Shm')
end

PREFIX = "shmobj-ruby-#{Process.pid}-block-"
SIZE = 100

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

def create
  Shm::SharedMemory.new(new_name, SIZE, 0)
end

TESTS = {}

# Tests

TESTS['create, attach, read, write'] = lambda do
  shm = create
  other = Shm::SharedMemory.new(shm.name, :none)

  equal(other.size, SIZE)
  equal(other.mode, 0o600)
  shm.write(90, GLib::Bytes.new("\0\1\xffruby".b))
  equal(other.read(90, 7).to_s, "\0\1\xffruby".b)
  equal(other.read(SIZE, 0).to_s, '')
  other.close
  equal(other.closed?, true)
  shm.unlink
  equal(shm.unlinked?, true)
end

TESTS['numbers'] = lambda do
  shm = create

  {
    int8: [-2**7, 2**7 - 1], uint8: [0, 2**8 - 1], int16: [-2**15, 2**15 - 1], uint16: [0, 2**16 - 1],
    int32: [-2**31, 2**31 - 1], uint32: [0, 2**32 - 1], int64: [-2**63, 2**63 - 1],
    uint64: [0, 2**64 - 1], float: [-0.5, 1.0], double: [0.1, 1e300]
  }.each do |type, values|
    values.each do |value|
      shm.public_send("set_#{type}", 3, value)
      equal(shm.public_send("get_#{type}", 3), value)
    end
  end
end

# The gem gives the function list_blocks() the name `blocks`.
TESTS['list_blocks'] = lambda do
  shm = create
  infos = Shm.blocks
  GC.start
  info = infos.find { |each| each.name == shm.name }

  equal(info.size, SIZE)
  equal(info.mode, 0o600)
  equal(info.owner_uid, shm.owner_uid)
  equal(Shm.remove_block(shm.name), true)
  equal(Shm.blocks.any? { |each| each.name == shm.name }, false)
  infos = nil
  GC.start
  equal(info.name, shm.name)
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
  shm = create

  result = wait_for_result(shm, :write_async, 0, GLib::Bytes.new("\0ruby"))
  equal(shm.write_finish(result), true)
  equal(shm.read_finish(wait_for_result(shm, :read_async, 0, 5)).to_s, "\0ruby")
  infos = Shm.list_blocks_finish(wait_for_result(Shm, :list_blocks_async))
  equal(infos.count { |each| each.name == shm.name }, 1)
  result = wait_for_result(shm, :read_async, SIZE, 1)
  fails(Shm::Error::OutOfRange) { shm.read_finish(result) }
end

# `new` with the same arguments attaches to a descriptor.
TESTS['anonymous blocks'] = lambda do
  shm = Shm::SharedMemory.allocate
  shm.send(:initialize_create_anonymous, SIZE, :none)
  other = Shm::SharedMemory.new(shm.fd, :read_only)

  equal(shm.name, nil)
  shm.set_int32(0, 42)
  equal(other.get_int32(0), 42)
  fails(Shm::Error::ReadOnly) { other.set_int32(0, 1) }
end

TESTS['errors'] = lambda do
  shm = create

  fails(Shm::Error::Exists) { Shm::SharedMemory.new(shm.name, SIZE, 0) }
  fails(Shm::Error::NotFound) { Shm::SharedMemory.new(new_name, :none) }
  fails(Shm::Error::InvalidSize) { Shm::SharedMemory.new(new_name, 0, 0) }
  fails(Shm::Error::OutOfRange) { shm.read(SIZE, 1) }
  fails(Shm::Error::OutOfRange) { shm.set_int64(SIZE - 7, 1) }
  fails(Shm::Error::NotFound) { Shm.remove_block(new_name) }
  shm.close
  fails(Shm::Error::Closed) { shm.read(0, 1) }
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
