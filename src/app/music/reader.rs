//! The thread of a player: it opens, decodes and waits, so that nobody else has to.
//!
//! It makes one piece after the other, and waits where nobody takes them. Another thread, for as long as it takes, looks
//! whether something of a better source plays by now. Both end when the player has gone; one that waits for a server does so
//! when that has sent something, or nothing for too long.

use super::deck::{Deck, DeckError, tracks};
use super::splice::Splice;
use crate::clock;
use crate::mix::Piece;
use crate::music::{End, Item, Program, Scouted, Step};
use crate::output::rt;
use crate::time::Instant;
use crate::units::SampleRate;
use core::time::Duration;
use smol::channel;
use std::io;
use std::sync::{Arc, Weak, mpsc};
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
    spares: mpsc::SyncSender<Box<Piece>>,
    /// As long as the thread is there.
    pub(super) alive: Weak<()>,
}

impl Ends {
    /// A box that was played is filled again. Those of further cards were made for these, and are not wanted.
    pub(super) fn take_back(&self, piece: Box<Piece>) {
        if piece.card == 0 {
            // Where there are too many of them, or the thread has gone, it is dropped.
            let _ = self.spares.try_send(piece);
        }
    }
}

/// Starts the thread of a player. It begins when those are gone that may have what it wants to open.
pub(super) fn start(program: Program, before: Vec<Weak<()>>) -> io::Result<Ends> {
    let (Far { pieces, words, spares, alive }, ends) = ends();
    let reader =
        Reader { program, pieces, words, spares, splice: Splice::default(), scout: None, _alive: alive };
    // It is not waited for at the end: it may be stuck with a server.
    named("music").spawn(move || {
        wait_for(&before);
        drop(reader.run());
    })?;
    Ok(ends)
}

/// What leads from a thread to its player and back.
pub(super) fn ends() -> (Far, Ends) {
    let (pieces, pieces_out) = channel::bounded(PIECES);
    let (words, words_out) = channel::bounded(WORDS);
    let (spares_in, spares) = mpsc::sync_channel(SPARES);
    let alive = Arc::new(());
    let near =
        Ends { pieces: pieces_out, words: words_out, spares: spares_in, alive: Arc::downgrade(&alive) };
    (Far { pieces, words, spares, alive }, near)
}

/// The thread's ends of what leads to its player and back.
pub(super) struct Far {
    pub(super) pieces: channel::Sender<Box<Piece>>,
    pub(super) words: channel::Sender<Word>,
    pub(super) spares: mpsc::Receiver<Box<Piece>>,
    pub(super) alive: Arc<()>,
}

struct Reader {
    program: Program,
    pieces: channel::Sender<Box<Piece>>,
    words: channel::Sender<Word>,
    spares: mpsc::Receiver<Box<Piece>>,
    splice: Splice,
    scout: Option<Scout>,
    _alive: Arc<()>,
}

/// A look at a source, under way.
struct Scout {
    source: usize,
    item: Item,
    found: mpsc::Receiver<Found>,
}

/// What a look at a source has found: its tracks, the first of them that plays, and this one opened.
type Found = Result<(Vec<Item>, Item, Deck), DeckError>;

/// The player has gone.
struct Gone;

/// How the end of a track came about.
enum Stop {
    /// By itself, or by a failure.
    Over(End),
    /// A better source works.
    Better(Box<Deck>),
}

