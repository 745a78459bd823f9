# A registry of one's own: images go there and come back, also to those who have never seen this machine.
port=${PORT:-5000}
berth registry serve --addr "127.0.0.1:$port" --root "$SCRATCH/images" 2> "$SCRATCH/registry.log" &
registry=$!
trap 'kill $registry; wait $registry' EXIT

berth tag busybox "127.0.0.1:$port/tools/busybox:1"
until berth push -q "127.0.0.1:$port/tools/busybox:1" 2> /dev/null | sed 's/:[0-9]*\//:PORT\//' | grep .; do sleep 0.2; done
berth rmi "127.0.0.1:$port/tools/busybox:1" > /dev/null
berth run --rm "127.0.0.1:$port/tools/busybox:1" echo it came back 2> /dev/null
berth rmi "127.0.0.1:$port/tools/busybox:1" > /dev/null
