# A service manager of one's own, the real one, out of sight of the machine's: usage
#
#     unshare --mount --pid --fork --kill-child --mount-proc sh manager.sh FOLDER
#
# It has the units in FOLDER. Each line of standard input is a command; what it prints goes to standard
# output, then a line "status N". The end of the input ends the manager.
mount -t tmpfs tmpfs /run || exit 1
export XDG_RUNTIME_DIR="/run/user/$(id -u)"
mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR/systemd/user" || exit 1
for unit in "$1"/*.service "$1"/*.socket; do
  [ ! -f "$unit" ] || cp "$unit" "$XDG_RUNTIME_DIR/systemd/user" || exit 1
done
/lib/systemd/systemd --user --log-target=console --log-level=err >"$1/manager.log" 2>&1 </dev/null &
manager=$!
tries=0
until systemctl --user --no-pager list-units >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 100 ] || ! kill -0 $manager; then
    cat "$1/manager.log" >&2
    kill -KILL $manager
    exit 1
  fi
  sleep 0.1
done
echo 'status 0'
while read -r command; do
  eval "$command"
  echo "status $?"
done
systemctl --user exit
wait $manager
