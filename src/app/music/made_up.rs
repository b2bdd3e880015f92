//! Music that is made up, for tests: the readers of players without a thread, a file or a stream.
//!
//! Each source plays a tone of its own for ever, unless it is said to be dead. Left out: everything that a
//! [`reader`](super::reader) does with what it reads, but for its program.

use super::reader::{self, Far, Word};
use super::{Cards, Music, Program, Read};
use crate::config::Settings;
use crate::mix::Piece;
use crate::music::{End, Item, Scouted, Step};
use crate::time::Instant;
use core::cell::RefCell;
use core::f64::consts::TAU;
use core::time::Duration;
use std::rc::Rc;

/// All readers of a box, which are played by a test.
#[derive(Clone, Default)]
pub(in crate::app) struct Orchestra {
    readers: Rc<RefCell<Vec<Reader>>>,
    /// Sources that give nothing.
    dead: Rc<RefCell<Vec<String>>>,
}

struct Reader {
    program: Program,
    far: Far,
    playing: Option<Playing>,
    /// Frames since it began.
    frame: u64,
}

struct Playing {
    source: usize,
    item: Item,
    heard: Duration,
}

impl<'a> Music<'a> {
    /// The players of `settings`, and who plays for them.
    pub(in crate::app) fn made_up(
        now: Instant,
        settings: &Settings,
        cards: Rc<Cards<'a>>,
    ) -> (Self, Orchestra) {
        let orchestra = Orchestra::default();
        let readers = Rc::clone(&orchestra.readers);
        let read: Read = Box::new(move |program, _| {
            let (far, near) = reader::ends();
            readers.borrow_mut().push(Reader { program, far, playing: None, frame: 0 });
            Ok(near)
        });
        (Self::read_by(read, (now, settings, cards)), orchestra)
    }
}

impl Orchestra {
    /// What the sources play, by their place: whole turns in 5 ms.
    pub(in crate::app) const HZ: [u32; 2] = [400, 600];

    /// A source gives nothing from now on, or again.
    pub(in crate::app) fn set_dead(&self, source: &str, is_dead: bool) {
        let mut dead = self.dead.borrow_mut();
        dead.retain(|other| other != source);
        dead.extend(is_dead.then(|| source.to_owned()));
    }

    /// Reads as much as the players have room for.
    pub(in crate::app) fn play(&self, now: Instant) {
        let dead = self.dead.borrow();
        for reader in self.readers.borrow_mut().iter_mut() {
            while !reader.far.pieces.is_full() && reader.play(now, &dead) {}
        }
    }
}

impl Reader {
    /// Does the next thing; false: there is nothing to do.
    fn play(&mut self, now: Instant, dead: &[String]) -> bool {
        let is_dead = |item: &Item| dead.contains(&item.to_string());
        if let Some((_, item)) = self.program.poll_look(now) {
            let tracks = vec![item.clone()];
            let found = if is_dead(&item) { Scouted::Failed } else { Scouted::Found { tracks, first: item } };
            if self.program.handle_scouted(now, found) {
                self.playing = None;
            }
        }
        match self.playing.take() {
            None => self.begin(now),
            Some(Playing { source, item, heard }) if is_dead(&item) => {
                self.tell(Word::Failed { source, item, why: "it is dead".to_owned() });
                self.program.handle_end(now, End { heard });
                true
            }
            Some(playing) => {
                let heard = playing.heard + Piece::TIME;
                self.send(playing.source);
                self.playing = Some(Playing { heard, ..playing });
                true
            }
        }
    }

    fn begin(&mut self, now: Instant) -> bool {
        match self.program.step(now) {
            Step::Wait(_) => false,
            Step::List { source, item } => {
                self.program.handle_list(now, source, vec![item]);
                true
            }
            Step::Play { source, item } => {
                self.tell(Word::Plays { source, item: item.clone() });
                self.playing = Some(Playing { source, item, heard: Duration::ZERO });
                true
            }
        }
    }

    /// A piece of its tone, at -12 dBFS.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "16 bits of a tone")]
    fn send(&mut self, source: usize) {
        let (hz, mut piece) = (f64::from(Orchestra::HZ[source % Orchestra::HZ.len()]), Piece::blank());
        for sample in &mut piece.samples {
            let turn = TAU * hz * self.frame as f64 / 48_000.0;
            *sample = (PEAK * turn.sin()) as i16;
            self.frame += 1;
        }
        // There is room.
        let _ = self.far.pieces.try_send(piece);
    }

    fn tell(&self, word: Word) {
        // Who has not listened for so long has missed more.
        let _ = self.far.words.try_send(word);
    }
}

const PEAK: f64 = 8_192.0;
