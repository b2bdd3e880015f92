//! Music between pages: the players of the box.
//!
//! ```text
//! a thread per player: sources ─> decode ─> 48 kHz ─> pieces of 100 ms ─┐
//!                          ^                                          v
//!                       spares <─ Report::Spent <─ a voice on every card, two seconds ahead
//! ```
//! The voices of a player are made when there is something to hear, and given back when there has been nothing for a while, so
//! that a card may rest. Pieces go to all cards at the same time, as many as the fastest has room for; [`Pace`](crate::music::Pace) keeps the others
//! in step. A card that stands still misses what it has no room for.
//!
//! While nobody may hear it, a stream goes on, for it would not be there later; files wait where they are.
//!
//! Left out: which source plays ([`Program`](crate::music::Program)); how loud music is while somebody speaks.

mod deck;
#[cfg(test)]
mod made_up;
mod patience;
mod player;
mod reader;
mod splice;
mod told;

#[cfg(test)]
pub(super) use self::made_up::Orchestra;
use self::player::{Player, Terms};
use super::cards::Cards;
use crate::config::{self, Settings};
use crate::entropy;
use crate::mix::{Piece, VoiceId};
use crate::music::Program;
use crate::status;
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;
use std::io;
use std::rc::Rc;
use std::sync::Weak;

/// The players of a box.
pub(super) struct Music<'a> {
    players: Vec<Player<'a>>,
    cards: Rc<Cards<'a>>,
    read: Read,
}

/// Has a programme read, when those are gone that may have what it wants to open.
type Read = Box<dyn Fn(Program, Vec<Weak<()>>) -> io::Result<reader::Ends>>;

impl<'a> Music<'a> {
    /// Those of `settings`.
    pub(super) fn new(now: Instant, settings: &Settings, cards: Rc<Cards<'a>>) -> Self {
        Self::read_by(Box::new(reader::start), (now, settings, cards))
    }

    fn read_by(read: Read, (now, settings, cards): (Instant, &Settings, Rc<Cards<'a>>)) -> Self {
        let mut music = Self { players: Vec::new(), cards, read };
        music.set_options(now, settings);
        music
    }

    /// Plays as `settings` say. Players that play the same as before play on.
    pub(super) fn set_options(&mut self, now: Instant, settings: &Settings) {
        let (mut kept, mut ended) = (Vec::new(), Vec::new());
        for mut player in self.players.drain(..) {
            if settings.players.iter().any(|wanted| player.is_of(wanted)) {
                kept.push(player);
            } else {
                // What it has open must be let go before another can have it.
                player.stop(&self.cards);
                ended.push(player.thread());
            }
        }
        let level = settings.audio.volume_music.unwrap_or(Level::UNITY);
        for (place, wanted) in settings.players.iter().enumerate() {
            let same = kept.iter().position(|player| player.is_of(wanted));
            let player =
                same.map(|same| kept.swap_remove(same)).or_else(|| start(now, wanted, &ended, &self.read));
            let Some(mut player) = player else { continue };
            let zones = settings.zone_set(&wanted.zones);
            player.set_terms(&self.cards, wanted, Terms { zones, place, level });
            self.players.push(player);
        }
    }

    /// Has the players go on; `name` names a voice.
    pub(super) fn handle_timeout(&mut self, now: Instant, mut name: impl FnMut() -> VoiceId) {
        for player in &mut self.players {
            player.handle_timeout(now, &self.cards, &mut name);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called again.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let plays = self.players.iter().any(Player::plays);
        (!self.players.is_empty()).then(|| now + if plays { LOOK_EVERY } else { LOOK_EVERY_IN_SILENCE })
    }

    /// A card has played a piece.
    pub(super) fn handle_spent(&mut self, voice: VoiceId, piece: Box<Piece>) {
        let mut piece = Some(piece);
        for player in &mut self.players {
            piece = piece.and_then(|piece| player.handle_spent(&self.cards, voice, piece));
        }
    }

    /// A card has given a voice back.
    pub(super) fn handle_retired(&mut self, voice: VoiceId) {
        for player in &mut self.players {
            player.handle_retired(&self.cards, voice);
        }
    }

    /// All of it ends.
    pub(super) fn stop(&mut self) {
        for mut player in self.players.drain(..) {
            player.stop(&self.cards);
        }
    }

    /// How the players are.
    pub(super) fn status(&self) -> Vec<status::Player> {
        self.players.iter().map(|player| player.status(&self.cards)).collect()
    }
}

fn start<'a>(now: Instant, wanted: &config::Player, before: &[Weak<()>], read: &Read) -> Option<Player<'a>> {
    Player::start(now, wanted, entropy::seed(), before, read)
        .inspect_err(|error| log::error!("[music {}]: no thread: {error}", wanted.name.escape_debug()))
        .ok()
}

/// How often it is looked whether the cards have room: they hold twenty times as much.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The same while nothing plays.
const LOOK_EVERY_IN_SILENCE: Duration = Duration::from_millis(300);
