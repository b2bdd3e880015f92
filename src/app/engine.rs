//! The mixer between its two rings: what an audio thread plays.

use crate::mix::{Command, Mixer, Report};
use crate::output::Engine;
use crate::time::Instant;
use heapless::spsc::{Consumer, Producer};

/// A mixer that takes its commands from one ring and gives its reports to another.
pub(super) struct RingEngine<'a> {
    mixer: Mixer,
    commands: Consumer<'a, Command>,
    reports: Producer<'a, Report>,
}

impl<'a> RingEngine<'a> {
    pub(super) fn new(mixer: Mixer, commands: Consumer<'a, Command>, reports: Producer<'a, Report>) -> Self {
        Self { mixer, commands, reports }
    }

    /// A report that finds no room stays in the mixer until there is some.
    fn report(&mut self) {
        while self.reports.ready() {
            let Some(report) = self.mixer.poll_report() else { return };
            // There is room: this is the only producer.
            let _ = self.reports.enqueue(report);
        }
    }
}

impl Engine for RingEngine<'_> {
    fn collect(&mut self, now: Instant) {
        // Not more than were there at the start: a flood of packets must not hold up the card.
        for _ in 0..self.commands.len() {
            let Some(command) = self.commands.dequeue() else { break };
            self.mixer.handle_command(now, command);
        }
        self.report();
    }

    fn is_idle(&self) -> bool {
        self.mixer.is_idle()
    }

    fn render(&mut self, now: Instant, sound: &mut [f32]) {
        self.mixer.render(now, sound);
        self.report();
    }
}
