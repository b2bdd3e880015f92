//! On which terms something is heard: calls of an account, callers, announcements, music, keys.
//!
//! Decides: what a zone or a group by its name is among the zones of the box, how many sections of a kind count. Leaves
//! out: what becomes of several that want to be heard at once (`paging`).

use super::section::normal;
use super::source::{Sound, Source};
use super::wanted::is_number;
use super::{Expected, Place, Problem, SectionName, Settings, ZoneNames, value};
use crate::allow::Pattern;
use crate::units::Level;
use crate::zones::ZoneSet;

use super::read::Reader;

/// How calls of an account are taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Reception {
    /// What they are.
    pub mode: Mode,
    /// Where they are heard.
    pub zones: ZoneNames,
    /// 0 to 100, higher wins.
    pub priority: u8,
    /// Their chime; `None`: that of the zone, or of `[audio]`.
    pub klaxon: Option<Sound>,
    /// What is asked of the caller; empty: nothing.
    pub pin: String,
    /// Whether the caller hears the chime instead of ring-back.
    pub early_media: bool,
}

/// What a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A page.
    Page,
    /// A bell that rings until somebody answers elsewhere.
    Ring,
    /// A page before which everything else gives way.
    Emergency,
}

/// `[caller NAME]`: whose calls differ from what their account says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRule {
    /// The name, as the owner spelt it first.
    pub name: String,
    /// Who; never none.
    pub from: Vec<Pattern>,
    /// Their chime.
    pub klaxon: Option<Sound>,
    /// Where they are heard.
    pub zones: Option<ZoneNames>,
    /// 0 to 100, higher wins.
    pub priority: Option<u8>,
}

/// `[group NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name, as the owner spelt it first.
    pub name: String,
    /// Its zones; no group among them.
    pub zones: ZoneNames,
}

/// How music goes and comes around a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MusicFade {
    /// In seconds; zero and less: at once.
    pub duration: f64,
    /// In seconds. In: how long it waits after the last page. Out: how long after the beginning of the klaxon it has gone;
    /// negative: before it.
    pub offset: f64,
    /// What it goes down to before it is muted, or begins with.
    pub min: Level,
}

/// `[music]` or `[music NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// The name, as the owner spelt it first; empty for `[music]`.
    pub name: String,
    /// Where its music comes from, the most wanted first; never none.
    pub sources: Vec<Source>,
    /// Whether it is played in any order.
    pub shuffle: bool,
    /// Where it is heard.
    pub zones: ZoneNames,
}

/// `[announcement NUMBER]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Up to eight digits.
    pub number: String,
    /// What is played; never nothing.
    pub play: Sound,
    /// Where.
    pub zones: ZoneNames,
    /// 0 to 100, higher wins.
    pub priority: u8,
    /// How often, at least once.
    pub repeat: u8,
}

/// `[emergency]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// What is played again and again.
    pub play: Sound,
    /// Where.
    pub zones: ZoneNames,
    /// 0 to 100, higher wins.
    pub priority: u8,
}

/// `[key DIGITS]`.
#[derive(Clone, Debug, PartialEq)]
pub struct DialKey {
    /// Up to eight digits.
    pub digits: String,
    /// What they do; every key of [`Settings::keys`] does something.
    pub does: Option<KeyAction>,
}

/// What keys of a telephone do.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyAction {
    /// The caller pages these zones.
    Zones(ZoneNames),
    /// The announcement of this number is played.
    Announcement(String),
    /// The emergency begins, or ends.
    Emergency,
    /// The zones are as loud as this.
    Volume(Level),
    /// They are louder.
    VolumeUp,
    /// They are softer.
    VolumeDown,
    /// Whether it is night.
    Night(Switch),
    /// All that is played ends.
    Stop,
    /// A tone is heard in every zone.
    Test,
    /// The caller is told the address of the box.
    Address,
    /// The machine begins anew.
    Reboot,
}

/// What somebody wants a thing to be that goes by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// On, whatever the clock says.
    On,
    /// Off, whatever the clock says.
    Off,
    /// As the clock says.
    Auto,
}

impl Reception {
    pub(super) const fn blank() -> Self {
        Self {
            mode: Mode::Page,
            zones: ZoneNames::All,
            priority: 0,
            klaxon: None,
            pin: String::new(),
            early_media: false,
        }
    }
}

