#!/bin/bash
# private-machine.sh PROJECT FOLDER HIERARCHIES COMMAND...
# The inner half of private-machine.ts, started in new namespaces for control groups, mounts, the network and processes: mounts
# what shows them, and runs COMMAND. FOLDER becomes /tmp; PROJECT stays where it is. HIERARCHIES has a line "NAME TYPE OPTIONS"
# for each control group file system below /sys/fs/cgroup, or "link NAME TARGET".
set -e
project=$1 folder=$2 hierarchies=$3
shift 3
mount --make-rprivate /

# It may be a link into /run, which is about to be empty.
servers=$(cat /etc/resolv.conf 2>/dev/null || true)
resolver=$(readlink -f /etc/resolv.conf || true)

# What the new ones would only cover goes first.
points=
while read -r _ point _; do
  case $point/ in /proc/* | /run/* | /sys/*) points="$point $points" ;; esac
done < /proc/self/mounts
for point in $points; do umount -l "$point"; done
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 run /run
case $resolver in
  /run/*)
    mkdir -p "${resolver%/*}"
    echo "$servers" > "$resolver"
    ;;
esac

case $project/ in
  /tmp/*)
    mkdir -p "$folder/${project#/tmp/}"
    mount --bind "$project" "$folder/${project#/tmp/}"
    ;;
esac
mount --rbind "$folder" /tmp
export TMPDIR=/tmp

mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
while read -r name type options; do
  if [ "$name" = link ]; then
    ln -s "$options" "/sys/fs/cgroup/$type"
  else
    mkdir "/sys/fs/cgroup/$name"
    mount -t "$type" ${options:+-o "$options"} cgroup "/sys/fs/cgroup/$name"
  fi
done <<< "$hierarchies"

ip link set lo up
cd "$project"
# Stays as the first process, which every orphan becomes a child of.
code=0
"$@" || code=$?
exit "$code"
