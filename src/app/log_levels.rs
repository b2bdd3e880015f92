//! Which part of the program a line is of, and how much each part tells.
//!
//! Levels are asked for by every line, from any thread, and may change at any time: so each is an atomic of its own.

use crate::config::{self, LogLevel, LogPart};
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use log::{Level, LevelFilter};

/// How much is told.
#[derive(Debug, Default)]
pub(super) struct Levels {
    /// In the order of [`LogPart::ALL`].
    of_parts: [AtomicUsize; LogPart::ALL.len()],
    of_others: AtomicUsize,
}

impl Levels {
    /// Tells so much from now on.
    pub(super) fn set(&self, log: &config::Log) {
        let level_of = |part| {
            let own = log.levels.iter().find(|(known, _)| *known == part);
            number(own.map_or(log.level, |(_, level)| *level))
        };
        for (part, level) in LogPart::ALL.into_iter().zip(&self.of_parts) {
            level.store(level_of(part), Ordering::Relaxed);
        }
        self.of_others.store(number(log.level), Ordering::Relaxed);
    }

    /// The most that any part tells.
    pub(super) fn most(&self) -> LevelFilter {
        let levels = self.of_parts.iter().chain([&self.of_others]);
        let most = levels.map(|level| level.load(Ordering::Relaxed)).max().unwrap_or_default();
        LevelFilter::iter().find(|filter| *filter as usize == most).unwrap_or(LevelFilter::Trace)
    }

    /// Whether a line of `level` of `part` is told.
    pub(super) fn takes(&self, part: Part<'_>, level: Level) -> bool {
        let most = match part {
            Part::Ours(part) => self.of_parts.get(part as usize).unwrap_or(&self.of_others),
            Part::Other(_) => &self.of_others,
        };
        let most = most.load(Ordering::Relaxed);
        if part.is_decoder() {
            // They tell of every packet that is damaged, and streams have many.
            return most >= Level::Debug as usize && level <= Level::Warn;
        }
        level as usize <= most
    }
}

/// What told a line; prints as the log names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Ours(LogPart),
    /// What others wrote.
    Other(&'a str),
}

impl<'a> Part<'a> {
    /// The part that a module belongs to.
    pub(super) fn of(target: &'a str) -> Self {
        let Some(module) = target.strip_prefix("pagingbox::") else { return Self::Other(target) };
        let is_in = |folder: &str| {
            module.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        };
        let known = MODULES.iter().find(|(_, modules)| modules.iter().any(|folder| is_in(folder)));
        Self::Ours(known.map_or(LogPart::App, |(part, _)| *part))
    }

    /// Whether it is of those that read sound.
    fn is_decoder(self) -> bool {
        matches!(self, Self::Other(name) if name.starts_with("symphonia"))
    }
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours(part) => part.as_str(),
            Self::Other(name) => name,
        })
    }
}

/// As the `log` crate counts.
fn number(level: LogLevel) -> usize {
    let filter = match level {
        LogLevel::Off => LevelFilter::Off,
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    };
    filter as usize
}

/// The modules of each part but [`LogPart::App`], which has all others.
const MODULES: &[(LogPart, &[&str])] = &[
    (LogPart::Sip, &["app::connection", "app::connections", "app::inbox", "app::post", "app::strangers"]),
    (LogPart::Calls, &["app::service"]),
    (LogPart::Accounts, &["app::accounts", "app::line", "app::lookup"]),
    (LogPart::Rtp, &["app::back", "app::legs", "app::media", "app::stream"]),
    (LogPart::Output, &["output"]),
    (LogPart::Net, &["net"]),
    (LogPart::Config, &["app::configuration", "app::reload"]),
    (LogPart::Log, &["app::log", "app::syslog"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use std::path::Path;

    fn levels(text: &str) -> Levels {
        let levels = Levels::default();
        levels.set(&load(&[("paging.conf", text.as_bytes())], [], &[]).settings.log);
        levels
    }

    #[test]
    fn each_part_tells_as_much_as_it_is_told_to() {
        let levels = levels("[log]\nlevel = warn\nlevels = sip=debug, output=error, rtp=off\n");
        let takes = |target, level| levels.takes(Part::of(target), level);
        let post = "pagingbox::app::post";
        assert!(takes(post, Level::Debug) && !takes(post, Level::Trace));
        assert!(
            takes("pagingbox::output::pcm", Level::Error) && !takes("pagingbox::output::pcm", Level::Warn)
        );
        assert!(!takes("pagingbox::app::legs", Level::Error));
        for other in ["pagingbox::app::serve", "pagingbox::app::service", "async_io::driver"] {
            assert!(takes(other, Level::Warn) && !takes(other, Level::Info), "{other}");
        }
        assert_eq!(levels.most(), LevelFilter::Debug);
        assert_eq!(self::levels("[log]\nlevel = off\n").most(), LevelFilter::Off);
    }

    #[test]
    fn what_decoders_say_of_damaged_packets_is_for_who_looks_for_it() {
        let takes = |text: &str, level| levels(text).takes(Part::of("symphonia_bundle_mp3::demuxer"), level);
        assert!(!takes("[log]\nlevel = info\n", Level::Error));
        assert!(takes("[log]\nlevel = debug\n", Level::Warn));
        assert!(!takes("[log]\nlevel = debug\n", Level::Debug));
    }

    #[test]
    fn a_module_is_of_one_part_and_not_of_what_begins_alike() {
        let name = |target: &'static str| Part::of(target).to_string();
        assert_eq!(name("pagingbox::app::connections::tests"), "sip");
        assert_eq!(name("pagingbox::app::log"), "log");
        assert_eq!(name("pagingbox::app::logger"), "app");
        assert_eq!(name("pagingbox"), "pagingbox");
        assert_eq!(name("async_io::driver"), "async_io::driver");
    }

    #[test]
    fn every_module_of_a_part_is_there() {
        for module in MODULES.iter().flat_map(|(_, modules)| *modules) {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(module.replace("::", "/"));
            assert!(path.is_dir() || path.with_extension("rs").is_file(), "{module}");
        }
    }

    #[test]
    fn parts_are_numbered_in_their_order() {
        for (number, part) in LogPart::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, number, "{}", part.as_str());
        }
    }
}