impl Mode {
    pub(super) const WORDS: &[&str] = &["page", "ring", "emergency"];

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "ring" => Self::Ring,
            "emergency" => Self::Emergency,
            _ => Self::Page,
        }
    }
}

impl MusicFade {
    pub(super) const BLANK: Self = Self { duration: 0.0, offset: 0.0, min: Level::MUTE };
}

impl Emergency {
    pub(super) const fn blank() -> Self {
        Self { play: Sound::None, zones: ZoneNames::All, priority: 0 }
    }
}

impl KeyAction {
    /// The words it may begin with.
    pub(super) const WORDS: &[&str] =
        &["zones", "announcement", "emergency", "volume", "night", "stop", "test", "address", "reboot"];

    /// Reads `zones hall, yard`, `announcement 3`, `volume up`, `night auto`, `stop`.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match (word.to_ascii_lowercase().as_str(), rest.to_ascii_lowercase().as_str()) {
            ("zones" | "zone", _) => {
                ZoneNames::from_text(rest).map(Self::Zones).map_err(|_| Expected::Dialling)
            }
            ("announcement", number) if is_number(number) => Ok(Self::Announcement(number.to_owned())),
            ("emergency", "") => Ok(Self::Emergency),
            ("volume", "up") => Ok(Self::VolumeUp),
            ("volume", "down") => Ok(Self::VolumeDown),
            ("volume", level) => value::duck(level).map(Self::Volume).map_err(|_| Expected::Dialling),
            ("night", "on") => Ok(Self::Night(Switch::On)),
            ("night", "off") => Ok(Self::Night(Switch::Off)),
            ("night", "auto") => Ok(Self::Night(Switch::Auto)),
            ("stop", "") => Ok(Self::Stop),
            ("test", "") => Ok(Self::Test),
            ("address", "") => Ok(Self::Address),
            ("reboot" | "restart", "") => Ok(Self::Reboot),
            _ => Err(Expected::Dialling),
        }
    }
}

impl Settings {
    /// The zones that `names` are; all of the box for `all`. A name that is nobody's is passed over; where none is left, `all`
    /// are meant: nothing goes silent because of a typing mistake. A zone that is there only when the box has come up anew is
    /// nowhere until then.
    #[must_use]
    pub fn zone_set(&self, names: &ZoneNames) -> ZoneSet {
        let all = ZoneSet::first(self.zones.len().max(1));
        let ZoneNames::Named(list) = names else { return all };
        let found = list.iter().fold(ZoneSet::NONE, |found, name| found.union(self.zones_named(name)));
        match found.common(all) {
            found if !found.is_empty() => found,
            _ if list.iter().any(|name| self.comes(name)) => ZoneSet::NONE,
            _ => all,
        }
    }

    /// The zone or the zones of the group of this name; none where nothing is called so.
    #[must_use]
    pub fn zones_named(&self, name: &str) -> ZoneSet {
        let id = normal(name);
        if let Some(zone) = self.zones.iter().position(|zone| normal(&zone.name) == id) {
            return ZoneSet::one(zone);
        }
        match self.groups.iter().find(|group| normal(&group.name) == id).map(|group| &group.zones) {
            Some(ZoneNames::All) => ZoneSet::first(self.zones.len().max(1)),
            Some(ZoneNames::Named(list)) => {
                let is_of_it =
                    |zone: &super::Zone| list.iter().any(|name| normal(name) == normal(&zone.name));
                (0..self.zones.len()).filter(|zone| is_of_it(&self.zones[*zone])).collect()
            }
            None => ZoneSet::NONE,
        }
    }

    /// Whether the zone of this name, or one of the group, is still to come.
    fn comes(&self, name: &str) -> bool {
        let is_it = |name: &str| self.coming.iter().any(|zone| normal(zone) == normal(name));
        let group = self.groups.iter().find(|group| normal(&group.name) == normal(name));
        let is_of_group = |group: &Group| match &group.zones {
            ZoneNames::All => false,
            ZoneNames::Named(list) => list.iter().any(|name| is_it(name)),
        };
        is_it(name) || group.is_some_and(is_of_group)
    }

