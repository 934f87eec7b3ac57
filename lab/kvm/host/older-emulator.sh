#!/bin/sh
# Stands in front of a host's QEMU and does not know one CPU model, as an older QEMU would not know it.
refused=$(cat /run/refused-cpu-model)
before=
for word; do
    case "$before $word" in
        "-cpu $refused" | "-cpu $refused,"*)
            echo "qemu-system-x86_64: unable to find CPU model '$refused'" >&2
            exit 1
            ;;
    esac
    before=$word
done
exec /usr/bin/qemu-system-x86_64-microvm "$@" # there the lab has mounted the real one
