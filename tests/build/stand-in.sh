#!/bin/busybox sh
# Plays the tools of other worlds: leaves files as they would, the same ones every time, and needs no network.
set -eu
tool=${0##*/}

# The values of words that are no flags.
words() { for word; do case $word in -*) ;; *) echo "$word" ;; esac; done; }
# The value behind a flag: value_of -o "$@"
value_of() { flag=$1; shift; while [ $# -gt 0 ]; do [ "$1" = "$flag" ] && { echo "$2"; return; }; shift; done; }
produce() { mkdir -p "$(dirname "$1")"; { echo "#!/bin/sh"; echo "# made by $tool"; cat; } >"$1"; chmod 755 "$1"; }
sources() { find "${1:-.}" -type f -name "$2" 2>/dev/null | sort | while read -r file; do cat "$file"; done; }
crate() { sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml; }

case $tool in
bash) exec /bin/busybox sh "$@" ;;
apt-get)
  case $(words "$@" | head -1) in
  update) mkdir -p /var/lib/apt/lists && echo lists >/var/lib/apt/lists/stand-in ;;
  install)
    mkdir -p /usr/share/packages
    words "$@" | tail -n +2 | while read -r name; do echo installed >"/usr/share/packages/$name"; done
    ;;
  esac
  ;;
apk)
  mkdir -p /lib/apk
  case $1 in
  add) words "$@" | tail -n +2 | while read -r name; do echo installed >"/lib/apk/$name"; done ;;
  del) rm -rf /lib/apk ;;
  esac
  ;;
groupadd) name=; gid=999
  for word; do case $word in --gid=*) gid=${word#*=} ;; esac; done
  [ -n "$(value_of --gid "$@")" ] && gid=$(value_of --gid "$@")
  name=$(words "$@" | grep -vx "$gid" | tail -1)
  echo "$name:x:$gid:" >>/etc/group ;;
useradd) uid=999
  for word; do case $word in --uid=*) uid=${word#*=} ;; esac; done
  [ -n "$(value_of --uid "$@")" ] && uid=$(value_of --uid "$@")
  name=$(words "$@" | grep -vx "$uid" | tail -1)
  echo "$name:x:$uid:$uid::/home/$name:/bin/sh" >>/etc/passwd ;;
addgroup) echo "$(words "$@" | tail -1):x:$(value_of -g "$@"):" >>/etc/group ;;
adduser)
  name=$(words "$@" | tail -1); uid=$(value_of -u "$@")
  grep -q "^$name:" /etc/group || echo "$name:x:$uid:" >>/etc/group
  echo "$name:x:$uid:$(sed -n "s/^$name:x:\([0-9]*\):.*/\1/p" /etc/group)::/home/$name:/bin/sh" >>/etc/passwd ;;
install) folder=$(words "$@" | tail -1)
  mkdir -p "$folder" && chown "$(value_of -o "$@"):$(value_of -g "$@")" "$folder" && chmod "$(value_of -m "$@")" "$folder" ;;
npm | yarn | pnpm)
  case $1 in
  ci | install) mkdir -p node_modules/stand-in && cp package.json node_modules/stand-in/ ;;
  run) mkdir -p dist && sources src '*.ts' >dist/bundle.js ;;
  esac ;;
go)
  case $1 in
  mod) mkdir -p /go/pkg/mod && cp go.sum /go/pkg/mod/ ;;
  build) [ -f go.mod ] && sources . '*.go' | produce "$(value_of -o "$@")" ;;
  esac ;;
cargo)
  case $1 in
  build) mkdir -p target/release/deps && sources src '*.rs' | produce "target/release/$(crate)" ;;
  chef) [ "$2" = prepare ] && echo '{}' >recipe.json || mkdir -p target/release/deps ;;
  esac ;;
python | python3)
  if [ "${1:-}" = -m ]; then mkdir -p "$3/bin" && ln -s /usr/local/lib/stand-in "$3/bin/pip" && echo venv >"$3/pyvenv.cfg"
  elif [ -f "${1:-}" ]; then grep '^write ' "$1" | while read -r _ file text; do echo "$text" >"$file"; done; fi ;;
pip) mkdir -p "${0%/bin/*}/lib/site-packages" && cp requirements.txt "${0%/bin/*}/lib/site-packages/" ;;
gcc | cc) cat "$(words "$@" | tail -1)" | produce "$(value_of -o "$@")" ;;
make)
  dest=; for word; do case $word in DESTDIR=*) dest=${word#*=} ;; esac; done
  case " $* " in
  *" install "*) produce "$dest/usr/bin/tool" <tool ;;
  *) cc -o tool main.c ;;
  esac ;;
cmake) if [ "$1" = --build ]; then echo built >library; else echo "$*" >CMakeCache.txt; fi ;;
mvn) case "$*" in *package*) mkdir -p target && sources src '*.java' >target/app.jar ;; *) mkdir -p /root/.m2 && echo cached >/root/.m2/x ;; esac ;;
dotnet) case $1 in restore) mkdir -p obj && cp ./*.csproj obj/ ;; publish) sources . '*.cs' | produce "$(value_of -o "$@")/shop.dll" ;; esac ;;
composer) mkdir -p vendor && cp composer.lock vendor/ ;;
bundle) mkdir -p "$BUNDLE_PATH" && cp Gemfile.lock "$BUNDLE_PATH/" ;;
curl | wget) eval "url=\${$#}"; echo "from $url" >"$(value_of -o "$@")" ;;
*) echo "$tool $*" ;;
esac
