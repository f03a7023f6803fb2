# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion of the command shmobj for fish.

function __shmobj_options
    set -l words (commandline -opc)
    shmobj $words[2] --help 2>/dev/null | string match -rg '^  (?:-., )?(--[a-z-]+)'
end

complete -c shmobj -f
complete -c shmobj -n __fish_use_subcommand -a 'list info show create load save unlink gc doctor watch manager'
complete -c shmobj -n __fish_use_subcommand -l help -d 'List the commands'
complete -c shmobj -n __fish_use_subcommand -l version -d 'Print the version'
complete -c shmobj -n 'not __fish_use_subcommand' -a '(__shmobj_options)'
complete -c shmobj -n '__fish_seen_subcommand_from info show save unlink watch' \
    -a '(shmobj list --names 2>/dev/null)'
complete -c shmobj -n '__fish_seen_subcommand_from load save' -F
