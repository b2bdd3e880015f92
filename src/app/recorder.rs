//! A caller's words on their way to a tape.

use crate::clock;
use crate::mix::{Dictaphone, VoiceConfig};
use crate::paging::{Shelf, Tape};
use crate::rtp::Chunk;
use crate::units::Level;

/// Records one caller.
pub(super) struct Recorder {
    dictaphone: Dictaphone,
    tape: Tape,
    is_full: bool,
}

impl Recorder {
    /// Of a caller whose voice is made of `config`; its level is for when it is played.
    pub(super) fn new(config: VoiceConfig, shelf: &Shelf) -> Self {
        Self { dictaphone: dictaphone(config), tape: Tape::new(shelf), is_full: false }
    }

    /// A piece of what he says has come.
    pub(super) fn hear(&mut self, chunk: &Chunk) {
        let Self { dictaphone, tape, is_full } = self;
        let now = clock::now();
        dictaphone.handle_media(now, chunk);
        dictaphone.listen(now, |samples| *is_full |= tape.record(samples).is_err());
    }

    /// Leaves out what he says, or no more: a key sounds.
    pub(super) fn set_hushed(&mut self, hushed: bool) {
        self.dictaphone.set_hushed(hushed);
    }

    /// What comes from now on is made of `config`.
    pub(super) fn change(&mut self, config: VoiceConfig) {
        let tape = &mut self.tape;
        self.dictaphone.finish(clock::now(), |samples| self.is_full |= tape.record(samples).is_err());
        self.dictaphone = dictaphone(config);
    }

    /// Whether there was no room for all of it.
    pub(super) const fn is_full(&self) -> bool {
        self.is_full
    }

    /// What was recorded.
    pub(super) fn finish(mut self) -> Tape {
        let tape = &mut self.tape;
        // Where there is no room the end is left out.
        self.dictaphone.finish(clock::now(), |samples| {
            let _ = tape.record(samples);
        });
        self.tape
    }
}

fn dictaphone(config: VoiceConfig) -> Dictaphone {
    Dictaphone::new(VoiceConfig { level: Level::UNITY, ..config })
}
