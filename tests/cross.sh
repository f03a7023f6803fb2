#!/bin/sh
# SPDX-FileCopyrightText: 2026 The shmobj contributors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the library for another processor with Debian's cross compiler, and runs the tests in C
# with QEMU's emulation of user programs.
#
#   sh tests/cross.sh [--install] ARCH [TEST...]
#
# ARCH is i386, s390x, armhf, arm64 or ppc64el. TEST is the name of a Meson test; without a name,
# all tests in C run. The compilers and QEMU are packages of this machine: the script installs them
# if you are root, if you give --install, or if you agree when it asks you at a terminal. The
# libraries and the Python of ARCH are not installed: apt-get, which needs no rights for this,
# downloads their packages, and the script unpacks them in the build folder.
#
# The test list-exchange exchanges lists with the stock CPython of ARCH and compares their bytes. A
# test that needs what the emulation does not have is skipped, with the reason. The last line is
# "N passed, N failed, N skipped".
#
# Environment variables: SHMOBJ_WORK_DIR, the build folder (default _build); SHMOBJ_CROSS_SUITE, the
# Debian release of the libraries (default: that of this machine); SHMOBJ_DEBIAN_MIRROR, the archive
# (default: the one from which apt-get gets the packages of this machine).

set -eu

source_dir=$(cd "$(dirname "$0")/.." && pwd)
work_dir=${SHMOBJ_WORK_DIR:-$source_dir/_build}

. "$source_dir/docs/setup.sh"

install=no
if [ "${1:-}" = --install ]; then
    install=yes
    shift
fi

# describe COMPILER FOLDER EMULATED FAMILY ENDIAN: the names of the processor in Debian's compiler,
# in Debian's library folders and in QEMU, and its family and byte order for Meson.
describe () {
    compiler=$1
    folder=$2
    emulated=$3
    family=$4
    endian=$5
}

case ${1:-} in
    i386)    describe i686-linux-gnu i386-linux-gnu i386 x86 little ;;
    s390x)   describe s390x-linux-gnu s390x-linux-gnu s390x s390x big ;;
    armhf)   describe arm-linux-gnueabihf arm-linux-gnueabihf arm arm little ;;
    arm64)   describe aarch64-linux-gnu aarch64-linux-gnu aarch64 aarch64 little ;;
    ppc64el) describe powerpc64le-linux-gnu powerpc64le-linux-gnu ppc64le ppc64 little ;;
    *)
        sed -n 's/^# \{0,1\}//p' "$0" | sed -n '4,20p' >&2
        exit 2
        ;;
esac
arch=$1
shift

require_packages cross "cross-$arch"

cross_dir=$work_dir/cross-$arch
root=$cross_dir/root
build=$cross_dir/build
mkdir -p "$cross_dir"

# A configuration of apt-get with nothing but the packages of ARCH. apt-get keeps its state in the
# build folder, and does not see the packages of this machine.
configure_apt () {
    suite=${SHMOBJ_CROSS_SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")}
    mkdir -p "$cross_dir/apt/lists/partial" "$cross_dir/apt/archives/partial" \
        "$cross_dir/apt/empty"
    : >"$cross_dir/apt/status"
    mirror=$(debian_mirror)
    echo "deb $mirror $suite main" >"$cross_dir/apt/sources.list"
    cat >"$cross_dir/apt/apt.conf" <<END
APT::Architecture "$arch";
APT::Architectures "$arch";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Dir::State "$cross_dir/apt";
Dir::State::status "$cross_dir/apt/status";
Dir::Cache "$cross_dir/apt";
Dir::Etc::sourcelist "$cross_dir/apt/sources.list";
Dir::Etc::sourceparts "$cross_dir/apt/empty";
Dir::Etc::preferences "$cross_dir/apt/empty/none";
Dir::Etc::preferencesparts "$cross_dir/apt/empty";
END
}

# Unpacks the libraries and the Python of ARCH. Packages of Debian 12 expect that /lib is a link.
# Absolute links are made to stay below the folder.
make_root () {
    configure_apt
    APT_CONFIG=$cross_dir/apt/apt.conf apt-get update -qq
    APT_CONFIG=$cross_dir/apt/apt.conf apt-get install -qq -y --download-only \
        libc6-dev libglib2.0-dev python3
    rm -rf "$root" "$root.new"
    mkdir -p "$root.new/usr/bin" "$root.new/usr/lib" "$root.new/usr/lib64" "$root.new/usr/sbin"
    for name in bin lib lib64 sbin; do
        ln -s "usr/$name" "$root.new/$name"
    done
    for package in "$cross_dir"/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -f - -C "$root.new" --keep-directory-symlink --no-same-owner
    done
    find "$root.new" -type l -lname '/*' | while read -r link; do
        ln -sfn "$root$(readlink "$link")" "$link"
    done
    mv "$root.new" "$root"
}

# Writes the script that runs a program of ARCH: run PROGRAM ARGUMENT... The kernel cannot execute a
# program of ARCH, but it can execute this script. So the script makes a link to itself,
# PROGRAM.emulated, which runs PROGRAM, and passes the link to the program as its own name. With
# this name the program, for example in g_test_trap_subprocess(), can start itself again. The
# programs shmobj-manager and shmobj-tracker get such links, too.
write_wrapper () {
    cat >"$cross_dir/run" <<END
#!/bin/sh
case \$0 in
    *.emulated) program=\${0%.emulated} ;;
    *) program=\$1; shift ;;
