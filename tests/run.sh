#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what the tests need, builds, and runs every test.
#
#   sh tests/run.sh              all tests
#   sh tests/run.sh --address    the tests in C under ASan and UBSan
#   sh tests/run.sh --thread     ... under TSan
#   sh tests/run.sh --valgrind   ... under valgrind
#   sh tests/run.sh --coverage   all tests, and which lines of shmobj/ they reach
#   sh tests/run.sh --fuzz [N]   the fuzzers, with clang, for N seconds (60)
#   sh tests/run.sh --stress     10,000 killed writers, a thousand rounds of killed managers, and a
#                                million values exchanged with each Python
#   sh tests/run.sh --bench      the benchmarks, which are no tests
#   sh tests/run.sh --ci         what decides whether a change lands: all of this but the
#                                last two, as root also once more as an ordinary user
#
# The last line is "N passed, N failed, N skipped", over everything that was run.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}
results=$work_dir/results
failed=

. "$source_dir/docs/setup.sh"

say () {
    printf '\n== %s\n' "$*"
}

# run_tests NAME TEST-OPTION...: runs the tests of the build of that name and keeps their results.
run_tests () {
    name=$1
    shift
    rm -f "$work_dir/$name"/meson-logs/*.xml
    meson test -C "$work_dir/$name" --no-rebuild --print-errorlogs "$@" || failed="$failed $name"
    mkdir -p "$results/$name"
    cp "$work_dir/$name"/meson-logs/*.xml "$results/$name/"
}

build () {
    name=$1
    shift
    build_in "$work_dir/$name" "$@"
}

run_all () {
    say "All tests"
    build all -Dwerror=true -Dgtk_doc=enabled -Dtests=enabled -Dvapi=enabled
    run_tests all
    sed -n '/= managers and stock CPython =/,/ passed/p' "$work_dir/all/meson-logs/testlog.txt"
}

# In C only: interpreters are not built for the sanitizers.
run_sanitized () {
    say "The tests in C, with $2"
    build "$1" -Dwerror=true -Dintrospection=disabled -Dvapi=disabled \
        -Db_sanitize="$2" -Db_lundef=false
    run_tests "$1" --suite c --timeout-multiplier 4
    # What a manager's server says at its end does not fail the test that started it.
    if grep -E 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:' \
            "$work_dir/$1/meson-logs/testlog.txt"; then
        failed="$failed $1"
    fi
}

run_valgrind () {
    say "The tests in C, with valgrind"
    build valgrind -Dwerror=true -Dintrospection=disabled -Dvapi=disabled
    run_tests valgrind --suite c --setup valgrind
}

run_coverage () {
    say "Coverage"
    build coverage -Db_coverage=true -Dvapi=disabled
    find "$work_dir/coverage" -name '*.gcda' -delete
    # Not where limits on files would stop the counters from being written, and no Vala.
    run_tests coverage --no-suite system --no-suite docs --no-suite model
    (cd "$work_dir/coverage" &&
        gcovr --root "$source_dir" --filter "$source_dir/shmobj/" --exclude-unreachable-branches \
            --fail-under-line 90 --print-summary .) || failed="$failed coverage"
}

run_clang () {
    say "Without a warning also from clang"
    CC=clang build clang -Dwerror=true -Dintrospection=disabled -Dvapi=disabled
}

# In all so many seconds. The inputs of tests/fuzz are only read; what is found besides is kept in
# the build, and used from then on.
run_fuzz () {
    say "The fuzzers, for $1 seconds"
    CC=clang build fuzz -Dwerror=true -Dintrospection=disabled -Dvapi=disabled \
        -Db_sanitize=address,undefined -Db_lundef=false
    run_tests fuzz --suite fuzz --test-args="-max_total_time=$(($1 / 3))"
}

run_style () {
    say "Style"
    sh "$source_dir/tests/style.sh" || failed="$failed style"
}

# The whole suite once more without root's powers, in a copy that the user owns.
run_as_user () {
    say "All tests, as an ordinary user"
    copy=$(mktemp -d)
    chmod 0755 "$copy"
    (cd "$source_dir" && tar cf - --exclude=./_build --exclude='./build*' --exclude=./.git .) |
        tar xf - -C "$copy"
    chown -R 65534:65534 "$copy"
    # From a folder that the user may enter.
    (cd "$copy" && setpriv --reuid=65534 --regid=65534 --clear-groups \
        env HOME="$copy" SHMOBJ_WORK_DIR="$copy/_build" sh tests/run.sh --no-setup) ||
        failed="$failed user"
    rm -rf "$results/user"
    cp -r "$copy/_build/results/all" "$results/user"
    rm -rf "$copy"
}

run_stress () {
    say "Many killed writers and managers, and many values"
    build all -Dwerror=true -Dgtk_doc=enabled -Dtests=enabled -Dvapi=enabled
    SHMOBJ_STRESS_ROUNDS=10000 run_tests all list-stress --timeout-multiplier 4
    SHMOBJ_STRESS_ROUNDS=1000 run_tests all system --timeout-multiplier 4
    SHMOBJ_EXCHANGE_VALUES=1000000 run_tests all python --timeout-multiplier 4
}

run_bench () {
    say "Benchmarks"
    build bench -Dbuildtype=release -Dvapi=disabled
    meson devenv -C "$work_dir/bench" ./tests/bench
    echo
    meson devenv -C "$work_dir/bench" ./tests/bench-list
    echo
    meson devenv -C "$work_dir/bench" ./tests/bench-manager
    echo
    meson devenv -C "$work_dir/bench" /usr/bin/python3 "$source_dir/tests/bench/bench.py"
    echo
    meson devenv -C "$work_dir/bench" /usr/bin/python3 "$source_dir/tests/bench/bench-manager.py" \
        ./tests/bench-manager
    echo
    meson devenv -C "$work_dir/bench" gjs "$source_dir/tests/bench/bench.js"
}

list_blocks () {
    find /dev/shm -mindepth 1 -maxdepth 1 -printf '%f\n' | sort
}

[ "${1:-}" = --no-setup ] || install_packages tour tests
mkdir -p "$work_dir"
rm -rf "$results"
mkdir -p "$results"
list_blocks >"$work_dir/blocks-before"

case ${1:-} in
    ''|--no-setup) run_all ;;
    --address)  run_sanitized address address,undefined ;;
    --thread)   run_sanitized thread thread ;;
    --valgrind) run_valgrind ;;
    --coverage) run_coverage ;;
    --fuzz)     run_fuzz "${2:-60}" ;;
    --stress)   run_stress ;;
    --bench)    run_bench; exit ;;
    --ci)
        run_style
        run_all
        run_clang
        [ "$(id -u)" != 0 ] || run_as_user
        run_sanitized address address,undefined
        run_sanitized thread thread
        run_valgrind
        run_fuzz 60
        run_coverage
        ;;
    *)
        sed -n 's/^# \{0,1\}//p' "$0" | sed -n '3,16p' >&2
        exit 2
        ;;
esac

list_blocks >"$work_dir/blocks-after"
if ! diff "$work_dir/blocks-before" "$work_dir/blocks-after"; then
    echo "The tests left blocks behind in /dev/shm" >&2
    failed="$failed leftovers"
fi

say "Sum"
[ -z "$failed" ] || echo "Failed:$failed"
/usr/bin/python3 "$source_dir/tests/tally.py" "$results"
[ -z "$failed" ]
