//! One player: its thread on one side, its voices on the other.

use super::reader::{self, Ends, Word};
use super::told::Told;
use crate::app::cards::Cards;
use crate::config;
use crate::mix::{Piece, VoiceId};
use crate::music::{Item, Pace, Program};
use crate::status::{self, PlayerState, SourceFailure};
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;

/// A player of music.
pub(super) struct Player {
    config: config::Player,
    sources: Vec<Source>,
    ends: Ends,
    told: Told,
    now: Now,
    /// One for each card, while something is heard.
    voices: Vec<Voice>,
    pace: Pace,
    /// What the cards had when pieces came to them, of those that not all have told yet.
    met: VecDeque<(u32, Vec<Option<u32>>)>,
    next_number: u32,
    level: Level,
    is_paused: bool,
    quiet_since: Option<Instant>,
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

/// A voice on one of the cards.
struct Voice {
    name: VoiceId,
    /// Pieces that are there, or under way.
    out: usize,
    /// What it was last told.
    pace: (f32, bool),
}

impl Player {
    /// Starts what `wanted` asks for.
    pub(super) fn start(now: Instant, wanted: &config::Player, seed: u64) -> io::Result<Self> {
        let items: Vec<_> = wanted.sources.iter().map(item).collect();
        let program = Program::new(items.clone(), wanted.shuffle, seed);
        Ok(Self {
            config: wanted.clone(),
            sources: items.into_iter().map(|item| Source { item, failure: None }).collect(),
            ends: reader::start(program)?,
            told: Told::default(),
            now: Now::Begins,
            voices: Vec::new(),
            pace: Pace::new(0),
            met: VecDeque::new(),
            next_number: 0,
            level: Level::UNITY,
            is_paused: false,
            quiet_since: Some(now),
        })
    }

    /// Whether this is the player that `wanted` asks for.
    pub(super) fn is_of(&self, wanted: &config::Player) -> bool {
        self.config == *wanted
    }

    /// Whether something of it is on its way to be heard.
    pub(super) fn plays(&self) -> bool {
        !self.voices.is_empty()
    }

    /// It ends: what is heard fades out.
    pub(super) fn stop(&mut self, cards: &Cards<'_>) {
        for voice in self.voices.drain(..) {
            cards.release(voice.name);
        }
        self.ends.pieces.close();
        self.ends.words.close();
    }

    /// Is so loud from now on.
    pub(super) fn set_level(&mut self, cards: &Cards<'_>, level: Level) {
        if core::mem::replace(&mut self.level, level) != level {
            self.voices.iter().for_each(|voice| cards.set_level(voice.name, level));
        }
    }

    /// Goes on: takes what the thread has told and made.
    pub(super) fn handle_timeout(
        &mut self,
        now: Instant,
        cards: &Cards<'_>,
        name: &mut impl FnMut() -> VoiceId,
    ) {
        while let Ok(word) = self.ends.words.try_recv() {
            self.handle_word(now, word);
        }
        if self.voices.is_empty() && !self.ends.pieces.is_empty() {
            self.begin(cards, name);
        }
        self.feed(cards);
        self.end_when_quiet(now, cards);
    }

    /// A piece that was played comes back; it is given on if it is of another player.
    pub(super) fn handle_spent(
        &mut self,
        cards: &Cards<'_>,
        name: VoiceId,
        piece: Box<Piece>,
    ) -> Option<Box<Piece>> {
        let Some(card) = self.voices.iter().position(|voice| voice.name == name) else { return Some(piece) };
        self.voices[card].out = self.voices[card].out.saturating_sub(1);
        self.compare(card, &piece);
        // The thread that wants it no more has gone.
        let _ = self.ends.spares.send(piece);
        self.feed(cards);
        None
    }

    /// A card has given a voice back, which was released, or which it had no room for.
    pub(super) fn handle_retired(&mut self, name: VoiceId) {
        if self.voices.iter().any(|voice| voice.name == name) {
            self.voices.clear();
        }
    }

