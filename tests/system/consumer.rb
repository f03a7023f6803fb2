# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# A program that uses the installed library from Ruby.

require 'gobject-introspection'

module Shm
  GObjectIntrospection::Loader.new(self).load('Shm')
end

values = GLib::Variant.new(%w[howdy Grüße], 'as')
list = Shm::ShareableList.new(values, "shmobj-consumer-#{Process.pid}", :unlink_on_close)
other = Shm::ShareableList.new(list.shared_memory.name, :none)

other.set_int64(0, -42)
raise 'wrong value' unless list.get_value(0) == -42

list.shared_memory.close
puts 'ok'
$stdout.flush
# Ruby's bindings can crash while the program ends.
exit!(true)
