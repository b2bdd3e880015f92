//! The executor's end of the rings to an audio thread.
//!
//! Commands are handed over without waiting: where the ring is full a packet is dropped and counted, and the sound goes
//! on with a concealed gap. A voice is never freed on the audio thread; it comes back through [`Sink::poll`].

use crate::clock;
use crate::mix::{Command, Media, Report, Voice, VoiceId};
use crate::output::{Control, State};
use heapless::spsc::{Consumer, Producer};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// A sound card, a recording or nothing at all, as seen by those who play to it.
pub(super) struct Sink<'a> {
    commands: RefCell<Producer<'a, Command>>,
    reports: RefCell<Consumer<'a, Report>>,
    control: &'a Control,
    /// Releases that found the ring full. One voice has one, so there are no more than voices.
    overdue: RefCell<VecDeque<VoiceId>>,
    voices: Cell<usize>,
    dropped: Cell<u64>,
}

impl<'a> Sink<'a> {
    /// The ends of both rings, and what the two threads share beside them.
    pub(super) fn new(
        commands: Producer<'a, Command>,
        reports: Consumer<'a, Report>,
        control: &'a Control,
    ) -> Self {
        Self {
            commands: RefCell::new(commands),
            reports: RefCell::new(reports),
            control,
            overdue: RefCell::default(),
            voices: Cell::new(0),
            dropped: Cell::new(0),
        }
    }

    /// Makes the audio thread ready for sound that is about to come.
    pub(super) fn wake(&self) {
        self.control.wake(clock::now());
    }

    /// Whether what is played now would be heard without the delay of waking.
    pub(super) fn is_ready(&self) -> bool {
        self.control.is_ready()
    }

    /// Whether what is played now comes out somewhere.
    pub(super) fn is_audible(&self) -> bool {
        matches!(self.control.state(), State::Idle | State::Waking | State::Awake)
    }

    /// Whether its device was never there yet.
    pub(super) fn was_never_there(&self) -> bool {
        self.control.opened() == 0
    }

    /// Gives `source` to the audio thread; false when the ring is full, and the voice is gone.
    pub(super) fn attach(&self, voice: VoiceId, source: Box<Voice>) -> bool {
        let is_taken = self.send(Command::Attach { voice, source });
        if is_taken {
            self.voices.set(self.voices.get() + 1);
        }
        is_taken
    }

    /// Plays a piece of received media.
    pub(super) fn play(&self, media: Media) {
        let arrival = media.chunk.arrival;
        if !self.send(Command::Media(media)) {
            self.dropped.set(self.dropped.get() + 1);
        }
        let commands = self.commands.borrow();
        self.control.feed(arrival, commands.len() > commands.capacity() / 2);
    }

    /// Mutes `voice`, or lets it be heard again. Where the ring is full it stays as it is.
    pub(super) fn hush(&self, voice: VoiceId, hushed: bool) {
        self.send(Command::Hush { voice, hushed });
    }

    /// Lets `voice` play what it still holds and end.
    pub(super) fn release(&self, voice: VoiceId) {
        if !self.send(Command::Release { voice }) {
            self.overdue.borrow_mut().push_back(voice);
        }
    }

    /// The next report of the audio thread.
    pub(super) fn poll(&self) -> Option<Report> {
        let overdue = self.overdue.borrow_mut().pop_front();
        if let Some(voice) = overdue {
            self.release(voice);
        }
        let report = self.reports.borrow_mut().dequeue()?;
        if matches!(report, Report::Retired { .. }) {
            self.voices.set(self.voices.get().saturating_sub(1));
        }
        Some(report)
    }

    /// Voices that have not come back yet.
    pub(super) fn voices(&self) -> usize {
        self.voices.get()
    }

    /// Packets that found the ring full since this was last asked, if any.
    pub(super) fn take_dropped(&self) -> Option<u64> {
        Some(self.dropped.take()).filter(|&dropped| dropped > 0)
    }

    fn send(&self, command: Command) -> bool {
        self.commands.borrow_mut().enqueue(command).is_ok()
    }
}