    /// How it is.
    pub(super) fn status(&self, cards: &Cards<'_>) -> status::Player {
        let (state, source, track) = match &self.now {
            Now::Begins => (PlayerState::Starting, None, None),
            Now::Silent => (PlayerState::Silent, None, None),
            Now::Plays { source, item } => {
                let source = self.sources.get(*source).map(|source| &source.item);
                let state = if self.stands_still() { PlayerState::Paused } else { PlayerState::Playing };
                (state, source.map(ToString::to_string), Some(item).filter(|item| Some(*item) != source))
            }
        };
        let stats = self.voices.first().and_then(|voice| cards.voice(voice.name)).map(|(stats, _)| stats);
        let failures = self.sources.iter().filter_map(|source| {
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
            ahead_ms: stats.map_or(0.0, |stats| status::millis(stats.delay)),
            dry: stats.map_or(0, |stats| stats.dry),
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
        // A track that is broken says nothing of its list yet.
        let failed = self.sources.get_mut(source);
        if let Some(failed) = failed.filter(|_| is_source || self.now == Now::Begins || self.now == Now::Silent) {
            failed.failure = Some(if is_source { why } else { text });
        }
    }

    /// Begins on every card, as far as they take it.
    fn begin(&mut self, cards: &Cards<'_>, name: &mut impl FnMut() -> VoiceId) {
        cards.wake();
        for card in 0..cards.count() {
            let name = name();
            if !cards.attach_music(card, name, self.level) {
                // They are too busy; it is tried again.
                self.voices.drain(..).for_each(|voice| cards.release(voice.name));
                return;
            }
            self.voices.push(Voice { name, out: 0, pace: (0.0, false) });
        }
        self.pace = Pace::new(self.voices.len());
        self.met.clear();
    }

    /// Gives the cards as much as the fastest of them has room for.
    fn feed(&mut self, cards: &Cards<'_>) {
        while self.voices.iter().map(|voice| voice.out).min().is_some_and(|out| out < self.room()) {
            let Ok(mut piece) = self.ends.pieces.try_recv() else { return };
            piece.number = self.next_number;
            self.next_number = self.next_number.wrapping_add(1);
            for card in 1..self.voices.len() {
                self.give(cards, card, piece.clone());
            }
            self.give(cards, 0, piece);
        }
    }

    /// A card that has no room misses it, and hears of it by its number.
    fn give(&mut self, cards: &Cards<'_>, card: usize, piece: Box<Piece>) {
        let voice = &mut self.voices[card];
        if voice.out < Piece::MOST && cards.play_piece(card, voice.name, piece) {
            voice.out += 1;
        }
    }

    /// What an input gives is taken as it comes.
    fn room(&self) -> usize {
        let is_input = matches!(&self.now, Now::Plays { item: Item::Pcm(_), .. });
        if is_input { AHEAD_OF_INPUT } else { AHEAD }
    }

    /// Keeps the cards in step by what each had when this piece came.
    fn compare(&mut self, card: usize, piece: &Piece) {
        let cards = self.voices.len();
        if !self.met.iter().any(|(number, _)| *number == piece.number) {
            self.met.push_back((piece.number, vec![None; cards]));
        }
        if self.met.len() > Piece::MOST {
            self.met.pop_front();
        }
        let Some(place) = self.met.iter().position(|(number, _)| *number == piece.number) else { return };
        self.met[place].1[card] = Some(piece.met);
        if let Some(met) = self.met[place].1.iter().copied().collect::<Option<Vec<_>>>() {
            self.met.remove(place);
            self.pace.handle_piece(&met);
        }
    }

    /// Tells the cards how fast to read.
    fn keep_pace(&mut self, cards: &Cards<'_>) {
        let is_paused = self.stands_still();
        for (card, voice) in self.voices.iter_mut().enumerate() {
            let ppm = self.pace.ppm(card);
            let (told, was_paused) = voice.pace;
            let is_news = (ppm - told).abs() >= LEAST_PPM || was_paused != is_paused;
            if is_news && cards.set_pace(card, voice.name, ppm, is_paused) {
                voice.pace = (ppm, is_paused);
            }
        }
    }

    /// Whether it waits where it is.
    fn stands_still(&self) -> bool {
        self.is_paused && !matches!(&self.now, Now::Plays { item, .. } if item.is_live())
    }

    /// A card may rest when nothing has been heard for a while.
    fn end_when_quiet(&mut self, now: Instant, cards: &Cards<'_>) {
        self.keep_pace(cards);
        let is_quiet = self.voices.iter().all(|voice| voice.out == 0) && self.ends.pieces.is_empty();
        let since = *self.quiet_since.get_or_insert(now);
        if !is_quiet {
            self.quiet_since = None;
        } else if now.since(since) >= QUIET_FOR {
            self.voices.drain(..).for_each(|voice| cards.release(voice.name));
        }
    }

    fn tell(&mut self, now: Instant, level: log::Level, what: &str) {
        if let Some(held_back) = self.told.line(now) {
            self.say(level, what, held_back);
        }
    }

    fn say(&self, level: log::Level, what: &str, held_back: u64) {
        let before = if held_back > 0 { format!("; {held_back} lines before were left out") } else { String::new() };
        log::log!(level, "{}: {what}{before}", self.called());
    }

    /// `[music]`, `[music lobby]`.
    fn called(&self) -> String {
        let name = self.config.name.escape_debug();
        if self.config.name.is_empty() { "[music]".to_owned() } else { format!("[music {name}]") }
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
/// Less is not worth telling a card.
const LEAST_PPM: f32 = 2.0;
/// How long nothing is heard until voices are given back.
const QUIET_FOR: Duration = Duration::from_secs(5);
