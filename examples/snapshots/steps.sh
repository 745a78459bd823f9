# A volume is kept as it is before something risky, and restored when that went wrong.
berth volume create stock > /dev/null
berth run --rm -v stock:/data busybox sh -c 'echo 42 apples > /data/stock'
berth volume snapshot stock before > /dev/null

berth run --rm -v stock:/data busybox sh -c 'echo nothing > /data/stock; echo lost: $(cat /data/stock)'
berth volume restore stock@before > /dev/null
berth run --rm -v stock:/data busybox sh -c 'echo restored: $(cat /data/stock)'

# A copy to try things on, and one to carry away.
berth volume clone stock@before trial > /dev/null
berth volume export -o "$SCRATCH/stock.tar" stock
berth volume import again "$SCRATCH/stock.tar" > /dev/null
berth run --rm -v trial:/a -v again:/b busybox cat /a/stock /b/stock

berth volume rm stock trial again > /dev/null
