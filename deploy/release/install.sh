#!/bin/sh
# Installs mcp-auth @version@ for the current user:
#
#   sh install.sh [FOLDER]
#
# It downloads an executable, checks its SHA-256, and puts it into FOLDER, $MCP_AUTH_BIN or ~/.local/bin. Where the executable
# cannot run, it installs the single file if there is a Node that can run it. It needs no root and changes nothing else.
# MCP_AUTH_DOWNLOADS is the address of a mirror.
set -eu

version=@version@
downloads=${MCP_AUTH_DOWNLOADS:-@downloads@}
work=

fail() {
  for line; do printf '%s\n' "$line" >&2; done
  exit 1
}

clean() {
  if [ -n "$work" ]; then rm -rf -- "$work"; fi
}

# Sets $archive to the name of the archive for this machine, or to nothing.
find_archive() {
  archive=
  case $(uname -s) in
    Linux) os=linux ;;
    *) return 0 ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) cpu=x64 ;;
    aarch64 | arm64) cpu=arm64 ;;
    *) return 0 ;;
  esac
  # The executable needs glibc.
  case $(ldd --version 2>&1 || true) in
    *musl*) return 0 ;;
  esac
  archive=mcp-auth-$version-$os-$cpu
}

has_node() {
  command -v node > /dev/null 2>&1 \
    && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

# Downloads a file of the release to $work.
download() {
  from=$downloads/$1
  if command -v curl > /dev/null 2>&1; then
    # A redirect must not leave https.
    case $from in
      https:*) only='=https' ;;
      *) only='=http,https' ;;
    esac
    curl --fail --silent --show-error --location --proto "$only" --output "$work/$1" "$from" && return 0
  elif command -v wget > /dev/null 2>&1; then
    # The wget of BusyBox never retries, and does not have this option.
    tries=
    case $(wget --help 2>&1) in
      *--tries*) tries=--tries=2 ;;
    esac
    # None or one word.
    # shellcheck disable=SC2086
    wget -q $tries -O "$work/$1" "$from" && return 0
  else
    fail 'Install curl or wget first.'
  fi
  fail "$from cannot be downloaded. Nothing was installed."
}

hash_of() {
  if command -v sha256sum > /dev/null 2>&1; then
    sha256sum < "$1"
  elif command -v shasum > /dev/null 2>&1; then
    shasum -a 256 < "$1"
  else
    fail 'Install sha256sum or shasum first: the download must be checked.'
  fi
}

# Compares a file in $work with its line in SHA256SUMS.
check() {
  wanted=$(while read -r hash name; do
    if [ "$name" = "$1" ]; then printf '%s' "$hash"; fi
  done < "$work/SHA256SUMS")
  [ -n "$wanted" ] || fail "SHA256SUMS of the release has no line for $1. Nothing was installed."
  actual=$(hash_of "$work/$1")
  [ "$wanted" = "${actual%% *}" ] || fail \
    "$1 does not match its checksum. Nothing was installed." "  expected $wanted" "  got      ${actual%% *}"
}

main() {
  folder=${1:-${MCP_AUTH_BIN:-${HOME:?}/.local/bin}}
  case $folder in
    /*) ;;
    *) folder=$PWD/$folder ;;
  esac
  find_archive
  program=mcp-auth
  if [ -z "$archive" ]; then
    has_node || fail \
      "There is no executable of mcp-auth for this machine ($(uname -s) $(uname -m), or its C library)." \
      "Install Node 20.19 or newer and run this again, or run: node mcp-auth.mjs" "$downloads/mcp-auth.mjs"
    echo 'There is no executable of mcp-auth for this machine. Installing the single file, which needs Node.'
    archive=mcp-auth-$version-node
    program=mcp-auth.mjs
  fi

  mkdir -p -- "$folder"
  trap clean EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  # In the same file system as its target, so that an executable that runs is replaced and not overwritten.
  work=$(mktemp -d "$folder/.mcp-auth-XXXXXX")
  download SHA256SUMS
  download "$archive.tar.gz"
  check "$archive.tar.gz"
  tar -xzf "$work/$archive.tar.gz" -C "$work" "$archive/$program"
  "$work/$archive/$program" --version > /dev/null || fail "mcp-auth does not run on this machine. Nothing was installed." \
    "Install Node 20.19 or newer, and run: node mcp-auth.mjs" "$downloads/mcp-auth.mjs"
  mv -f -- "$work/$archive/$program" "$folder/$program"
  # Node knows a module by the ending of the file that a link leads to.
  if [ "$program" != mcp-auth ]; then ln -sf "$program" "$folder/mcp-auth"; fi
  printf 'Installed mcp-auth %s in %s\n' "$version" "$folder"
  case :$PATH: in
    *":$folder:"*) ;;
    *) printf '%s is not in PATH. Add it to PATH in your ~/.profile.\n' "$folder" ;;
  esac
}

# All of this file has arrived if this line is run.
main "$@"
