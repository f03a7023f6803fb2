# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later

# Ends a program without the finalizers of Ruby. Load this file before the program, with the option -r.
#
# When a program that has loaded the gem glib2 ends, Ruby reads memory that the gem has freed. This
# happens also without this library, and valgrind shows it for `require 'glib2'` alone (glib2 4.2.2
# with Ruby 3.3.8, and 3.4.3 with 3.1). Some programs then end with "double free or corruption".

at_exit do
  failed = !($!.nil? || $!.is_a?(SystemExit) && $!.success?)
  $stderr.puts $!.full_message(highlight: false) if failed && !$!.is_a?(SystemExit)
  $stdout.flush
  exit!(!failed)
end
