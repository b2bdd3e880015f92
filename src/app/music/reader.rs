//! The thread of a player: it opens, decodes and waits, so that nobody else has to.
//!
//! It makes one piece after the other, and waits where nobody takes them. Another thread, for as long as it takes, looks
//! whether a better source works by now. Both end when the player has gone; one that waits for a server does so when that
//! has answered or failed.

use super::deck::{Deck, DeckError, tracks};
use super::splice::Splice;
use crate::clock;
use crate::mix::Piece;
use crate::music::{End, Item, Program, Scouted, Step};
use crate::output::rt;
use crate::time::Instant;
use core::time::Duration;
use smol::channel;
use std::io;
use std::sync::mpsc;
use std::thread;

/// What the thread tells of what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// This plays.
    Plays { source: usize, item: Item },
    /// This does not play, or no more. It is what is to be played of a source, or the source itself.
    Failed { source: usize, item: Item, why: String },
    /// Nothing works.
    Silent,
}

/// The player's ends of what leads to its thread and back.
pub(super) struct Ends {
    /// What is to be heard.
    pub(super) pieces: channel::Receiver<Box<Piece>>,
    pub(super) words: channel::Receiver<Word>,
    /// Boxes that were played.
    pub(super) spares: mpsc::Sender<Box<Piece>>,
}

/// Starts the thread of a player.
pub(super) fn start(program: Program) -> io::Result<Ends> {
    let (pieces, pieces_out) = channel::bounded(PIECES);
    let (words, words_out) = channel::bounded(WORDS);
    let (spares_in, spares) = mpsc::channel();
    let reader = Reader { program, pieces, words, spares, splice: Splice::default(), scout: None };
    // It is not waited for at the end: it may be stuck with a server.
    named("music").spawn(move || drop(reader.run()))?;
    Ok(Ends { pieces: pieces_out, words: words_out, spares: spares_in })
}

struct Reader {
    program: Program,
    pieces: channel::Sender<Box<Piece>>,
    words: channel::Sender<Word>,
    spares: mpsc::Receiver<Box<Piece>>,
    splice: Splice,
    scout: Option<Scout>,
}

/// A look at a source, under way.
struct Scout {
    source: usize,
    item: Item,
    found: mpsc::Receiver<Found>,
}

/// What a look at a source has found, opened if it is one that would have to be waited for.
type Found = Result<(Vec<Item>, Option<Deck>), DeckError>;

/// The player has gone.
struct Gone;

/// How the end of a track came about.
enum Stop {
    /// By itself, or by a failure.
    Over(End),
    /// A better source works, and this of it is open.
    Better(Option<Deck>),
}

impl Reader {
    fn run(mut self) -> Result<(), Gone> {
        let _ = rt::set_patient();
        let mut opened = None;
        loop {
            let now = clock::now();
            match self.program.step(now) {
                Step::Wait(until) => self.wait(now, until)?,
                Step::List { source, item } => self.list(source, item)?,
                Step::Play { source, item } => match self.play(source, item, opened.take())? {
                    Stop::Over(end) => self.program.handle_end(clock::now(), end),
                    Stop::Better(deck) => opened = deck,
                },
            }
        }
    }

    fn list(&mut self, source: usize, item: Item) -> Result<(), Gone> {
        let found = match tracks(&item) {
            Ok(found) => found,
            Err(error) => {
                self.fail(source, item, error.to_string())?;
                Vec::new()
            }
        };
        self.program.handle_list(clock::now(), source, found);
        Ok(())
    }

