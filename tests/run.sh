#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library and runs its tests. It installs missing packages if you are root, if the first
# argument is --install, or if you agree when it asks you at a terminal.
#
#   sh tests/run.sh              all tests
#   sh tests/run.sh --address    the tests in C, and those of the Python extension, under ASan and UBSan
#   sh tests/run.sh --thread     the tests in C under TSan
#   sh tests/run.sh --valgrind   the tests in C under valgrind
#   sh tests/run.sh --coverage   the tests in C and of the bindings, with their line coverage
#   sh tests/run.sh --fuzz [N]   the fuzzers, with clang, for N seconds in total (60)
#   sh tests/run.sh --stress     10,000 killed writers, 10,000 processes killed while they lock, and
#                                10,000 while they wait and wake, 1000 rounds of killed managers and
#                                of killed programs, 1000 forks, 1,000,000 values exchanged with each
#                                Python
#   sh tests/run.sh --bench [GROUP...]
#                                the benchmarks, which assert nothing. --bench --help describes the
#                                groups, and how to write the results to a file or a page
#   sh tests/run.sh --ci         everything except --stress and --bench. A change must pass it.
#                                If you are root, it also runs all tests a second time as an
#                                ordinary user, except that the suites "build", "model" and
#                                "interpreted", for which the user makes no difference, are run only
#                                by this user. Only in this run, a warning of a compiler is an
#                                error: newer compilers have new warnings.
#
# The last line is "N passed, N failed, N skipped", and counts all tests that were run. The lines
# before it name each failed test, and the reason.
# tests/README.md says which test belongs where.

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}
results=$work_dir/results
werror=false
failed=

. "$source_dir/docs/setup.sh"

install=no
if [ "${1:-}" = --install ]; then
    install=yes
    shift
fi

started=$(date +%s)

# Prints a headline with the seconds since the start.
say () {
    printf '\n== %s (after %s s)\n' "$*" "$(($(date +%s) - started))"
}

# fail NAME REASON: makes the script fail. The summary prints both.
fail () {
    failed="$failed
failed: $1: $2"
}

# run_tests_as RUN NAME TEST-OPTION...: runs tests of the build NAME and keeps their results as RUN.
# tally.py prints the failed tests, with their reasons.
# Runs twice as many tests at once as there are processors, because many tests wait for an event.
run_tests_as () {
    run=$1
    name=$2
    shift 2
    logs=$work_dir/$name/meson-logs
    rm -f "$logs"/pytest-*.xml "$logs"/testlog*.json
    status=0
    meson test -C "$work_dir/$name" --no-rebuild --print-errorlogs \
        --num-processes "$((2 * $(nproc)))" "$@" || status=$?
    mkdir -p "$results/$run"
    echo "$status" >"$results/$run/status"
    for log in "$logs"/pytest-*.xml "$logs"/testlog*.json; do
        [ ! -e "$log" ] || cp "$log" "$results/$run/"
    done
}

# run_tests NAME TEST-OPTION...: the same for a run that has the name of its build.
run_tests () {
    run_tests_as "$1" "$@"
}

# build_target NAME TARGET OPTION...
build_target () {
    name=$1
    target=$2
    shift 2
    build_in "$work_dir/$name" "$target" -Dwerror="$werror" -Dtests=enabled "$@"
}

# build NAME OPTION...
build () {
    name=$1
    shift
    build_target "$name" all "$@"
}

build_all () {
    build all -Dgtk_doc=enabled -Dvapi=enabled -Dpython_extension=enabled -Dinstalled_tests=enabled
}

# run_all TEST-OPTION...: builds everything, and runs all tests except those that the options exclude.
run_all () {
    say "All tests"
    build_all
    run_tests all "$@"
    sed -n '/= .* and stock CPython =/,/ passed/p' "$work_dir/all/meson-logs/testlog.txt"
}

# build_sanitized NAME TARGET SANITIZERS OPTION...: builds with sanitizers. Their documentation
# recommends -O1.
build_sanitized () {
    name=$1
    target=$2
    sanitizers=$3
    shift 3
    build_target "$name" "$target" -Dvapi=disabled -Db_sanitize="$sanitizers" -Db_lundef=false \
        -Doptimization=1 "$@"
}

