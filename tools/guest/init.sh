#!/bin/bash
# Init of the test guest: mounts what a machine with cgroup v2 alone has, runs the tests, reports on the serial console
# and powers the machine off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8 NO_COLOR=1
export BERTH_TEST_PATIENCE_MS=4000 BERTH_TEST_GUEST=1
# An emulated processor translates what a compiler writes once more, and forgets what it had: a third of all time.
export BUN_JSC_useJIT=0
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t securityfs security /sys/kernel/security
# The list of this boot's tests. SELinux instead of AppArmor: nothing is forbidden until its policy is loaded, in one write.
tests=/guest/tests
if grep -q security=selinux /proc/cmdline; then
  tests=/guest/selinux
  mount -t selinuxfs selinux /sys/fs/selinux
  dd if=/etc/selinux/guest/policy of=/sys/fs/selinux/load bs=16M 2> /dev/null
  echo "guest: SELinux, enforcing $(cat /sys/fs/selinux/enforce), as $(tr -d '\0' < /proc/self/attr/current)"
fi
mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t cgroup2 cgroup /sys/fs/cgroup
# The kernel loads what it needs through modprobe; these have no event that would ask for them.
for module in overlay bridge br_netfilter veth nf_tables; do modprobe "$module"; done
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
done
ip link set lo up
busybox hostname guest
echo 127.0.0.1 localhost guest > /etc/hosts
echo "guest: Linux $(uname -r), cgroup v2 with $(cat /sys/fs/cgroup/cgroup.controllers)"
cd /project
# Two processors: the tests of the network, in one of their own, and of the runtime's command line beside the others.
beside='network|oci-runtime'
first=$(grep -E "$beside" $tests)
if [ -n "$first" ]; then
  bun test --timeout 300000 $first > /tmp/beside.log 2>&1 < /dev/null &
  pid=$!
fi
code=0
others=$(grep -vE "$beside" $tests)
if [ -n "$others" ]; then
  bun test --timeout 300000 $others 2>&1 < /dev/null | tee /tmp/others.log
  code=${PIPESTATUS[0]}
fi
if [ -n "$first" ]; then
  wait "$pid" || code=$?
  cat /tmp/beside.log
fi
# What SELinux refused, of which the tests want some.
[ "$code" = 0 ] || dmesg | grep 'avc:  denied' | sort -u -t: -k4 | head -40
awk '/^ *[0-9]+ pass$/ { pass += $1 } /^ *[0-9]+ fail$/ { fail += $1 }
  END { printf "guest: in all\n %d pass\n %d fail\n", pass, fail }' /tmp/*.log
echo "guest: tests ended with $code"
busybox poweroff -f
