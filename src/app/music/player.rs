//! One player: its thread on one side, its voices on the other.

use super::Read;
use super::reader::{Ends, Word};
use super::told::Told;
use crate::app::cards::Cards;
use crate::app::floor::Hold;
use crate::config;
use crate::mix::{Piece, Voice, VoiceId};
use crate::music::{Item, Pace, Program};
use crate::paging::{Claim, Class};
use crate::status::{self, PlayerState, SourceFailure};
use crate::time::Instant;
use crate::units::Level;
use crate::zones::ZoneSet;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Weak;

/// A player of music.
pub(super) struct Player<'a> {
    config: config::Player,
    sources: Vec<Source>,
    ends: Ends,
    told: Told,
    now: Now,
    /// While something is to be heard.
    air: Option<Air<'a>>,
    next_number: u32,
    terms: Terms,
    quiet_since: Option<Instant>,
}

/// Where a player is heard, before which others, and how loud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Terms {
    pub(super) zones: ZoneSet,
    /// Its place among the players.
    pub(super) place: usize,
    pub(super) level: Level,
}

/// A source, and why it does not work.
struct Source {
    item: Item,
    failure: Option<String>,
}

/// What the thread does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Now {
    Begins,
    Plays { source: usize, item: Item },
    Silent,
}

/// What is on its way to be heard.
struct Air<'a> {
    voice: VoiceId,
    hold: Rc<Hold<'a>>,
    cards: Vec<Card>,
    pace: Pace,
    /// What the cards had when pieces came to them, of those that not all have told yet.
    met: VecDeque<(u32, Vec<Option<u32>>)>,
}

/// One of the cards that play it.
struct Card {
    /// Its place among all.
    place: usize,
    /// Pieces that are there, or under way.
    out: usize,
    /// How fast it was last told to read, and whether to stand still.
    told: (f32, bool),
}

impl<'a> Player<'a> {
    /// Starts what `wanted` asks for, read by `read`. Of `before`, threads of players that end, one may have the input that it wants.
    pub(super) fn start(
        now: Instant,
        wanted: &config::Player,
        seed: u64,
        before: &[Weak<()>],
        read: &Read,
    ) -> io::Result<Self> {
        let items: Vec<_> = wanted.sources.iter().map(item).collect();
        let has_input = items.iter().any(|item| matches!(item, Item::Pcm(_)));
        let before = if has_input { before.to_vec() } else { Vec::new() };
        let program = Program::new(items.clone(), wanted.shuffle, seed);
        Ok(Self {
            config: wanted.clone(),
            sources: items.into_iter().map(|item| Source { item, failure: None }).collect(),
            ends: read(program, before)?,
            told: Told::default(),
            now: Now::Begins,
            air: None,
            next_number: 0,
            terms: Terms { zones: ZoneSet::NONE, place: 0, level: Level::UNITY },
            quiet_since: Some(now),
        })
    }

    /// Whether it plays what `wanted` asks for, wherever that is.
    pub(super) fn is_of(&self, wanted: &config::Player) -> bool {
        let config::Player { name, sources, shuffle, zones: _ } = wanted;
        (&self.config.name, &self.config.sources, self.config.shuffle) == (name, sources, *shuffle)
    }

    /// Its thread, as long as it is there.
    pub(super) fn thread(&self) -> Weak<()> {
        self.ends.alive.clone()
    }

    /// Whether something of it is on its way to be heard.
    pub(super) const fn plays(&self) -> bool {
        self.air.is_some()
    }

    /// It ends: what is heard fades out.
    pub(super) fn stop(&mut self, cards: &Cards<'_>) {
        self.leave_the_air(cards);
        self.ends.pieces.close();
        self.ends.words.close();
    }

    /// Is heard where `wanted` says from now on, and so loud.
    pub(super) fn set_terms(&mut self, cards: &Cards<'_>, wanted: &config::Player, terms: Terms) {
        self.config.zones = wanted.zones.clone();
        let old = core::mem::replace(&mut self.terms, terms);
        if (old.zones, old.place) != (terms.zones, terms.place) {
            self.leave_the_air(cards);
        }
        if let Some(air) = self.air.as_ref().filter(|_| old.level != terms.level) {
            cards.set_level(air.voice, terms.level);
        }
    }

