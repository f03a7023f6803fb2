# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Tests Shm.Manager in Ruby through the gem gobject-introspection and the typelib. Prints TAP.

require 'gobject-introspection'

module Shm
  loader = GObjectIntrospection::Loader.new(self)
  loader.version = '1.0'
  loader.load('Shm')
end

PREFIX = "shmobj-ruby-#{Process.pid}-manager-"
KEY = "\0\1\xffkey".b

# Helpers

$count = 0
$managers = []

def new_name
  "#{PREFIX}#{$count += 1}"
end

def exists(name)
  File.exist?("/dev/shm/#{name}")
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

def new_manager(address = nil, key = KEY)
  $managers << Shm::Manager.new(address, GLib::Bytes.new(key), 0)
  $managers.last
end

def start
  manager = new_manager
  manager.start
  manager
end

TESTS = {}

# Tests

TESTS['start, create, list, remove, shut down'] = lambda do
  manager = new_manager
  name = new_name

  equal(manager.state, Shm::ManagerState::INITIAL)
  equal(manager.start, true)
  equal(manager.state, Shm::ManagerState::STARTED)
  raise "the process ID is #{manager.pid}" unless manager.pid.positive?
  equal(manager.authkey.to_s, KEY)

  shm = manager.create_shared_memory(name, 100, 0o600, 0)
  list = manager.create_shareable_list(GLib::Variant.new(['a', 'é'], 'as'), nil, 0o600, 0)
  equal(shm.name, name)
  equal(shm.size, 100)
  equal(list.get_string(1), 'é')
  equal(manager.list_blocks, [name, list.name])

  equal(manager.remove(name), true)
  equal(exists(name), false)
  equal(manager.list_blocks, [list.name])
  equal(manager.shutdown, true)
  equal(manager.state, Shm::ManagerState::SHUT_DOWN)
  equal(exists(list.name), false)
end

TESTS['connect_to_server and track'] = lambda do
  manager = start
  other = new_manager(manager.address)
  list = Shm::ShareableList.new(GLib::Variant.new(['a'], 'as'), new_name, 0)

  other.connect_to_server
  equal(other.state, Shm::ManagerState::CONNECTED)
  other.track(list.name)
  equal(manager.list_blocks, [list.name])
  manager.shutdown
  equal(exists(list.name), false)
  fails(Shm::Error::ServerDied) { other.list_blocks }
end

TESTS['signals'] = lambda do
  manager = start
  signals = []

  manager.signal_connect('block-tracked') { |_, name| signals << "+#{name}" }
  manager.signal_connect('block-removed') { |_, name| signals << "-#{name}" }
  name = manager.create_shared_memory(nil, 100, 0o600, 0).name
  manager.remove(name)
  equal(signals, ["+#{name}", "-#{name}"])
end

TESTS['errors'] = lambda do
  manager = new_manager

  fails(Shm::Error::NotStarted) { manager.create_shared_memory(nil, 100, 0o600, 0) }
  fails(Shm::Error::NotStarted) { manager.shutdown }
  fails(Shm::Error::NotFound) { new_manager("@#{new_name}").connect_to_server }
  manager.start
  fails(Shm::Error::AlreadyStarted) { manager.start }
  fails(Shm::Error::AuthenticationFailed) do
    new_manager(manager.address, 'another key').connect_to_server
  end
  fails(Shm::Error::NotFound) { manager.remove(new_name) }
  fails(Shm::Error::InvalidSize) { manager.create_shared_memory(nil, 0, 0o600, 0) }
  manager.shutdown
  fails(Shm::Error::Closed) { manager.list_blocks }
end

# Runner

failures = 0

puts "1..#{TESTS.size}"
TESTS.each_with_index do |(title, test), i|
  problem = nil
  begin
    test.call
  rescue StandardError => error
    problem = error.full_message(highlight: false)
  end

  $managers.each { |manager| manager.shutdown if manager.state == Shm::ManagerState::STARTED }
  $managers.clear
  puts "#{problem.nil? ? 'ok' : 'not ok'} #{i + 1} - #{title}"
  next if problem.nil?

  failures += 1
  puts problem.gsub(/^/, '# ')
end
exit(failures.zero?)