esac
make_link () {
    [ -L "\$1.emulated" ] || ln -s "$cross_dir/run" "\$1.emulated" 2>/dev/null || true
}
make_link "\$program"
case \${SHMOBJ_MANAGER:-} in
    ''|*.emulated) ;;
    *) make_link "\$SHMOBJ_MANAGER"; export SHMOBJ_MANAGER="\$SHMOBJ_MANAGER.emulated" ;;
esac
case \${SHMOBJ_TRACKER:-} in
    ''|*.emulated) ;;
    *) make_link "\$SHMOBJ_TRACKER"; export SHMOBJ_TRACKER="\$SHMOBJ_TRACKER.emulated" ;;
esac
export PYTHONHOME="$root/usr"
export SHMOBJ_TEST_EMULATOR="QEMU's emulation of $arch"
exec "$qemu" -L "$root" -0 "\$program.emulated" "\$program" "\$@"
END
    chmod +x "$cross_dir/run"
}

write_machine_file () {
    cat >"$cross_dir/machine.ini" <<END
[constants]
root = '$root'

[binaries]
c = '$compiler-gcc'
ar = '$compiler-ar'
strip = '$compiler-strip'
nm = '$compiler-nm'
pkgconfig = 'pkg-config'
pkg-config = 'pkg-config'
glib-mkenums = '/usr/bin/glib-mkenums'
exe_wrapper = '$cross_dir/run'

[built-in options]
c_args = ['--sysroot=' + root]
c_link_args = ['--sysroot=' + root]

[properties]
sys_root = root
pkg_config_libdir = [root + '/usr/lib/$folder/pkgconfig', root + '/usr/share/pkgconfig']
needs_exe_wrapper = true
emulator = '$cross_dir/run'
cpython = '$python'

[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$arch'
endian = '$endian'
END
}

qemu=$(command -v "qemu-$emulated-static" || command -v "qemu-$emulated")
[ -d "$root" ] || make_root
python=$(find "$root/usr/bin" -name 'python3.[0-9]*' ! -name '*[-e]*' | head -n 1)
write_wrapper
write_machine_file

echo "GLib $(PKG_CONFIG_LIBDIR="$root/usr/lib/$folder/pkgconfig" pkg-config --modversion glib-2.0)"
"$compiler-gcc" --version | head -n 1
"$qemu" --version | head -n 1
"$cross_dir/run" "$python" -c \
    'import platform, sys; print(platform.python_implementation(), platform.python_version(),
                                 platform.machine(), sys.byteorder)'

{
    if [ -f "$build/build.ninja" ]; then
        meson setup --reconfigure "$build" "$source_dir" -Dtests=enabled
    else
        meson setup "$build" "$source_dir" --cross-file "$cross_dir/machine.ini" \
            -Dwerror=true -Dtests=enabled -Dintrospection=disabled -Dvapi=disabled
    fi && ninja -C "$build"
} >"$cross_dir/build.log" 2>&1 || { cat "$cross_dir/build.log" >&2; exit 1; }

[ $# -gt 0 ] || set -- --suite c
status=0
rm -rf "$build"/meson-logs/testlog*.json "$cross_dir/results"
meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=1
mkdir -p "$cross_dir/results/$arch"
cp "$build"/meson-logs/testlog*.json "$cross_dir/results/$arch/"
/usr/bin/python3 "$source_dir/tests/tally.py" "$cross_dir/results" || status=1
exit $status