    fn play(&mut self, source: usize, item: Item, opened: Option<Deck>) -> Result<Stop, Gone> {
        let over = |samples: u64| Stop::Over(End { heard: Duration::from_micros(samples * 1_000 / 48) });
        let mut deck = match opened.map_or_else(|| Deck::open(&item), Ok) {
            Ok(deck) => deck,
            Err(error) => {
                self.fail(source, item, error.to_string())?;
                return Ok(over(0));
            }
        };
        let (mut samples, mut heard) = (Vec::new(), 0_u64);
        loop {
            samples.clear();
            let outcome = deck.read(&mut samples);
            if heard == 0 && !samples.is_empty() {
                self.tell(Word::Plays { source, item: item.clone() })?;
            }
            heard += samples.len() as u64;
            self.splice.add(&samples);
            self.send()?;
            let why = match outcome {
                Ok(true) => None,
                Ok(false) if item.is_live() || heard == 0 => Some("it has ended".to_owned()),
                Ok(false) => {
                    self.splice.cut();
                    return Ok(over(heard));
                }
                Err(error) => Some(error.to_string()),
            };
            if let Some(why) = why {
                self.splice.cut();
                self.fail(source, item, why)?;
                return Ok(over(heard));
            }
            if let Some(deck) = self.look()? {
                self.splice.cut();
                return Ok(Stop::Better(deck));
            }
        }
    }

    /// Looks after better sources; the deck of one that works from here on, if it had to be opened.
    fn look(&mut self) -> Result<Option<Option<Deck>>, Gone> {
        let now = clock::now();
        if let Some((source, item)) = self.program.poll_look(now) {
            self.scout = Some(Scout::send(source, item));
        }
        let Some(Scout { found, .. }) = &self.scout else { return Ok(None) };
        let found = match found.try_recv() {
            Err(mpsc::TryRecvError::Empty) => return Ok(None),
            // There is no thread to be had.
            Err(mpsc::TryRecvError::Disconnected) => Err(DeckError::Empty),
            Ok(found) => found,
        };
        let Some(Scout { source, item, .. }) = self.scout.take() else { return Ok(None) };
        match found {
            Ok((tracks, deck)) => {
                Ok(self.program.handle_scouted(now, Scouted::Found(tracks)).then_some(deck))
            }
            Err(error) => {
                self.program.handle_scouted(now, Scouted::Failed);
                self.fail(source, item, error.to_string())?;
                Ok(None)
            }
        }
    }

    /// Gives away every piece that is full; waits until it is taken.
    fn send(&mut self) -> Result<(), Gone> {
        while self.splice.is_full() {
            let mut piece = self.spares.try_recv().unwrap_or_else(|_| Piece::blank());
            self.splice.fill(&mut piece);
            self.pieces.send_blocking(piece).map_err(|_| Gone)?;
        }
        Ok(())
    }

    /// Nothing works until then.
    fn wait(&mut self, now: Instant, until: Option<Instant>) -> Result<(), Gone> {
        self.splice.finish();
        self.send()?;
        self.splice.clear();
        self.tell(Word::Silent)?;
        let until = until.unwrap_or(now + Duration::from_hours(1));
        loop {
            let left = until.since(clock::now());
            match self.spares.recv_timeout(left) {
                // Boxes are not needed now.
                Ok(piece) => drop(piece),
                Err(mpsc::RecvTimeoutError::Timeout) => return Ok(()),
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(Gone),
            }
        }
    }

    fn fail(&mut self, source: usize, item: Item, why: String) -> Result<(), Gone> {
        self.tell(Word::Failed { source, item, why })
    }

    fn tell(&mut self, word: Word) -> Result<(), Gone> {
        self.words.send_blocking(word).map_err(|_| Gone)
    }
}

impl Scout {
    fn send(source: usize, item: Item) -> Self {
        let (sender, found) = mpsc::channel();
        let looked_at = item.clone();
        // Without a thread nothing is found.
        let _ = named("music look").spawn(move || drop(sender.send(look_at(&looked_at))));
        Self { source, item, found }
    }
}

/// Whether a source works: streams and inputs are opened, lists read.
fn look_at(item: &Item) -> Found {
    let _ = rt::set_patient();
    let tracks = tracks(item)?;
    let deck = if item.is_live() { Some(Deck::open(item)?) } else { None };
    Ok((tracks, deck))
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES)
}

/// Pieces that wait to be taken.
const PIECES: usize = 4;
/// Words likewise.
const WORDS: usize = 16;
/// What decoders and name servers need, and more.
const STACK_BYTES: usize = 512 * 1024;