    /// Goes on: takes what the thread has told and made.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        cards: &Rc<Cards<'a>>,
        name: &mut impl FnMut() -> VoiceId,
    ) {
        while let Ok(word) = self.ends.words.try_recv() {
            self.handle_word(now, word);
        }
        if self.air.is_none() && !self.ends.pieces.is_empty() {
            self.begin(now, cards, name());
        }
        self.feed(cards);
        self.keep_pace(now, cards);
        self.end_when_quiet(now, cards);
    }

    /// A piece that was played comes back; it is given on if it is of another player.
    pub(super) fn handle_spent(
        &mut self,
        cards: &Cards<'_>,
        voice: VoiceId,
        piece: Box<Piece>,
    ) -> Option<Box<Piece>> {
        let Some(air) = self.air.as_mut().filter(|air| air.voice == voice) else { return Some(piece) };
        air.handle_spent(&piece);
        self.ends.take_back(piece);
        self.feed(cards);
        None
    }

    /// A card has given a voice back, which was released, or which it had no room for.
    pub(super) fn handle_retired(&mut self, cards: &Cards<'_>, voice: VoiceId) {
        if self.air.as_ref().is_some_and(|air| air.voice == voice) {
            self.leave_the_air(cards);
        }
    }

    /// How it is.
    pub(super) fn status(&self, cards: &Cards<'_>) -> status::Player {
        let (state, source, track) = match &self.now {
            Now::Begins => (PlayerState::Starting, None, None),
            Now::Silent => (PlayerState::Silent, None, None),
            Now::Plays { source, item } => {
                let source = self.sources.get(*source).map(|source| &source.item);
                let state = if self.air.as_ref().is_some_and(Air::stands_still) {
                    PlayerState::Paused
                } else {
                    PlayerState::Playing
                };
                (state, source.map(ToString::to_string), Some(item).filter(|item| Some(*item) != source))
            }
        };
        let told = self.air.as_ref().and_then(|air| cards.voice(air.voice)).map(|(told, _)| told);
        let plays = |source: usize| matches!(&self.now, Now::Plays { source: other, .. } if *other == source);
        let failures = self.sources.iter().enumerate().filter(|(place, _)| !plays(*place));
        let failures = failures.filter_map(|(_, source)| {
            let text = source.failure.clone()?;
            Some(SourceFailure { source: source.item.to_string(), text })
        });
        status::Player {
            name: self.config.name.clone(),
            zones: zones(&self.config.zones),
            state,
            source,
            track: track.map(ToString::to_string),
            failures: failures.collect(),
            ahead_ms: told.map_or(0.0, |told| status::millis(told.delay)),
            dry: told.map_or(0, |told| told.dry),
        }
    }

    fn handle_word(&mut self, now: Instant, word: Word) {
        match word {
            Word::Plays { source, item } => self.on_plays(now, source, item),
            Word::Failed { source, item, why } => self.on_failed(now, source, &item, why),
            Word::Silent => {
                if self.now != Now::Silent {
                    self.tell(now, log::Level::Warn, "no source works; they are tried again and again");
                }
                self.now = Now::Silent;
            }
        }
    }

    fn on_plays(&mut self, now: Instant, source: usize, item: Item) {
        let is_other = !matches!(&self.now, Now::Plays { source: other, .. } if *other == source);
        let Some(of) = self.sources.get_mut(source) else { return };
        of.failure = None;
        let what = of.item.to_string();
        if item.is_live() {
            self.told.works(&item);
        }
        self.told.works(&self.sources[source].item);
        if is_other {
            self.tell(now, log::Level::Info, &format!("plays {what}"));
        } else {
            log::debug!("{}: plays {item}", self.called());
        }
        self.now = Now::Plays { source, item };
    }

    fn on_failed(&mut self, now: Instant, source: usize, item: &Item, why: String) {
        let text = format!("{item}: {why}");
        let is_source = self.sources.get(source).is_some_and(|source| source.item == *item);
        if let Some(held_back) = self.told.fails(now, item, &why) {
            self.say(log::Level::Warn, &text, held_back);
        }
        // Of a list it is the last track that did not work: it is told where none did.
        if let Some(failed) = self.sources.get_mut(source) {
            failed.failure = Some(if is_source { why } else { text });
        }
    }

    /// Claims its zones, and has a voice on their cards.
    fn begin(&mut self, now: Instant, cards: &Rc<Cards<'a>>, voice: VoiceId) {
        let Terms { zones, level, .. } = self.terms;
        let claim = Claim { class: Class::Music, priority: self.terms.priority(), zones };
        let hold = cards.claim(now, claim, now);
        cards.wake(zones);
        // Where they are too busy it is tried again.
        if cards.attach_with(voice, &hold, || Voice::music(level)) {
            self.air = Some(Air::new(voice, hold, cards.cards_of(voice)));
            self.quiet_since = None;
        }
    }

    /// Gives the cards as much as the fastest of them has room for.
    fn feed(&mut self, cards: &Cards<'_>) {
        let room = self.room();
        let Some(air) = &mut self.air else { return };
        while air.cards.iter().map(|card| card.out).min().is_some_and(|out| out < room) {
            let Ok(mut piece) = self.ends.pieces.try_recv() else { return };
            piece.number = self.next_number;
            self.next_number = self.next_number.wrapping_add(1);
            air.give(cards, piece);
        }
    }

    /// What an input gives is taken as it comes.
    fn room(&self) -> usize {
        let is_input = matches!(&self.now, Now::Plays { item: Item::Pcm(_), .. });
        if is_input { AHEAD_OF_INPUT } else { AHEAD }
    }

    /// Tells the cards how fast to read: what could be played later stands still while nobody hears it.
    fn keep_pace(&mut self, now: Instant, cards: &Cards<'_>) {
        let is_live = matches!(&self.now, Now::Plays { item, .. } if item.is_live());
        let Some(air) = &mut self.air else { return };
        let stands_still = !is_live && cards.is_mute(now, &air.hold);
        for (number, card) in air.cards.iter_mut().enumerate() {
            let ppm = air.pace.ppm(number);
            let (told, stood_still) = card.told;
            let is_news = (ppm - told).abs() >= LEAST_PPM || stood_still != stands_still;
            if is_news && cards.set_pace(card.place, air.voice, ppm, stands_still) {
                card.told = (ppm, stands_still);
            }
        }
    }

    /// A card may rest when nothing has been heard for a while.
    fn end_when_quiet(&mut self, now: Instant, cards: &Cards<'_>) {
        let is_played = self.air.as_ref().is_some_and(|air| air.cards.iter().all(|card| card.out == 0));
        if !is_played || !self.ends.pieces.is_empty() {
            self.quiet_since = None;
        } else if now.since(*self.quiet_since.get_or_insert(now)) >= QUIET_FOR {
            self.leave_the_air(cards);
        }
    }

    fn leave_the_air(&mut self, cards: &Cards<'_>) {
        if let Some(air) = self.air.take() {
            cards.release(air.voice);
        }
    }

    fn tell(&mut self, now: Instant, level: log::Level, what: &str) {
        if let Some(held_back) = self.told.line(now) {
            self.say(level, what, held_back);
        }
    }

    fn say(&self, level: log::Level, what: &str, held_back: u64) {
        let before =
            if held_back > 0 { format!("; {held_back} lines before were left out") } else { String::new() };
        log::log!(level, "{}: {what}{before}", self.called());
    }

    /// `[music]`, `[music lobby]`.
    fn called(&self) -> String {
        let name = self.config.name.escape_debug();
        if self.config.name.is_empty() { "[music]".to_owned() } else { format!("[music {name}]") }
    }
}

