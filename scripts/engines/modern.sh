#!/bin/sh
# modern.sh up|down HOME SUITE: a Debian suite's engines in a chroot HOME/SUITE, in mount and pid namespaces of their own.
# up    makes the chroot once (debootstrap), starts docker with both stores and a containerd in it
# down  ends the namespace's first process, and with it all that runs in there; the chroot stays for the next time
# The root of this machine is seen read-only at /host. Needs root and a Debian mirror (PEEL_MIRROR, or apt's own).
set -eu
verb=$1 home=$2 suite=$3
chroot=$home/$suite pidfile=$home/$suite.pid
mkdir -p "$home"

first() { # the pid, here, of the namespace's first process; fails where there is none
  [ -r "$pidfile" ] && holder=$(cat "$pidfile") && grep -qsF "$home/$suite.hold" "/proc/$holder/cmdline" || return 1
  child=$(tr ' ' '\n' <"/proc/$holder/task/$holder/children" | head -n 1)
  [ -n "$child" ] && echo "$child"
}
inside() { nsenter -t "$(first)" -m -p "$@"; }

if [ "$verb" = down ]; then
  if child=$(first); then
    for daemon in classic cstore ctrd; do
      inside sh -c '[ -r /run/'"$daemon"'.pid ] && kill -TERM "$(cat /run/'"$daemon"'.pid)"' || true
    done
    sleep 3
    kill -KILL "$child" || true
  fi
  rm -f "$pidfile"
  exit 0
fi

if [ ! -e "$chroot/w/.bootstrapped" ]; then
  command -v debootstrap >/dev/null || { echo "debootstrap is not installed" >&2; exit 1; }
  mirror=${PEEL_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sort -u | head -n 1)}
  debootstrap --variant=minbase "$suite" "$chroot" "$mirror" >"$home/$suite.log" 2>&1
  # Packages start no service, and a mirror's copy of a moving suite may be older than it says it lasts.
  printf '#!/bin/sh\nexit 101\n' >"$chroot/usr/sbin/policy-rc.d"
  chmod 755 "$chroot/usr/sbin/policy-rc.d"
  echo 'Acquire::Check-Valid-Until "false";' >"$chroot/etc/apt/apt.conf.d/90peel"
  mkdir -p "$chroot/w" && touch "$chroot/w/.bootstrapped"
fi
cp -L /etc/resolv.conf "$chroot/etc/resolv.conf"

if ! first >/dev/null; then
  cat >"$home/$suite.hold" <<'HOLD'
set -e
mount --make-rslave /
mount --bind "$1" "$1"
cd "$1"
mkdir -p proc sys dev run w host
mount -t proc proc proc
mount -t sysfs sysfs sys
if [ -d /sys/fs/cgroup ]; then
  mount --rbind /sys/fs/cgroup sys/fs/cgroup
  [ ! -e sys/fs/cgroup/memory ] || umount sys/fs/cgroup/unified 2>/dev/null || true
fi
mount --rbind /dev dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . host
mount -o remount,bind,ro /host || true
while :; do sleep 3600 & wait $!; done
HOLD
  setsid unshare --mount --pid --fork --kill-child sh "$home/$suite.hold" "$chroot" >>"$home/$suite.log" 2>&1 </dev/null &
  echo $! >"$pidfile"
  tries=0
  until first >/dev/null && inside test -d /host/proc 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { echo "no namespace: $(tail -n 1 "$home/$suite.log")" >&2; exit 1; }
    sleep 0.1
  done
fi

if [ ! -e "$chroot/w/.peel-packages" ]; then
  inside apt-get -qq update >>"$home/$suite.log" 2>&1
  for package in ca-certificates docker.io docker-cli containerd runc podman crun conmon netavark skopeo umoci xz-utils zstd bzip2; do
    inside apt-cache show "$package" >/dev/null 2>&1 && set -- "$@" "$package"
  done
  shift 3
  inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@" >>"$home/$suite.log" 2>&1
  touch "$chroot/w/.peel-packages"
fi

start() { # NAME COMMAND …: in the namespace, its pid in /run/NAME.pid there
  name=$1
  shift
  setsid nsenter -t "$(first)" -m -p sh -c 'echo $$ >/run/'"$name"'.pid; exec "$@"' sh "$@" >"$home/$suite.$name.log" 2>&1 </dev/null &
}
await() { # COMMAND …: until it succeeds
  tries=0
  until inside "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 150 ] || { echo "does not start: $*" >&2; exit 1; }
    sleep 0.2
  done
}
for store in classic cstore; do
  socket=unix:///w/$store/docker.sock
  inside docker -H "$socket" version >/dev/null 2>&1 && continue
  # A daemon that was killed leaves layers behind that no image has, and an engine does not read again a layer that it has.
  rm -rf "$chroot/w/$store"
  mkdir -p "$chroot/w/$store"
  case $store in
    classic) json='{}' driver=overlay2 ;;
    *) json='{"features":{"containerd-snapshotter":true}}' driver=overlayfs ;;
  esac
  printf '%s\n' "$json" >"$chroot/w/$store/daemon.json"
  rm -f "$chroot/w/$store/docker.sock"
  start "$store" dockerd --config-file "/w/$store/daemon.json" --storage-driver "$driver" --iptables=false \
    --ip6tables=false --bridge=none --data-root "/w/$store/data" --exec-root "/run/$store" \
    --pidfile "/run/$store-dockerd.pid" -H "$socket"
  await docker -H "$socket" version
done
inside ctr -a /w/ctrd/containerd.sock version >/dev/null 2>&1 || rm -rf "$chroot/w/ctrd"
mkdir -p "$chroot/w/ctrd"
cat >"$chroot/w/ctrd/config.toml" <<'TOML'
version = 2
root = "/w/ctrd/root"
state = "/run/ctrd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "/w/ctrd/containerd.sock"
TOML
if ! inside ctr -a /w/ctrd/containerd.sock version >/dev/null 2>&1; then
  start ctrd containerd --config /w/ctrd/config.toml
  await ctr -a /w/ctrd/containerd.sock version
fi
