//! Folders on a network: a lock may be held twice there, and a rename need not be whole, so no store is kept on one.

use std::io;
use std::path::Path;

/// Why a store cannot lie here, or none if it can: the name of the file system.
pub(crate) fn on_network(folder: &Path) -> io::Result<Option<String>> {
    system::file_system(folder).map(|found| found.and_then(|(magic, mount)| name(magic, mount.as_deref())))
}

/// File systems by the number that `statfs` gives (Linux, `include/uapi/linux/magic.h` and `statfs(2)`).
const NETWORK: [(u32, &str); 13] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS (SMB)"),
    (0xfe53_4d42, "SMB2"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x0102_1997, "9P, a folder shared by another system"),
    (0x564c, "NCP"),
    (0x5a4f_4653, "OrangeFS"),
];
const FUSE: u32 = 0x6573_5546;
/// FUSE is a way in, not a file system: these behind it are on a disk of this machine.
const LOCAL_BEHIND_FUSE: [&str; 4] = ["fuseblk", "virtiofs", "fuse.fuse-overlayfs", "fuse.ntfs-3g"];

fn name(magic: u32, mount: Option<&str>) -> Option<String> {
    if magic == FUSE {
        let kind = mount.unwrap_or("FUSE");
        return (!LOCAL_BEHIND_FUSE.contains(&kind)).then(|| format!("{kind}, as sshfs and its kin are"));
    }
    NETWORK.iter().find(|(known, _)| *known == magic).map(|(_, name)| (*name).to_owned())
}

/// The type of the mount that a path lies on, of `/proc/self/mountinfo`: `36 35 98:0 / /mnt rw - fuse.sshfs host: rw`.
#[cfg(any(target_os = "linux", test))]
fn mount_type(mountinfo: &str, path: &Path) -> Option<String> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        // Spaces in paths are written as octal.
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        path.starts_with(&point).then(|| (point.len(), after.split(' ').next().unwrap_or("").to_owned()))
    });
    // Of two mounts on one point the later covers the earlier; `max_by_key` takes the last of equals.
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

#[cfg(target_os = "linux")]
mod system {
    use std::path::Path;
    use std::{fs, io};

    pub(super) fn file_system(folder: &Path) -> io::Result<Option<(u32, Option<String>)>> {
        let magic = rustix::fs::statfs(folder)?.f_type as u32;
        if magic != super::FUSE {
            return Ok(Some((magic, None)));
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Ok(Some((magic, super::mount_type(&mounts, &fs::canonicalize(folder)?))))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;
    use std::path::Path;

    /// Other systems do not number their file systems.
    pub(super) fn file_system(_: &Path) -> io::Result<Option<(u32, Option<String>)>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_folders_are_known_by_number() {
        for (magic, says) in [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xfe53_4d42, "SMB2"), (0x0102_1997, "9P")] {
            assert!(name(magic, None).unwrap().contains(says));
        }
        // ext4, xfs, btrfs, tmpfs, overlay, zfs
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(name(local, None), None);
        }
        assert!(name(FUSE, Some("fuse.sshfs")).unwrap().contains("fuse.sshfs"));
        assert!(name(FUSE, None).is_some());
        assert_eq!(name(FUSE, Some("fuseblk")), None);
    }

    #[test]
    fn the_longest_mount_point_counts() {
        let mounts = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n\
                      36 22 0:32 / /mnt/my\\040files rw shared:1 - fuse.sshfs host:/home rw\n\
                      37 22 0:33 / /mnt/my rw - tmpfs none rw\n";
        assert_eq!(mount_type(mounts, Path::new("/mnt/my files/runs")).as_deref(), Some("fuse.sshfs"));
        assert_eq!(mount_type(mounts, Path::new("/home/runs")).as_deref(), Some("ext4"));
        assert_eq!(on_network(Path::new("/proc")).unwrap(), None);
    }
}
