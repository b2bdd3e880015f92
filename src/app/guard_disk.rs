//! Which partitions the card of the box has, and what its image says of itself.

use core::time::Duration;
use rustix::fs::{Advice, fadvise};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The partition of that number of the disk the root is on; `None` where there is none, or no such disk.
pub(super) fn partition(number: u32) -> Option<PathBuf> {
    partition_below(Path::new("/"), number)
}

fn partition_below(root: &Path, number: u32) -> Option<PathBuf> {
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).ok()?;
    let device = root_device(&mounts)?;
    let link = root.join("sys/dev/block").join(device);
    let disk = fs::canonicalize(link).ok()?.parent()?.to_owned();
    let is_it = |folder: &PathBuf| {
        fs::read_to_string(folder.join("partition")).is_ok_and(|text| text.trim().parse() == Ok(number))
    };
    let entry = fs::read_dir(disk).ok()?.flatten().map(|entry| entry.path()).find(is_it)?;
    Some(Path::new("/dev").join(entry.file_name()?))
}

/// The numbers of the device that is mounted as the root (`proc_pid_mountinfo(5)`: the third and the fifth field).
fn root_device(mounts: &str) -> Option<&str> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(2);
        let device = fields.next()?;
        (fields.nth(1)? == "/").then_some(device)
    })
}

/// Has the kernel forget what it holds of a device, so that what is read next comes from it. What a card has refused to write
/// stays in memory as if it were there.
pub(super) fn forget(device: &File) {
    // Where there is nothing to forget (a pipe), there is nothing to be done either.
    let _ = device.sync_data();
    let _ = fadvise(device, 0, None, Advice::DontNeed);
}

/// Writes whole sectors, and waits until the card has them. Nothing beside them is written: past the kernel's memory, which would write
/// the whole page around them, and with it what a power cut must not touch.
///
/// # Errors
/// When the device is not to be had, or does not take them.
pub(super) fn write_sectors(device: &Path, at: u64, bytes: &[u8]) -> io::Result<()> {
    let direct = File::options().write(true).custom_flags(libc::O_DIRECT).open(device);
    match direct.and_then(|device| write_aligned(&device, at, bytes)) {
        // There are file systems, and disks of larger sectors, where that cannot be had.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            write_aligned(&File::options().write(true).open(device)?, at, bytes)
        }
        done => done,
    }
}

fn write_aligned(device: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    let mut room = vec![0; bytes.len() + ALIGNMENT];
    let start = room.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    let aligned = &mut room[start..start + bytes.len()];
    aligned.copy_from_slice(bytes);
    device.write_all_at(aligned, at)?;
    device.sync_data()
}

/// When the image was built, since 1970; `None` where this is no machine of ours.
pub(super) fn built() -> Option<Duration> {
    built_of(&fs::read_to_string(META).ok()?)
}

/// What this machine is: as its maker calls it, or as the image does; empty where neither is known.
pub(super) fn board() -> String {
    let model = fs::read_to_string("/proc/device-tree/model").unwrap_or_default();
    let meta = fs::read_to_string(META).unwrap_or_default();
    let of_image = meta.lines().find_map(|line| line.strip_prefix("BOARD=")).unwrap_or_default();
    let name = if model.trim_matches('\0').is_empty() { of_image } else { model.trim_matches('\0') };
    name.trim_matches(['"', '\'']).chars().filter(|c| !c.is_control()).take(NAME_MAX).collect()
}

fn built_of(meta: &str) -> Option<Duration> {
    let seconds = meta.lines().find_map(|line| line.strip_prefix("BUILT="))?;
    seconds.trim_matches(['"', '\'']).parse().ok().map(Duration::from_secs)
}

/// The number of the user of that name in a passwd(5).
pub(super) fn user(name: &str) -> Option<u32> {
    user_of(&fs::read_to_string("/etc/passwd").ok()?, name)
}

fn user_of(passwd: &str, name: &str) -> Option<u32> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    })
}

/// What `image/stamp` writes.
const META: &str = "/usr/lib/paging/meta";
const NAME_MAX: usize = 80;
/// What any disk asks of memory that it reads itself.
const ALIGNMENT: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_those_of_the_disk_the_root_is_on() {
        let root = std::env::temp_dir().join(format!("pagingbox-{}-disk", std::process::id()));
        let disk = root.join("sys/devices/mmc0/block/mmcblk0");
        for (name, number) in [("mmcblk0p1", "1\n"), ("mmcblk0p5", "5\n"), ("mmcblk0p7", "7\n")] {
            fs::create_dir_all(disk.join(name)).unwrap();
            fs::write(disk.join(name).join("partition"), number).unwrap();
        }
        fs::create_dir_all(disk.join("queue")).unwrap();
        fs::create_dir_all(root.join("sys/dev/block")).unwrap();
        std::os::unix::fs::symlink(
            "../../devices/mmc0/block/mmcblk0/mmcblk0p5",
            root.join("sys/dev/block/179:5"),
        )
        .unwrap();
        fs::create_dir_all(root.join("proc/self")).unwrap();
        let mounts = "21 20 0:20 / /proc rw - proc proc rw\n20 1 179:5 / / ro - squashfs /dev/root ro\n";
        fs::write(root.join("proc/self/mountinfo"), mounts).unwrap();
        assert_eq!(partition_below(&root, 1), Some("/dev/mmcblk0p1".into()));
        assert_eq!(partition_below(&root, 7), Some("/dev/mmcblk0p7".into()));
        assert_eq!(partition_below(&root, 6), None);
        assert_eq!(partition_below(&root.join("nowhere"), 1), None);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn sectors_are_written_where_they_belong_and_nothing_beside_them() {
        let path = std::env::temp_dir().join(format!("pagingbox-{}-sectors", std::process::id()));
        fs::write(&path, vec![7; 8192]).unwrap();
        write_sectors(&path, 1024, &[9; 512]).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert!(bytes[..1024].iter().chain(&bytes[1536..]).all(|&byte| byte == 7) && bytes.len() == 8192);
        assert!(bytes[1024..1536].iter().all(|&byte| byte == 9));
        fs::remove_file(&path).unwrap();
        assert_eq!(write_sectors(&path, 0, &[9; 512]).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_an_image_says_of_itself_is_read() {
        assert_eq!(built_of("VERSION=0.1.0\nBUILT=1795000000\n"), Some(Duration::from_secs(1_795_000_000)));
        assert_eq!(built_of("BUILT='1795000000'\n"), Some(Duration::from_secs(1_795_000_000)));
        assert_eq!(built_of("VERSION=0.1.0\nBUILT=\n"), None);
        let passwd = "root:*:0:0:root:/:/bin/false\npaging:*:990:990:PagingBox:/:/bin/false\n";
        assert_eq!(["root", "paging", "pag"].map(|name| user_of(passwd, name)), [Some(0), Some(990), None]);
    }
}
