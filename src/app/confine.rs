//! What the box gives up before it begins: everywhere, that programs it starts get more rights; on the card image, where
//! the machine is its own, files that it has no business with, and calls that it never makes.
//!
//! On somebody's own Linux the service manager does the rest, with less guessing (`board/linux/paging.service`).
//! The card image says by [`APPLIANCE`] in the environment that it is one (`overlay/usr/lib/paging/run`).

use super::arguments::Configuration;
use super::configuration;
use super::reading::found;
use crate::config::{Device, Settings, Sound, Source};
use crate::sandbox::{self, Extent, Reach, folder_of};
use std::path::PathBuf;

/// What came of it, for the log, which is not there yet: its thread has to be locked in, too.
#[derive(Debug, Default)]
pub(super) struct Confined(Vec<(log::Level, String)>);

impl Confined {
    /// Gives up what a box of `settings` does not need. To be called before the second thread starts.
    pub(super) fn enter(configuration: &Configuration, settings: &Settings) -> Self {
        let mut confined = Self::default();
        if let Err(error) = sandbox::renounce() {
            confined.say(log::Level::Info, format!("rights are not renounced: {error}"));
        }
        if is_appliance() {
            confined.lock_in(&reach(configuration, settings));
        }
        confined
    }

    /// Logs it.
    pub(super) fn tell(self) {
        for (level, line) in self.0 {
            log::log!(level, "{line}");
        }
    }

    fn lock_in(&mut self, reach: &Reach) {
        match sandbox::restrict(reach) {
            Ok(Extent::Whole) => {}
            Ok(Extent::Partial) => {
                self.say(log::Level::Debug, "files: the kernel knows a part of Landlock".into());
            }
            Ok(Extent::None) => {
                self.say(log::Level::Info, "files are not locked: the kernel has no Landlock".into());
            }
            Err(error) => self.say(log::Level::Warn, format!("files are not locked: {error}")),
        }
        if let Err(error) = sandbox::refuse_calls() {
            self.say(log::Level::Info, format!("calls are not refused: {error}"));
        }
    }

    fn say(&mut self, level: log::Level, line: String) {
        self.0.push((level, line));
    }
}

/// Whether the machine is the box's own.
pub(super) fn is_appliance() -> bool {
    std::env::var_os(APPLIANCE).is_some_and(|value| !value.is_empty())
}

/// The system and the owner's files to read; devices, memory file systems and what the settings name to write.
fn reach(configuration: &Configuration, settings: &Settings) -> Reach {
    let read = READ.iter().map(Into::into).chain(configuration::files(configuration).map(folder_of));
    let socket = settings.status.socket.as_deref().map(folder_of);
    let recordings = settings.outputs().into_iter().filter_map(|output| match output.device {
        Device::Wav(path) => Some(folder_of(&path)),
        _ => None,
    });
    let music = settings.players.iter().flat_map(|player| &player.sources).filter_map(folder_of_source);
    let read = read.chain(music).chain(sounds(settings));
    let write = WRITE.iter().map(Into::into).chain(socket).chain(recordings);
    Reach { read: read.collect(), write: write.collect() }
}

/// The folders of chimes, announcements and the emergency.
fn sounds(settings: &Settings) -> impl Iterator<Item = PathBuf> {
    let (audio, sip) = (&settings.audio, &settings.sip.account.reception.klaxon);
    let accounts = settings.accounts.iter().map(|account| &account.reception.klaxon);
    let callers = settings.callers.iter().map(|rule| &rule.klaxon);
    let zones = settings.zones.iter().map(|zone| &zone.klaxon);
    let chimes = accounts.chain(callers).chain(zones).chain([sip]).flatten();
    let stored = settings.announcements.iter().map(|announcement| &announcement.play);
    let all = chimes.chain(stored).chain([&audio.klaxon, &audio.klaxon_after, &settings.emergency.play]);
    all.filter_map(|sound| match sound {
        Sound::File(path) => Some(folder_of(&found(path))),
        _ => None,
    })
}

/// A folder of music, or the folder of a list or a sound.
fn folder_of_source(source: &Source) -> Option<PathBuf> {
    let Source::File(path) = source else { return None };
    Some(if path.is_dir() { path.clone() } else { folder_of(path) })
}

/// Set in the environment where the machine is the box's own.
const APPLIANCE: &str = "PAGING_APPLIANCE";
/// Names, libraries, ALSA's configuration, sounds; which cards there are; what `paging boot` has made.
const READ: &[&str] = &["/usr", "/lib", "/lib64", "/etc", "/boot", "/proc", "/sys", "/run"];
/// Devices come and go: which of them may be opened is up to the rights of their files.
const WRITE: &[&str] = &["/dev", "/run/paging", "/tmp"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    #[test]
    fn what_the_settings_name_can_be_reached() {
        let text = "[audio]\ndevice = wav:/srv/heard/x.wav\n[status]\nsocket = /srv/run/s\n[music]\nsource = /srv/music/list.m3u, http://x/\n\
            [audio]\nklaxon = /srv/chime/x.wav\n[announcement 1]\nplay = /srv/told/x.wav\n[emergency]\nplay = /srv/alarm/x.wav\n[zone a]\nklaxon = /srv/zone/x.wav\n";
        let settings = load(&[("a", text.as_bytes())], [], &[]).settings;
        let configuration = Configuration { files: vec!["/srv/conf/a".into()], ..Configuration::default() };
        let Reach { read, write } = reach(&configuration, &settings);
        for folder in ["/srv/music", "/srv/chime", "/srv/told", "/srv/alarm", "/srv/zone"] {
            assert!(read.contains(&PathBuf::from(folder)), "{folder}: {read:?}");
        }
        assert!(read.contains(&PathBuf::from("/srv/conf")) && read.contains(&PathBuf::from("/boot")));
        for folder in ["/srv/heard", "/srv/run", "/dev"] {
            assert!(write.contains(&PathBuf::from(folder)), "{write:?}");
        }
    }
}
