# SPDX-License-Identifier: GPL-3.0-or-later
# uml.sh - runs a shell script in a User-Mode Linux guest, as root of a real kernel
#
#   . "$LM_SRC/tests/lib/uml.sh"
#   uml_need                        (skips, or fails in CI, when there is none)
#   uml_run SCRIPT SECONDS [ARG]... > its output; its exit status
#
# The guest's root is the host's, read-only. The script runs in /mnt, a tmpfs
# (TMPDIR=/mnt/tmp); it may write there and into $UML_WORK, a directory of the
# host. No root is needed, no disk image, no udev. After SECONDS the guest is
# ended: status 124. Callers that can be interrupted put uml_end into their trap.

UML_KERNEL=${UML_KERNEL:-linux.uml}
UML_MODULES=${UML_MODULES:-/usr/lib/uml/modules}
UML_INIT=${UML_INIT:-${LM_BUILD:?}/tests/lib/umlinit}
UML_MEM=${UML_MEM:-1G}
uml_wanted='dm-mod dm-bufio dm-snapshot dm-log dm-region-hash dm-mirror dm-flakey dm-log-writes dm-delay
	dm-dust dm-thin-pool
	loop squashfs fat vfat nls_cp437 nls_iso8859-1 nls_utf8 nls_ascii isofs overlay fuse'

# Why there can be no guest here; nothing when there can.
uml_trouble()
{
	if ! command -v "$UML_KERNEL" >/dev/null 2>&1; then
		echo "$UML_KERNEL is missing (package user-mode-linux)"
	elif ! ls "$UML_MODULES"/*/modules.dep >/dev/null 2>&1; then
		echo "its modules are missing below $UML_MODULES (package user-mode-linux)"
	elif [ ! -x "$UML_INIT" ]; then
		echo "$UML_INIT is not built (make $(echo "$UML_INIT" | sed 's|.*/tests/|tests/|'))"
	elif [ ! -r /proc/self/maps ]; then
		echo "/proc is not mounted"
	elif [ -z "$(uml_memory_dir)" ]; then
		echo "no writable directory for the guest's memory (TMPDIR, /dev/shm, /tmp)"
	fi
}

# Skips the whole test file without a lab; where it is meant to be there (CI) that is a failure.
uml_need()
{
	uml_why=$(uml_trouble)
	[ -n "$uml_why" ] || return 0
	if [ "${CI:-}" = true ]; then
		echo "Bail out! no kernel lab: $uml_why"
		exit 1
	fi
	echo "1..1"
	echo "ok 1 - kernel lab # SKIP $uml_why"
	exit 0
}

# A directory that can hold the guest's memory as a file that can be mapped executable.
uml_memory_dir()
{
	for uml_dir in "${UML_TMPDIR:-}" /dev/shm "${TMPDIR:-}" /tmp /var/tmp; do
		[ -d "$uml_dir" ] && [ -w "$uml_dir" ] || continue
		case ",$(findmnt -n -o OPTIONS -T "$uml_dir" 2>/dev/null)," in
		*,noexec,*) continue ;;
		esac
		[ "$(df -Pk "$uml_dir" | awk 'NR == 2 { print $4 }')" -gt 1200000 ] || continue
		echo "$uml_dir"
		return
	done
}

# The paths of the wanted modules, what they need first.
uml_module_list()
{
	for uml_dep in "$UML_MODULES"/*/modules.dep; do :; done
	for uml_name in $uml_wanted; do
		awk -v name="$uml_name.ko" -v top="${uml_dep%/*}" '{
			path = substr($1, 1, length($1) - 1); n = split(path, part, "/")
			if (part[n] != name) next
			for (i = NF; i > 1; i--) print top "/" $i
			print top "/" path
		}' "$uml_dep"
	done | awk '!seen[$0]++'
}

# Ends what is left of the guest: its helpers outlive a kernel that was killed. They are known by
# the job's directory in their command line, which no other guest has.
uml_end()
{
	[ -n "${uml_job:-}" ] || return 0
	for uml_pid in $(grep -l -a -F "uml_dir=$uml_job/" /proc/[0-9]*/cmdline 2>/dev/null); do
		uml_pid=${uml_pid#/proc/}
		case ${uml_pid%/cmdline} in
		$$ | self) ;;
		*) kill -KILL "${uml_pid%/cmdline}" 2>/dev/null || : ;;
		esac
	done
}

# uml_run SCRIPT SECONDS [ARG]...
uml_run()
{
	uml_script=$1 uml_seconds=$2
	shift 2
	UML_WORK=${UML_WORK:-$(mktemp -d "${TMPDIR:-/tmp}/livemend-uml.XXXXXX")} || return 99
	uml_job=$(mktemp -d "$UML_WORK/job.XXXXXX") || return 99
	uml_module_list >"$uml_job/modules"
	for uml_arg; do printf '%s\n' "$uml_arg"; done >"$uml_job/args"
	{
		echo "UML_JOB='$uml_job' UML_WORK='$UML_WORK' LM_SRC='$LM_SRC' LM_BUILD='$LM_BUILD'"
		echo "export UML_JOB UML_WORK LM_SRC LM_BUILD"
		cat "$uml_script"
	} >"$uml_job/script"
	uml_rc=0
	# A session of its own: the kernel sets up its console, which must not be the terminal of
	# whoever runs this. In the background, so that a trap of the caller is heeded at once.
	TMPDIR=$(uml_memory_dir) HOME=$uml_job setsid timeout -s KILL "$uml_seconds" \
		"$UML_KERNEL" mem="$UML_MEM" rootfstype=hostfs rootflags=/ ro "init=$UML_INIT" \
		uml_dir="$uml_job/" umid=guest con=null con0=null,fd:2 con1=null,fd:1 quiet \
		UML_WORK="$UML_WORK" UML_JOB="$uml_job" </dev/null 2>"$uml_job/console" &
	wait $! || uml_rc=$?
	uml_end
	if [ -s "$uml_job/status" ]; then
		uml_rc=$(cat "$uml_job/status")
	elif [ "$uml_rc" = 137 ] || [ "$uml_rc" = 124 ]; then
		echo "# the guest did not end within $uml_seconds s"
		uml_rc=124
	else
		echo "# the guest did not start or fell over; its console:"
		sed 's/^/# /' "$uml_job/console" | tail -n 40
		uml_rc=125
	fi
	[ -n "${UML_KEEP:-}" ] || rm -rf "$uml_job"
	return "$uml_rc"
}
