#!/bin/bash
# The first process of a host of the lab, in namespaces of its own: init.sh HOST_FOLDER IMAGE_FOLDER NAME
# Everything that the host can write is its own; the rest of this machine it sees read-only.
set -e
mount --make-rprivate /
mount --bind "$2" "$1/boot"
mount --rbind "$1" /mnt # from here on no path of ours is needed, so that /var, /root and /tmp can be covered
mount -o remount,bind,ro /
for place in var root tmp run etc/libvirt etc/ssh etc/hosts etc/passwd etc/group etc/shadow; do
    mount --bind "/mnt/$place" "/$place"
done
mount --bind /mnt/boot /var/lib/libvirt/boot
mount -o remount,bind,ro /var/lib/libvirt/boot
if [ -e /mnt/small.img ]; then
    mount -o loop /mnt/small.img /var/lib/libvirt/small
fi
umount /mnt/boot
umount --lazy /mnt # small.img stays open
mount -t sysfs sysfs /sys
hostname "$3"
cd /
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8

# As systemd would: what dies is started again.
keep() {
    while true; do
        "$@"
        sleep 1
    done
}
set +e
keep /usr/sbin/libvirtd --listen &
keep /usr/sbin/sshd -D -e &
wait
