//! What the box says aloud about itself: which words, and when.
//!
//! ```text
//!  Fault, address ──> Script: words and pauses ──> Bank: G.722 of each word ──> (app: decoder, mixer)
//!       └──> Announcer: whether now is the time
//! ```
//! Decides: the words there are ([`ENGLISH`]), how a fault and an address are put into them ([`Script`]), and when a
//! fault is worth a word ([`Announcer`]). Leaves out: how faults are found, decoding, loudspeakers, and speech from any
//! text: what is not in the vocabulary cannot be said.
//!
//! Words are said by clips that `ci/speech/make` made once, so no speech synthesis is needed to build or to run the box.
//! Numbers are said digit by digit, as by radio: over loudspeakers in a hall "fourteen" is "forty", but "one four" stays
//! what it is.
//!
//! Another language is another column of what to say, another data file, and an order of words in [`Script`].

mod announcer;
mod bank;
mod script;
mod vocabulary;

pub use announcer::{Announcer, GAPS, MOST_SAID, PATIENCE, QUIET, SETTLING, Scene};
pub use bank::Bank;
pub use script::{Fault, Script, Step, Trouble, Unsayable};
pub use vocabulary::{ENGLISH, Entry, Word};
