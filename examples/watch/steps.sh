# What is edited while `watch` runs is in the container a moment later. The files are those of a copy.
cp -r site compose.yaml "$SCRATCH"
cd "$SCRATCH"
berth compose -p watched up -d 2> /dev/null
trap 'kill $watch 2> /dev/null || true; wait $watch 2> /dev/null || true; berth compose -p watched down 2> /dev/null' EXIT
berth compose -p watched watch --no-up > watch.log 2>&1 &
watch=$!

shows() { until berth compose -p watched exec -T page cat /www/index.html 2> /dev/null | grep "$1"; do sleep 0.2; done; }
shows 'first words'
echo 'other words' > site/index.html
shows 'other words'
