# What U-Boot does with the card of the emulated board when the machine brings no kernel of its own: the part of the
# Raspberry Pi's first stage (ci/appliance.d/slots.py). compose makes boot.scr of it, on p1.
#
# Of a variable named in `env import` the first line counts: that of [all].
load virtio 0:1 ${scriptaddr} autoboot.txt
env import -t ${scriptaddr} ${filesize} boot_partition
load virtio 0:${boot_partition} ${kernel_addr_r} kernel8.img
# cmdline.txt is one line that begins with `console=`: read as a variable of that name.
load virtio 0:${boot_partition} ${scriptaddr} cmdline.txt
env import -t ${scriptaddr} ${filesize} console
setenv bootargs console=${console}
load virtio 0:${boot_partition} ${ramdisk_addr_r} initramfs.img
booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
