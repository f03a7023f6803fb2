# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Completion of the command shmobj for bash.

_shmobj_names () {
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$(shmobj list --names 2>/dev/null)" -- "$1"))
}

_shmobj () {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "list info show create load save unlink gc doctor watch manager --help --version" -- "$word"))
        return
    fi
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$(shmobj "$command" --help 2>/dev/null |
            sed -n 's/^  \(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p')" -- "$word"))
        return
    fi
    case $command in
        info | show | unlink | watch) _shmobj_names "$word" ;;
        load) [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -f -- "$word")) ;;
        save)
            if [ "$COMP_CWORD" -eq 2 ]; then
                _shmobj_names "$word"
            else
                COMPREPLY=($(compgen -f -- "$word"))
            fi ;;
    esac
}

complete -F _shmobj shmobj