impl Reader {
    fn run(mut self) -> Result<(), Gone> {
        let _ = rt::set_patient();
        let mut opened = None;
        loop {
            // What a look has opened nobody else can open: it is taken before anything is tried.
            if opened.is_none() {
                opened = self.look()?;
            }
            let now = clock::now();
            match self.program.step(now) {
                Step::Wait(until) => self.wait(now, until)?,
                Step::List { source, item } => self.list(source, item)?,
                Step::Play { source, item } => match self.play(source, item, opened.take())? {
                    Stop::Over(end) => self.program.handle_end(clock::now(), end),
                    Stop::Better(deck) => opened = Some(*deck),
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
        let over = |samples: u64| Stop::Over(End { heard: SampleRate::HZ_48000.span_of(samples) });
        let mut deck = match opened.map_or_else(|| Deck::open(&item, &self.words), Ok) {
            Ok(deck) => deck,
            Err(error) => {
                self.fail(source, item, error.to_string())?;
                return Ok(over(0));
            }
        };
        let (mut samples, mut heard) = (Vec::new(), 0_u64);
        loop {
            samples.clear();
            let asked_at = clock::now();
            let outcome = deck.read(&mut samples);
            if clock::now().since(asked_at) > STALE_AFTER {
                // What was held back of it belongs to what is long over.
                self.splice.clear();
            }
            if heard == 0 && !samples.is_empty() {
                self.tell(Word::Plays { source, item: item.clone() })?;
            }
            heard += samples.len() as u64;
            self.splice.add(&samples);
            self.send()?;
            let why = match outcome {
                Ok(true) => None,
                Ok(false) if item.is_live() => Some("it has ended".to_owned()),
                Ok(false) if heard < LEAST => Some("it is too short to be heard".to_owned()),
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
            if let Some(better) = self.look()? {
                self.splice.cut();
                return Ok(Stop::Better(Box::new(better)));
            }
        }
    }

    /// Looks after better sources.
    fn look(&mut self) -> Result<Option<Deck>, Gone> {
        let now = clock::now();
        if let Some((source, item)) = self.program.poll_look(now) {
            self.scout = Some(Scout::send(source, item, self.words.clone()));
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
            Ok((tracks, first, deck)) => {
                Ok(self.program.handle_scouted(now, Scouted::Found { tracks, first }).then_some(deck))
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
    fn send(source: usize, item: Item, words: channel::Sender<Word>) -> Self {
        let (sender, found) = mpsc::channel();
        let looked_at = item.clone();
        // Without a thread nothing is found.
        let _ = named("music look").spawn(move || drop(sender.send(look_at(&looked_at, &words))));
        Self { source, item, found }
    }
}

/// Whether something of a source plays: the first that does is opened.
fn look_at(item: &Item, words: &channel::Sender<Word>) -> Found {
    let _ = rt::set_patient();
    let tracks = tracks(item)?;
    let (until, mut failure) = (clock::now() + LOOK_FOR, DeckError::Empty);
    for track in &tracks {
        match plays(track, words) {
            Ok(deck) => return Ok((tracks.clone(), track.clone(), deck)),
            Err(error) => failure = error,
        }
        if clock::now() > until || words.is_closed() {
            break;
        }
    }
    Err(failure)
}

/// Opens a track, and hears whether it sounds.
fn plays(track: &Item, words: &channel::Sender<Word>) -> Result<Deck, DeckError> {
    let mut deck = Deck::open(track, words)?;
    if deck.sounds()? { Ok(deck) } else { Err(DeckError::Empty) }
}

/// Waits until these threads are gone, but not for long.
fn wait_for(others: &[Weak<()>]) {
    let until = clock::now() + LET_GO;
    while others.iter().any(|other| other.strong_count() > 0) && clock::now() < until {
        clock::sleep_until(clock::now() + LET_GO / 100);
    }
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES)
}

/// After so long nothing is left of what was read ahead.
const STALE_AFTER: Duration = Duration::from_secs(2);
/// How long it is looked for something that plays.
const LOOK_FOR: Duration = Duration::from_mins(1);
/// How long what a player had open may take to be let go.
const LET_GO: Duration = Duration::from_secs(1);
/// Samples of what counts as heard: 100 ms.
const LEAST: u64 = 4_800;
/// Pieces that wait to be taken.
const PIECES: usize = 4;
/// Boxes that wait to be filled: all that there are of the first card.
const SPARES: usize = PIECES + Piece::MOST;
/// Words likewise.
const WORDS: usize = 16;
/// What decoders and name servers need, and more.
const STACK_BYTES: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_of_further_cards_and_more_than_are_needed_are_not_kept() {
        let (spares, kept) = mpsc::sync_channel(SPARES);
        let (pieces, words) = (channel::bounded(1).1, channel::bounded(1).1);
        let ends = Ends { pieces, words, spares, alive: Weak::new() };
        let mut piece = Piece::blank();
        for _ in 0..1_000 {
            for card in [0, 1] {
                piece.card = card;
                ends.take_back(piece.clone());
            }
        }
        let kept: Vec<_> = kept.try_iter().collect();
        assert_eq!(kept.len(), SPARES);
        assert!(kept.iter().all(|piece| piece.card == 0));
    }

    #[test]
    fn a_look_finds_the_first_track_that_plays() {
        let folder = std::env::temp_dir().join(format!("pagingbox-{}-look", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let (words, _listener) = channel::bounded(1);
        std::fs::write(folder.join("1.mp3"), "a letter, not a song ".repeat(500)).unwrap();
        let source = Item::File(folder.clone());
        assert!(look_at(&source, &words).is_err());
        let song = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/testdata/sounds/tone.ogg");
        std::fs::copy(song, folder.join("2.ogg")).unwrap();
        let (tracks, first, mut deck) = look_at(&source, &words).unwrap();
        assert_eq!((tracks.len(), &first), (2, &Item::File(folder.join("2.ogg"))));
        let mut samples = Vec::new();
        while deck.read(&mut samples).unwrap() {}
        let mut whole = Vec::new();
        let mut deck = Deck::open(&first, &words).unwrap();
        while deck.read(&mut whole).unwrap() {}
        assert!(samples == whole, "what was heard of it by the look is played");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