    /// Begins what a section with a name says.
    pub(super) fn begin(&mut self, section: &SectionName) {
        let name = section.name.clone().unwrap_or_default();
        let (klaxon, zones, priority) = (None, None, None);
        match section.kind {
            "group" => self.groups.push(Group { name, zones: ZoneNames::Named(Vec::new()) }),
            "caller" => self.callers.push(CallerRule { name, from: Vec::new(), klaxon, zones, priority }),
            "announcement" => {
                let (play, zones) = (Sound::None, ZoneNames::All);
                self.announcements.push(Announcement { number: name, play, zones, priority: 0, repeat: 1 });
            }
            MUSIC => {
                self.players.push(Player {
                    name,
                    sources: Vec::new(),
                    shuffle: false,
                    zones: ZoneNames::All,
                });
            }
            KEYS => self.keys.push(DialKey { digits: name, does: None }),
            _ => {}
        }
    }

    pub(super) fn in_group(&mut self, tell: impl FnOnce(&mut Group)) {
        self.groups.last_mut().map(tell);
    }

    pub(super) fn in_player(&mut self, tell: impl FnOnce(&mut Player)) {
        self.players.last_mut().map(tell);
    }

    pub(super) fn in_announcement(&mut self, tell: impl FnOnce(&mut Announcement)) {
        self.announcements.last_mut().map(tell);
    }

    pub(super) fn in_caller(&mut self, tell: impl FnOnce(&mut CallerRule)) {
        self.callers.last_mut().map(tell);
    }

    pub(super) fn in_key(&mut self, tell: impl FnOnce(&mut DialKey)) {
        self.keys.last_mut().map(tell);
    }
}

/// Leaves out what is nothing, which has been told, and what is too much.
pub(super) fn settle(settings: &mut Settings, reader: &mut Reader<'_>) {
    settings.groups.retain(|group| group.zones != ZoneNames::Named(Vec::new()));
    settings.callers.retain(|rule| !rule.from.is_empty());
    settings.announcements.retain(|one| one.play != Sound::None);
    settings.players.retain(|player| !player.sources.is_empty());
    settings.keys.retain(|key| key.does.is_some());
    limit(&mut settings.callers, |rule| &rule.name, ("caller", "callers"), MAX_CALLERS, reader);
    limit(
        &mut settings.announcements,
        |one| &one.number,
        ("announcement", "announcements"),
        MAX_ANNOUNCEMENTS,
        reader,
    );
    limit(&mut settings.players, |player| &player.name, (MUSIC, "players"), MAX_PLAYERS, reader);
    limit(&mut settings.keys, |key| &key.digits, (KEYS, "keys"), MAX_KEYS, reader);
}

/// Leaves the first `most` of a list, and tells which one is the first too many.
fn limit<T>(
    list: &mut Vec<T>,
    name: fn(&T) -> &String,
    (kind, what): (&'static str, &'static str),
    most: usize,
    reader: &mut Reader<'_>,
) {
    let Some(first) = list.get(most) else { return };
    let id = SectionName { kind, name: Some(name(first).clone()) }.id();
    let section = reader.others.iter().find(|(section, _): &&(_, Place)| section.id() == id).cloned();
    if let Some((section, place)) = section {
        reader.report.error(&place, &section.to_string(), Problem::TooMany { most, what });
    }
    list.truncate(most);
}