impl Terms {
    /// Of players in the same zone the first is heard, whichever began before.
    fn priority(&self) -> u8 {
        PRIORITY.saturating_sub(u8::try_from(self.place).unwrap_or(u8::MAX))
    }
}

impl<'a> Air<'a> {
    fn new(voice: VoiceId, hold: Rc<Hold<'a>>, places: Vec<usize>) -> Self {
        let pace = Pace::new(places.len());
        let cards = places.into_iter().map(|place| Card { place, out: 0, told: (0.0, false) }).collect();
        Self { voice, hold, cards, pace, met: VecDeque::new() }
    }

    fn stands_still(&self) -> bool {
        self.cards.iter().any(|card| card.told.1)
    }

    /// Gives a piece to every card; one that has no room misses it, and hears of it by its number.
    fn give(&mut self, cards: &Cards<'_>, piece: Box<Piece>) {
        let voice = self.voice;
        let give = |number: u8, card: &mut Card, mut piece: Box<Piece>| {
            piece.card = number;
            if card.out < Piece::MOST && cards.play_piece(card.place, voice, piece) {
                card.out += 1;
            }
        };
        let Some((first, others)) = self.cards.split_first_mut() else { return };
        for (number, card) in (1..).zip(others) {
            give(number, card, piece.clone());
        }
        give(0, first, piece);
    }

    /// A piece was played. What each card had when it came says how they keep in step.
    fn handle_spent(&mut self, piece: &Piece) {
        let (number, count, place) = (piece.number, self.cards.len(), usize::from(piece.card));
        let Some(card) = self.cards.get_mut(place) else { return };
        card.out = card.out.saturating_sub(1);
        if !self.met.iter().any(|(other, _)| *other == number) {
            self.met.push_back((number, vec![None; count]));
        }
        if self.met.len() > Piece::MOST {
            self.met.pop_front();
        }
        let Some(at) = self.met.iter().position(|(other, _)| *other == number) else { return };
        self.met[at].1[place] = Some(piece.met);
        if let Some(met) = self.met[at].1.iter().copied().collect::<Option<Vec<_>>>() {
            self.met.remove(at);
            self.pace.handle_piece(&met);
        }
    }
}

fn item(source: &config::Source) -> Item {
    match source {
        config::Source::File(path) => Item::File(path.clone()),
        config::Source::Url(url) => Item::Url(url.clone()),
        config::Source::Pcm(name) => Item::Pcm(name.clone()),
    }
}

fn zones(zones: &config::ZoneNames) -> Vec<String> {
    match zones {
        config::ZoneNames::All => vec!["all".to_owned()],
        config::ZoneNames::Named(names) => names.clone(),
    }
}

/// Pieces that a card is ahead: two seconds, so that a bad moment of a network or of the executor is not heard.
const AHEAD: usize = 20;
/// The most of an input, whose clock may be the faster one.
const AHEAD_OF_INPUT: usize = 28;
/// Of the first player, among all that may be heard; each of the further ones has one less.
const PRIORITY: u8 = 10;
/// Less is not worth telling a card.
const LEAST_PPM: f32 = 2.0;
/// How long nothing is heard until voices are given back.
const QUIET_FOR: Duration = Duration::from_secs(5);