run_sanitized () {
    name=$1
    shift
    run_tests "$name" --timeout-multiplier 4 "$@"
    # If a sanitizer reports an error in the server of a manager, the test that started the server
    # does not fail. Therefore search the log.
    if grep -E 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:' \
            "$work_dir/$name/meson-logs/testlog.txt"; then
        fail "$name" "a sanitizer has reported an error, see $work_dir/$name/meson-logs/testlog.txt"
    fi
}

# Uses clang, for two reasons: the fuzzers need it, and --ci shows that clang prints no warning.
build_address () {
    CC=clang build_sanitized address all address,undefined -Dintrospection=disabled
}

# Uses gcc, whose ASan is a shared library by default, so that Python, which is not built with ASan,
# can load it. Python and the program that describes the classes for the typelib do not free
# everything at their end.
build_address_python () {
    ASAN_OPTIONS=detect_leaks=0 CC=gcc build_sanitized address-python bindings address,undefined \
        -Dpython_extension=enabled
}

run_address () {
    say "The tests in C, with ASan and UBSan"
    build_address
    run_sanitized address --suite c

    say "The tests of the Python extension, with ASan and UBSan"
    build_address_python
    run_sanitized address-python --suite extension
}

run_thread () {
    say "The tests in C, with TSan"
    build_sanitized thread all thread -Dintrospection=disabled
    run_sanitized thread --suite c
}

run_valgrind () {
    say "The tests in C, with valgrind"
    build_all
    run_tests_as valgrind all --suite c --setup valgrind
}

build_coverage () {
    say "The build for coverage"
    # The Vala bindings are disabled: gcovr does not find the sources of the C code that valac
    # generates.
    build coverage -Db_coverage=true -Dvapi=disabled
    find "$work_dir/coverage" -name '*.gcda' -delete
}

# Does not run the suite "system": its tests limit the size of files, and the programs could not
# write their coverage counters. So the command shmobj, which only this suite tests, does not count.
run_coverage () {
    say "The tests in C and of the bindings, with coverage"
    run_tests coverage --suite c --suite bindings --no-suite interpreted
    (cd "$work_dir/coverage" &&
        gcovr --root "$source_dir" --filter "$source_dir/shmobj/" \
            --exclude "$source_dir/shmobj/tool/" --exclude-unreachable-branches \
            --fail-under-line 90 --print-summary .) ||
        fail coverage "gcovr failed: it needs a line coverage of 90 % or more"
}

# The fuzzers share N seconds. The inputs in tests/fuzz are only read. New inputs are kept in the
# build folder and used in later runs.
run_fuzz () {
    say "The fuzzers, for $1 seconds"
    build_address
    run_tests_as fuzz address --suite fuzz --test-args="-max_total_time=$(($1 / 3))"
}

run_style () {
    say "Style and structure"
    sh "$source_dir/tests/style.sh" || fail style "tests/style.sh has printed the problems above"
}

