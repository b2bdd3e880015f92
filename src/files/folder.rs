//! The sound files of a folder and of those in it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The sound files below `folder`, in the order of their paths: by their endings, whatever is in them. Names that begin with
/// a dot are left out: they are hidden, or what a Mac leaves beside each file. At most `most`, in folders of folders, eight
/// deep; below there, and in folders that cannot be read, nothing is looked for. A folder that links lead to again is looked
/// into once.
///
/// # Errors
///
/// `folder` itself cannot be read.
pub fn sound_files(folder: &Path, most: usize) -> io::Result<Vec<PathBuf>> {
    let mut search = Search { most, found: Vec::new(), seen: BTreeSet::new() };
    search.look_into(folder, DEEPEST)?;
    search.found.sort_unstable();
    Ok(search.found)
}

struct Search {
    most: usize,
    found: Vec<PathBuf>,
    /// Folders by device and inode.
    seen: BTreeSet<(u64, u64)>,
}

impl Search {
    fn look_into(&mut self, folder: &Path, deep: u32) -> io::Result<()> {
        let about = fs::metadata(folder)?;
        if !self.seen.insert((about.dev(), about.ino())) {
            return Ok(());
        }
        let mut paths: Vec<_> =
            fs::read_dir(folder)?.flatten().map(|entry| entry.path()).take(MOST_ENTRIES).collect();
        paths.retain(|path| !is_hidden(path));
        paths.sort_unstable();
        for path in paths {
            if self.found.len() >= self.most {
                break;
            }
            if path.is_dir() {
                if deep > 0 {
                    let _ = self.look_into(&path, deep - 1);
                }
            } else if is_sound(&path) {
                self.found.push(path);
            }
        }
        Ok(())
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_sound(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// What files end in that may be sound.
const ENDINGS: &[&str] = &["wav", "mp3", "ogg", "oga", "flac"];
/// Folders within folders.
const DEEPEST: u32 = 8;
/// Names of one folder that are looked at.
const MOST_ENTRIES: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_folders_of_folders_in_the_order_of_their_paths() {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-folder", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("b/c")).unwrap();
        fs::create_dir_all(folder.join(".hidden")).unwrap();
        let names =
            ["z.MP3", "a.wav", "b/2.flac", "b/1.ogg", "b/c/x.oga", "note.txt", "._a.wav", ".hidden/y.mp3"];
        for name in names {
            fs::write(folder.join(name), "x").unwrap();
        }
        let found = |most| -> Vec<String> {
            let files = sound_files(&folder, most).unwrap();
            files.iter().map(|path| path.strip_prefix(&folder).unwrap().display().to_string()).collect()
        };
        assert_eq!(found(100), ["a.wav", "b/1.ogg", "b/2.flac", "b/c/x.oga", "z.MP3"]);
        assert_eq!(found(2), ["a.wav", "b/1.ogg"]);
        fs::remove_dir_all(&folder).unwrap();
        assert!(sound_files(&folder, 1).is_err());
    }

    #[test]
    fn a_loop_of_links_is_gone_round_once() {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-loop", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.wav"), "x").unwrap();
        std::os::unix::fs::symlink(&folder, folder.join("again")).unwrap();
        assert_eq!(sound_files(&folder, 100).unwrap().len(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