/// The kind of section that makes a player.
pub(super) const MUSIC: &str = "music";
/// The kind of section that gives keys something to do.
pub(super) const KEYS: &str = "key";
/// As many rules as `allow` takes patterns.
const MAX_CALLERS: usize = 64;
/// Their sounds are held in memory, as far as they are short.
const MAX_ANNOUNCEMENTS: usize = 100;
/// A thread each.
pub const MAX_PLAYERS: usize = 8;
/// Each announcement, and as much again.
const MAX_KEYS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn read(text: &str) -> (Settings, Vec<String>) {
        let loaded = load(&[("paging.conf", text.as_bytes())], [], &[]);
        let told = loaded.diagnostics.iter().map(ToString::to_string).filter(|line| line.contains("error"));
        (loaded.settings, told.collect())
    }

    const ZONES: &str = "[zone hall]\nchannels = 1\n[zone Yard 2]\nchannels = 2\n[zone shed]\nchannels = 3\n\
                         [group outside]\nzones = yard 2, shed\n";

    #[test]
    fn names_of_zones_and_groups_are_zones_by_their_place() {
        let (settings, told) = read(ZONES);
        assert_eq!(told, [""; 0]);
        let set = |text: &str| settings.zone_set(&ZoneNames::from_text(text).unwrap());
        assert_eq!(set("all"), ZoneSet::first(3));
        assert_eq!(set("HALL, yard_2").iter().collect::<Vec<_>>(), [0]);
        assert_eq!(set("outside").iter().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(set("nowhere"), ZoneSet::first(3), "nobody is silent for a typing mistake");
        assert_eq!(read("").0.zone_set(&ZoneNames::All), ZoneSet::one(0));
    }

    #[test]
    fn accounts_and_callers_have_terms_of_their_own() {
        let (settings, told) = read(&format!(
            "{ZONES}[sip]\ndomain = pbx\nuser = 501\nzones = hall\nklaxon = three-tone\n\
             [sip help]\nuser = 911\nmode = emergency\nzones = all\npriority = emergency\npin = 12 ; 3\n\
             [caller boss]\nfrom = 2??@*, 100\npriority = 70\nzones = outside\n"
        ));
        assert_eq!(told.len(), 1, "{told:?}");
        let [first, help] = settings.accounts.as_slice() else { panic!("{settings:?}") };
        assert_eq!(first.reception.klaxon, Some(Sound::ThreeTone));
        assert_eq!((first.reception.mode, first.reception.priority), (Mode::Page, 60));
        assert_eq!((help.reception.mode, help.reception.priority), (Mode::Emergency, 90));
        assert_eq!(help.reception.klaxon, Some(Sound::ThreeTone), "from [sip]");
        let [boss] = settings.callers.as_slice() else { panic!("{settings:?}") };
        assert_eq!((boss.from.len(), boss.priority, boss.klaxon.as_ref()), (2, Some(70), None));
    }

    #[test]
    fn players_announcements_and_keys_are_what_is_whole() {
        let (settings, told) = read(
            "[music]\nshuffle = yes\n[music bar]\nsource = /boot/sounds, http://radio.example/\n\
             [announcement 7]\nplay = a.wav\nrepeat = 2\n[announcement 8]\nrepeat = 2\n\
             [key 1]\ndo = announcement 7\n[key 2]\n[emergency]\nplay = b.wav\n",
        );
        let [bar] = settings.players.as_slice() else { panic!("{settings:?}") };
        assert_eq!((bar.name.as_str(), bar.sources.len(), bar.shuffle), ("bar", 2, false));
        assert_eq!(settings.announcements.len(), 1);
        assert_eq!(settings.keys[0].does, Some(KeyAction::Announcement("7".to_owned())));
        assert_eq!(settings.emergency.play, Sound::File("b.wav".into()));
        assert_eq!(
            told,
            [
                "paging.conf:8:1: error: [announcement 8]: expected play as well; nothing is played",
                "paging.conf:12:1: error: [key 2]: expected do as well; it does nothing",
            ]
        );
    }

    #[test]
    fn a_player_without_a_name_plays_too() {
        let (settings, _) = read("[music]\nsource = /boot/sounds\n[music bar]\nsource = x.mp3\n");
        let names: Vec<_> = settings.players.iter().map(|player| player.name.as_str()).collect();
        assert_eq!(names, ["", "bar"]);
    }

    #[test]
    fn keys_do_what_they_say_and_nothing_that_is_not_there() {
        for (text, action) in [
            ("Volume 80", KeyAction::Volume(Level::from_gain(0.8))),
            ("volume up", KeyAction::VolumeUp),
            ("night OFF", KeyAction::Night(Switch::Off)),
            ("zone Hall", KeyAction::Zones(ZoneNames::Named(vec!["Hall".to_owned()]))),
            ("address", KeyAction::Address),
            ("Restart", KeyAction::Reboot),
        ] {
            assert_eq!(KeyAction::from_text(text), Ok(action), "{text}");
        }
        for text in ["", "zones", "announcement x", "volume", "volume 110", "night", "stop 1", "dance"] {
            assert_eq!(KeyAction::from_text(text), Err(Expected::Dialling), "{text}");
        }
        let (_, told) =
            read(&format!("{ZONES}[key 1]\ndo = zones hall, yrad\n[key 2]\ndo = announcement 9\n[key x]\n"));
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told.iter().any(|line| line.contains(":10:18:") && line.contains("found \"yrad\"")),
            "{told:?}"
        );
    }

    #[test]
    fn there_are_only_so_many_players() {
        let player = |number| format!("[music p{number}]\nsource = a.mp3\n");
        let (settings, told) = read(&(0..=MAX_PLAYERS).map(player).collect::<String>());
        assert_eq!(settings.players.len(), MAX_PLAYERS);
        let expected = "paging.conf:17:1: error: [music p8]: expected at most 8 players; it is none, nor are those behind it";
        assert_eq!(told, [expected]);
    }
}