as_user () {
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# Runs the tests a second time without the rights of root, in a copy that the user owns. The copy
# includes the builds, and is mounted over the source folder, because the builds contain absolute
# paths. The builds with coverage run the tests in C and of the bindings.
run_as_user () {
    say "All tests, as an ordinary user"
    copy=$(mktemp -d)
    chmod 0755 "$copy"
    (cd "$source_dir" &&
        tar cf - --exclude=./.git --exclude='./build*' --exclude='./_build/[!ac]*' .) |
        tar xf - -C "$copy"
    chown -R 65534:65534 "$copy"
    unshare --mount sh -c '
        mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"
    ' sh "$copy" "$source_dir" setpriv --reuid=65534 --regid=65534 --clear-groups \
        env HOME="$source_dir" sh tests/run.sh --user-part ||
        fail user "the run as an ordinary user has failed, see its summary above"
    cp -r "$copy/_build/results/." "$results/"
    rm -rf "$copy"
}

# Does the same as run_as_user if mounting is not possible, or if the user may not enter the source
# folder. The library is built again in the copy.
run_as_user_elsewhere () {
    say "All tests, as an ordinary user, in a build of its own"
    copy=$(mktemp -d)
    chmod 0755 "$copy"
    (cd "$source_dir" && tar cf - --exclude=./_build --exclude='./build*' --exclude=./.git .) |
        tar xf - -C "$copy"
    chown -R 65534:65534 "$copy"
    (cd "$copy" && as_user env HOME="$copy" SHMOBJ_WORK_DIR="$copy/_build" \
        sh tests/run.sh --no-setup) ||
        fail user "the run as an ordinary user has failed, see its summary above"
    cp -r "$copy/_build/results/all" "$results/user"
    rm -rf "$copy"
    run_coverage
}

can_mount () {
    (cd / && unshare --mount mount --bind "$source_dir" "$source_dir" &&
        as_user test -x "$source_dir" -a -r "$source_dir/meson.build") 2>/dev/null
}

run_user_part () {
    run_tests_as user all --suite system --suite build --suite docs --suite model --suite vala \
        --suite interpreted
    run_coverage
}

run_stress () {
    say "Killed writers, killed managers, killed programs, exchanged values"
    build_all
    SHMOBJ_STRESS_ROUNDS=10000 run_tests all list-stress lock wait-kill --timeout-multiplier 4
    SHMOBJ_STRESS_ROUNDS=1000 run_tests all --suite system --timeout-multiplier 4
    SHMOBJ_STRESS_ROUNDS=1000 SHMOBJ_EXCHANGE_VALUES=1000000 \
        run_tests all --suite python --timeout-multiplier 4
}

# The benchmarks also measure these libraries, and draw a chart with gnuplot, if they are installed.
run_bench () {
    case " $* " in
        *" --help "*) exec /usr/bin/python3 "$source_dir/tests/bench/run-bench.py" --help ;;
    esac
    missing=$(missing_packages bench)
    [ -z "$missing" ] || ! command -v dpkg-query >/dev/null ||
        echo "The benchmarks measure more with these packages:$missing" >&2
    build bench -Dbuildtype=release -Db_lto=true -Dvapi=disabled -Dpython_extension=enabled
    meson devenv -C "$work_dir/bench" /usr/bin/python3 "$source_dir/tests/bench/run-bench.py" \
        --directory "$PWD" "$@"
}

list_blocks () {
    find /dev/shm -mindepth 1 -maxdepth 1 -printf '%f\n' | sort
}

case ${1:-} in
    --no-setup | --user-part) ;;
    *) require_packages tour tests ;;
esac
mkdir -p "$work_dir"
rm -rf "$results"
mkdir -p "$results"
list_blocks >"$work_dir/blocks-before"

case ${1:-} in
    ''|--no-setup) run_all ;;
    --address)  run_address ;;
    --thread)   run_thread ;;
    --valgrind) run_valgrind ;;
    --coverage) build_coverage; run_coverage ;;
    --fuzz)     run_fuzz "${2:-60}" ;;
    --stress)   run_stress ;;
    --bench)    shift; run_bench "$@"; exit ;;
    --user-part) run_user_part ;; # only for --ci
    --ci)
        werror=true
        run_style
        if [ "$(id -u)" != 0 ]; then
            run_all
            build_coverage
            run_coverage
        else
            run_all --no-suite build --no-suite model --no-suite interpreted
            build_coverage
            if can_mount; then
                run_as_user
            else
                run_as_user_elsewhere
            fi
        fi
        run_address
        run_fuzz 60
        run_thread
        run_valgrind
        ;;
    *)
        sed -n 's/^# \{0,1\}//p' "$0" | sed -n '5,30p' >&2
        exit 2
        ;;
esac

list_blocks >"$work_dir/blocks-after"
if ! diff "$work_dir/blocks-before" "$work_dir/blocks-after"; then
    fail leftovers "the tests have left the blocks above behind in /dev/shm"
fi

say "Summary"
[ -z "$failed" ] || printf '%s\n' "${failed#?}"
/usr/bin/python3 "$source_dir/tests/tally.py" "$results"
[ -z "$failed" ]
