//! Music between pages: the players of the box.
//!
//! ```text
//! a thread per player: sources ─> decode ─> 48 kHz ─> pieces of 100 ms ─┐
//!                          ^                                          v
//!                       spares <─ Report::Spent <─ a voice on every card, two seconds ahead
//! ```
//! The voices of a player are made when there is something to hear, and given back when there has been nothing for a while, so
//! that a card may rest. Pieces go to all cards at the same time, as many as the fastest has room for; [`Pace`] keeps the others
//! in step. A card that stands still misses what it has no room for.
//!
//! While nobody may hear it, a stream goes on, for it would not be there later; files wait where they are.
//!
//! Left out: which source plays ([`Program`]); how loud music is while somebody speaks.

mod deck;
mod player;
mod reader;
mod splice;
mod told;

use self::player::Player;
use super::cards::Cards;
use crate::config::{self, Settings};
use crate::entropy;
use crate::mix::{Piece, VoiceId};
use crate::status;
use crate::time::Instant;
use crate::units::Level;
use core::time::Duration;
use std::rc::Rc;

/// The players of a box.
pub(super) struct Music<'a> {
    players: Vec<Player<'a>>,
    cards: Rc<Cards<'a>>,
}

impl<'a> Music<'a> {
    /// Those of `settings`.
    pub(super) fn new(now: Instant, settings: &Settings, cards: Rc<Cards<'a>>) -> Self {
        let mut music = Self { players: Vec::new(), cards };
        music.set_options(now, settings);
        music
    }

    /// Plays as `settings` say. Players of whom they say the same as before play on.
    pub(super) fn set_options(&mut self, now: Instant, settings: &Settings) {
        let level = settings.audio.volume_music.unwrap_or(Level::UNITY);
        let mut old = core::mem::take(&mut self.players);
        for wanted in &settings.players {
            let same = old.iter().position(|player| player.is_of(wanted));
            let player = match same {
                Some(place) => Some(old.swap_remove(place)),
                None => start(now, wanted),
            };
            self.players.extend(player);
        }
        for mut player in old {
            player.stop(&self.cards);
        }
        for player in &mut self.players {
            let zones = settings.zone_set(player.zones());
            player.set_terms(&self.cards, zones, level);
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

fn start<'a>(now: Instant, wanted: &config::Player) -> Option<Player<'a>> {
    Player::start(now, wanted, entropy::seed())
        .inspect_err(|error| log::error!("[music {}]: no thread: {error}", wanted.name.escape_debug()))
        .ok()
}

/// How often it is looked whether the cards have room: they hold twenty times as much.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The same while nothing plays.
const LOOK_EVERY_IN_SILENCE: Duration = Duration::from_millis(300);
